"""Names of torch: the public spelling of what is defined elsewhere."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator

# Where names are public, the preferred one first: `DataParallel` is in `torch.nn` and `torch.nn.parallel`.
PUBLIC = (
    "torch",
    "torch.nn",
    "torch.nn.parallel",
    "torch.nn.utils",
    "torch.optim",
    "torch.optim.lr_scheduler",
)


def implementation_modules() -> Iterator[types.ModuleType]:
    """The modules below the public ones, where their names are defined."""
    below = ("torch.nn.modules", "torch.nn.parameter", "torch.nn.parallel", "torch.nn.utils", "torch.optim")
    for name, module in sorted(sys.modules.items()):
        if name == "torch.functional" or name.startswith(below):
            if isinstance(module, types.ModuleType):
                yield module


def is_named(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def public_names() -> dict[int, str]:
    """Public spelling of the classes and functions of torch, by the object's id."""
    names: dict[int, str] = {}
    for namespace in PUBLIC:
        for name, value in sorted(vars(sys.modules[namespace]).items()):
            if is_named(value) and value.__module__.startswith("torch") and not name.startswith("_"):
                names.setdefault(id(value), f"{namespace}.{name}")
    return names


NAMES = public_names()


def spelling(cls: type) -> str:
    """`torch.nn.Linear`; the defining module's spelling for a class that has no public name."""
    return NAMES.get(id(cls), f"{cls.__module__}.{cls.__qualname__}")


def aliases() -> dict[str, str]:
    """Other spellings of a public name: in the module that defines it, in a package that re-exports it."""
    found: dict[str, str] = {}
    for module in implementation_modules():
        is_package = hasattr(module, "__path__")
        for name, value in vars(module).items():
            public = NAMES.get(id(value)) if is_named(value) else None
            if public is None or name.startswith("_") or not (is_package or value.__module__ == module.__name__):
                continue
            if f"{module.__name__}.{name}" != public:
                found[f"{module.__name__}.{name}"] = public
    return dict(sorted(found.items()))
