"""What a file does in torch: the modules of its classes, by names, identity and values."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: What an argument without a default may be.
_GUESSES: tuple[Any, ...] = (4, (4, 4))


def observe(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """What each of some classes, and `build()`, gives; the kind of error where it fails."""
    import torch
    from torch import nn

    with _imported(path) as module, _empty_memory_alike():
        if module is None:
            return {}
        seen: dict[str, Any] = {}
        for name in names:
            made = getattr(module, name, None)
            if made is None or not (name == "build" or (isinstance(made, type) and issubclass(made, nn.Module))):
                continue
            for guess in _GUESSES:
                torch.manual_seed(7)
                try:
                    model = made(**_arguments(made, guess))
                except Exception as error:
                    seen[f"{name} {guess}"] = type(error).__name__
                else:
                    seen[f"{name} {guess}"] = _state(model)
        return seen


@contextmanager
def _empty_memory_alike() -> Iterator[None]:
    """Let torch fill what it allocates: what stood in that memory before differs from run to run."""
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def _imported(path: Path) -> Iterator[Any]:
    """The file as a module, with those beside it; None where it cannot be imported here."""
    import torch

    before, paths = set(sys.modules), list(sys.path)
    package = (path.parent / "__init__.py").exists()
    sys.path.insert(0, str(path.parent.parent if package else path.parent))
    importlib.invalidate_caches()
    torch.manual_seed(5)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = None
            with suppress(Exception, SystemExit):
                module = importlib.import_module(f"{path.parent.name}.{path.stem}" if package else path.stem)
        yield module
    finally:
        sys.path[:] = paths
        for name in set(sys.modules) - before:
            if str(path.parent) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        torch.set_default_device("cpu")
        torch.set_default_dtype(torch.float32)


def _arguments(made: Any, guess: Any) -> dict[str, Any]:
    given = inspect.signature(made).parameters.values()
    required = [p.name for p in given if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return dict.fromkeys(required, guess)


def _state(model: Any) -> Any:
    from torch import nn

    if not isinstance(model, nn.Module):
        return type(model).__name__
    numbers: dict[int, int] = {}
    rows = [("training", model.training)]
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    for name, tensor in named:
        number = numbers.setdefault(id(tensor), len(numbers))
        values = "meta" if tensor.is_meta else str(_stable(tensor))
        rows.append((name, (number, type(tensor).__name__, tensor.requires_grad, tensor.is_leaf, values)))
    rows += [(f"module {name}", type(module).__name__) for name, module in model.named_modules()]
    return sorted(rows, key=lambda row: row[0])


def _stable(tensor: Any) -> Any:
    """Values; only the shape of what may be empty memory."""
    if type(tensor).__name__.startswith("Uninitialized"):
        return "lazy"
    values = tensor.detach().double()
    return tuple(
        tensor.shape
    ), "" if not values.numel() or not values.isfinite().all() or values.abs().max() > 1e6 else values.sum().item()
