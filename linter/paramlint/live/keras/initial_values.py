"""The initialiser of Keras that gave a variable its values, as the write that it is."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from paramlint.live.keras.backend import keras
from paramlint.live.keras.creations import VariableMade
from paramlint.live.laws.keras_laws import OF_KERAS
from paramlint.live.observe.memory import Mark, region_of
from paramlint.live.observe.writes import Scalar, Step, Write, scalar
from paramlint.live.tensor import LiveTensor

_CONSTANTS = ("Zeros", "Ones", "Constant")


def with_initializer(tensor: LiveTensor, made: VariableMade | None) -> LiveTensor:
    """A variable's tensor, where what its initialiser did inside of Keras is one write, that of the initialiser."""
    if made is None or not callable(initializer := initializer_of(made)):
        return tensor
    later = max(tensor.tensor._version - made.version, 0)
    inside, after = tensor.marks[: len(tensor.marks) - later], tensor.marks[len(tensor.marks) - later :]
    steps = inside[-1].write.steps if inside else ()
    is_keras = type(initializer).__module__.startswith("keras.")
    write = Write(
        call=initializer_name(initializer),
        arguments=_arguments(initializer),
        module=OF_KERAS if is_keras else type(initializer).__module__,
        lines=made.lines,
        library_call=f"{made.layer.cls.__name__}.build" if made.layer is not None else "",
        owner=made.layer.cls.__name__ if made.layer is not None else "",
        steps=(_step(initializer),) if is_keras else steps,
        origin=(id(made),) if not inside else inside[-1].write.origin,
    )
    return replace(tensor, marks=(Mark(region_of(tensor.tensor), write, whole=True), *after))


def initializer_of(made: VariableMade) -> Any:
    """The initialiser itself; Keras knows some by name."""
    given = made.initializer
    return keras().initializers.get(given) if isinstance(given, str) else given


def initializer_name(initializer: Any) -> str:
    """An initialiser as Keras writes it: `glorot_uniform`; a function by its own name."""
    if inspect.isfunction(initializer) or inspect.ismethod(initializer):
        return initializer.__name__.strip("<>")
    name = type(initializer).__name__
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def is_random(initializer: Any) -> bool:
    """Whether an initialiser of Keras draws random numbers, and from a seed of its own: the same each time."""
    return hasattr(initializer, "seed") and isinstance(initializer.seed, int)


def _arguments(initializer: Any) -> dict[str, Scalar]:
    """The configuration; what is no number or text, such as a generator of seeds, is left out."""
    config = getattr(initializer, "get_config", None)
    try:
        given = config() if config is not None else {}
    except NotImplementedError:  # the user's own initialiser may have none
        given = {}
    return {name: known for name, value in given.items() if (known := scalar(value)) is not None}


def _step(initializer: Any) -> Step:
    """What kind of values it gives, as an operation of torch."""
    if type(initializer).__name__ in _CONSTANTS:
        return Step("full", {})
    return Step("randn" if hasattr(initializer, "seed") else "copy_", {})
