"""Modules that stand in several places, in this model or in another one."""

from __future__ import annotations

import gc
import linecache
import re
import sys
import weakref
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from paramlint.finding import Proof
from paramlint.live.observe.named_tensors import Named, defining_class
from paramlint.live.observe.registrations import Registrations, Replacement
from paramlint.live.observe.source_places import place_of, source_of
from paramlint.live.observe.writes import is_torchs

#: Words by which people say that sharing is meant.
INTENT = re.compile(r"shar|\btie|tied|\bsame", re.IGNORECASE)
CONTAINERS = (nn.ModuleList, nn.Sequential, nn.ModuleDict)
#: Modules that `freeze_objects` has hidden from `gc.get_objects`.
_frozen: list[weakref.ref[nn.Module]] = []


@dataclass(frozen=True, eq=False)
class Shared:
    """One module under several names.

    Attributes:
        names: dotted, in the order of the model.
        module: it owns parameters.
        parents: the distinct modules that register it.
        fills: a container that holds nothing but this module, under two keys or more; else None.
        is_meant: a name or the source of a parent says that it is shared on purpose.
        author: the class, and its attribute, that the static side would name.
        place: the user's file and row that made the second place; empty and 0 where it is not known.
    """

    names: tuple[str, ...]
    module: nn.Module
    parents: tuple[nn.Module, ...]
    fills: nn.Module | None
    is_meant: bool
    author: tuple[type, str]
    place: tuple[str, int]

    @property
    def is_keyed(self) -> bool:
        """Whether the container that it fills is a `ModuleDict`."""
        return isinstance(self.fills, nn.ModuleDict)

    @property
    def container(self) -> str:
        """The name of the first place without its last part: the container, where it fills one."""
        return self.names[0].rpartition(".")[0] or type(self.parents[0]).__name__

    def proof(self, message: str) -> Proof:
        """A proof at the user's line that made the second place.

        Where that is not known, it stands at the class that sets the attribute under which the module, or its
        container, stands.
        """
        author, attribute = self.author
        evidence = {"names": self.names[:32]}
        place = self.place if self.place[0] and not is_torchs(self.place[0]) else place_of(None, author)
        return Proof(self.names[0], message, author.__qualname__, attribute, *place, evidence)


@dataclass(frozen=True, eq=False)
class Borrowed:
    """A module of this model that another live model registers too."""

    name: str
    module: nn.Module
    lender: nn.Module


def shared_modules(model: nn.Module, registrations: Registrations) -> list[Shared]:
    """Modules with parameters that are registered more than once; not those that merely lie inside one."""
    modules = dict(model.named_modules())
    places: dict[int, list[tuple[str, nn.Module, nn.Module]]] = {}
    for prefix, parent in modules.items():
        for key, child in parent._modules.items():
            if child is not None and any(True for _ in child.parameters()):
                name = f"{prefix}.{key}" if prefix else key
                places.setdefault(id(child), []).append((name, child, parent))
    return [_shared(modules, found, registrations) for found in places.values() if len(found) > 1]


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


def borrowed_modules(model: nn.Module, apart_from: set[int], known: Iterable[Named] = ()) -> list[Borrowed]:
    """Modules that another model, alive and with parameters of its own, registers as well.

    Args:
        apart_from: identities of modules that do not count, such as those that a class holds.
        known: what is known to refer to the model's parts and is no model.
    """
    if all(part in apart_from for part in _held_elsewhere(model, known)):
        return []
    names = {id(module): (name, module) for name, module in model.named_modules() if name}
    parameters = {id(parameter) for parameter in model.parameters()}
    found: dict[int, Borrowed] = {}
    for other in live_modules():
        if isinstance(other, CONTAINERS) or id(other) in names or other is model:
            continue
        for child in other.__dict__.get("_modules", {}).values():
            if id(child) not in names or id(child) in apart_from or not any(True for _ in child.parameters()):
                continue
            if any(id(parameter) not in parameters for parameter in other.parameters()):
                found.setdefault(id(child), Borrowed(*names[id(child)], other))
    return list(found.values())


def _held_elsewhere(model: nn.Module, known: Iterable[Named]) -> list[int]:
    """The identities of the parts of a model to which something else refers too.

    Only there can another model be found, and looking for it at all objects of the process, of which there may be a
    million, takes longer than building most models.
    """
    parents = list(model.modules())
    places = Counter(id(child) for parent in parents for child in parent.__dict__.get("_modules", {}).values())
    places.update(id(named.module) for named in known)
    # At the end an object to which only the list refers.
    parts: list[object] = [*parents[1:], object()]
    del parents
    counts = list(map(sys.getrefcount, parts))
    return [id(part) for part, count in zip(parts, counts, strict=True) if count - counts[-1] > places[id(part)]]


def live_modules() -> list[nn.Module]:
    """All modules that there are in the process."""
    frozen = [module for reference in _frozen if (module := reference()) is not None]
    objects = gc.get_objects()
    # Of the class itself: a proxy's own `__class__` may import or raise, as may `==` of a class. There are far fewer
    # classes than objects.
    modules = {key for key, cls in {id(type(one)): type(one) for one in objects}.items() if issubclass(cls, nn.Module)}
    return [*frozen, *(found for found in objects if id(type(found)) in modules)]


def freeze_objects() -> None:
    """Keep the collector from what is there now, before the process is forked: each fork would copy what it visits."""
    gc.collect()
    _frozen[:] = map(weakref.ref, live_modules())
    gc.freeze()


def overwritten_part(names: tuple[str, ...], replacement: Replacement) -> Proof:
    """A proof that a part of a module that has these names was replaced by each of those who share it."""
    part = f"{names[0]}.{replacement.attribute}" if names[0] else replacement.attribute
    message = f"`{part}` is replaced by each module that shares `{names[0]}`, so the last one wins"
    author = defining_class(replacement.module, replacement.attribute)
    place = author.__qualname__, replacement.attribute, replacement.filename, replacement.row
    return Proof(part, message, *place, {"times": replacement.times, "names": names[:32]})


def _shared(
    modules: dict[str, nn.Module], found: list[tuple[str, nn.Module, nn.Module]], registrations: Registrations
) -> Shared:
    parents = {id(parent): parent for _, _, parent in found}
    names = tuple(name for name, _, _ in found)
    only = next(iter(parents.values()))
    fills = None
    if len(parents) == 1 and isinstance(only, CONTAINERS) and len(set(map(id, only._modules.values()))) == 1:
        fills = only
    authors = [_author(modules, name) for name in names]
    lines = [registrations.line_of(parent, name.rpartition(".")[2]) for name, _, parent in found]
    texts = [*names, *(source_of(cls) for cls, _ in authors if not cls.__module__.startswith("torch."))]
    texts += [linecache.getline(*line) for line in lines if line[0] and not is_torchs(line[0])]
    # Who keeps a part and hands it to another part, or lists it in one, has both in hand; not who holds it twice.
    is_handed = len(parents) == len(found) and any(
        a is not b and a in b.modules() for a in parents.values() for b in parents.values()
    )
    is_meant = is_handed or any(map(INTENT.search, texts)) or _is_slice(parents.values())
    return Shared(names, found[0][1], tuple(parents.values()), fills, is_meant, authors[0], lines[1])


def _is_slice(parents: Iterable[nn.Module]) -> bool:
    """Whether a container holds nothing but several neighbours of another one: somebody took them from there."""
    held = [list(map(id, parent._modules.values())) for parent in parents if isinstance(parent, CONTAINERS)]
    return any(
        len(part) > 1 and part in [whole[i : i + len(part)] for i in range(len(whole))]
        for part in held
        for whole in held
        if part is not whole and len(set(part)) == len(part)
    )


def _author(modules: dict[str, nn.Module], name: str) -> tuple[type, str]:
    """The nearest class around a place that is no container, and its attribute that leads there."""
    parent, _, attribute = name.rpartition(".")
    while isinstance(modules.get(parent), CONTAINERS) and parent:
        parent, _, attribute = parent.rpartition(".")
    holder = modules.get(parent)
    return (defining_class(holder, attribute), attribute) if holder is not None else (object, attribute)
