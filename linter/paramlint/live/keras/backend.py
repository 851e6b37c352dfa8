"""Whether something is a model of Keras, and one that can be asked: Keras 3 on PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paramlint.live.build.build_error import BuildError

SUPPORTED = "models of Keras 3 are verified on its PyTorch backend"


def keras() -> Any:
    """Keras 3 on PyTorch as it is imported; None where it is not, or is another."""
    module = sys.modules.get("keras")
    if not all(hasattr(module, name) for name in ("Layer", "Variable", "backend")):
        return None
    return module if module is not None and module.backend.backend() == "torch" else None


def is_keras(made: object) -> bool:
    """Whether something is a layer or model of Keras that can be asked."""
    module = keras()
    return module is not None and isinstance(made, module.Layer)


def refuse_other(made: object) -> None:
    """Say what is supported, where something is a model of Keras that cannot be asked.

    Raises:
        BuildError: it is.
    """
    roots = {cls.__module__.partition(".")[0] for cls in type(made).__mro__}
    name = type(made).__name__
    if "tf_keras" in roots:
        raise BuildError(f"`{name}` is a model of Keras 2: {SUPPORTED}")
    if "keras" in roots and not is_keras(made):
        module = sys.modules["keras"]
        version = getattr(module, "__version__", "2")
        if version.startswith(("0.", "1.", "2.")):
            raise BuildError(f"`{name}` is a model of Keras {version}: {SUPPORTED}")
        raise BuildError(f"`{name}` is on the {module.backend.backend()} backend: {SUPPORTED}, KERAS_BACKEND=torch")


@contextmanager
def missing_backend_said() -> Iterator[None]:
    """Say what is supported, where Keras is told to use a backend that is not installed.

    Raises:
        BuildError: it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("tensorflow", "jax", "jaxlib"):
            raise
        raise BuildError(
            f"a backend of Keras, {error.name}, is not installed: {SUPPORTED}, KERAS_BACKEND=torch"
        ) from None
