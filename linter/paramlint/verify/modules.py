"""Modules that stand in several places, in this model or in another one."""

from __future__ import annotations

import gc
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

#: Words by which people say that sharing is meant.
INTENT = re.compile(r"shar|\btie|tied|\bsame", re.IGNORECASE)
CONTAINERS = (nn.ModuleList, nn.Sequential, nn.ModuleDict)


@dataclass(frozen=True, eq=False)
class Shared:
    """One module under several names.

    Attributes:
        names: dotted, in the order of the model.
        module: it owns parameters.
        parents: the distinct modules that register it.
        fills: a container that holds nothing but this module, under two keys or more; else None.
        is_meant: a name or the source of a parent says that it is shared on purpose.
    """

    names: tuple[str, ...]
    module: nn.Module
    parents: tuple[nn.Module, ...]
    fills: nn.Module | None
    is_meant: bool


@dataclass(frozen=True, eq=False)
class Borrowed:
    """A module of this model that another live model registers too."""

    name: str
    module: nn.Module
    lender: nn.Module


def shared_modules(model: nn.Module) -> list[Shared]:
    """Modules with parameters that are registered more than once; not those that merely lie inside one."""
    places: dict[int, list[tuple[str, nn.Module, nn.Module]]] = {}
    for prefix, parent in model.named_modules():
        for key, child in parent._modules.items():
            if child is not None and any(True for _ in child.parameters()):
                name = f"{prefix}.{key}" if prefix else key
                places.setdefault(id(child), []).append((name, child, parent))
    return [_shared(found) for found in places.values() if len(found) > 1]


def shallow_copies(model: nn.Module) -> list[tuple[str, str]]:
    """Names of pairs of modules that register through one dictionary, as `copy.copy` makes them."""
    first: dict[int, str] = {}
    pairs: list[tuple[str, str]] = []
    for name, module in model.named_modules():
        registry = module._parameters or module._modules
        if not registry:
            continue
        known = first.setdefault(id(registry), name)
        if known != name:
            pairs.append((known, name))
    return pairs


def borrowed_modules(model: nn.Module, apart_from: set[int]) -> list[Borrowed]:
    """Modules that another model, alive and with parameters of its own, registers as well.

    Args:
        apart_from: identities of modules that do not count, such as those that a class holds.
    """
    names = {id(module): (name, module) for name, module in model.named_modules() if name}
    parameters = {id(parameter) for parameter in model.parameters()}
    found: dict[int, Borrowed] = {}
    for other in list(gc.get_objects()):
        if not _is_module(other) or isinstance(other, CONTAINERS) or id(other) in names or other is model:
            continue
        for child in other.__dict__.get("_modules", {}).values():
            if id(child) not in names or id(child) in apart_from or not any(True for _ in child.parameters()):
                continue
            if any(id(parameter) not in parameters for parameter in other.parameters()):
                found.setdefault(id(child), Borrowed(*names[id(child)], other))
    return list(found.values())


def source_of(cls: type) -> str:
    """The source text of a class, empty where there is none."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def _shared(found: list[tuple[str, nn.Module, nn.Module]]) -> Shared:
    parents = {id(parent): parent for _, _, parent in found}
    names = tuple(name for name, _, _ in found)
    only = next(iter(parents.values()))
    fills = None
    if len(parents) == 1 and isinstance(only, CONTAINERS) and len(set(map(id, only.children()))) == 1:
        fills = only
    authors = [type(parent) for parent in parents.values() if not isinstance(parent, CONTAINERS)]
    is_meant = any(map(INTENT.search, [*names, *map(source_of, authors)]))
    return Shared(names, found[0][1], tuple(parents.values()), fills, is_meant)


def _is_module(candidate: object) -> bool:
    """`isinstance` without the proxies' own `__class__`, which may import or raise."""
    return issubclass(type(candidate), nn.Module)


def own_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules whose class somebody other than torch wrote."""
    for name, module in model.named_modules():
        if not type(module).__module__.startswith("torch."):
            yield name, module
