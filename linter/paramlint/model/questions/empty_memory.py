"""Parameters whose memory is allocated and not written."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.knowledge import EMPTY_FACTORIES
from paramlint.model.event import Event, Site
from paramlint.model.model import Model
from paramlint.model.objects import Module, Place, Tensor
from paramlint.model.questions.written_code import part_filled

#: What allocates memory without values, by the last part of its name.
ALLOCATORS = tuple(sorted({name.rpartition(".")[2] for name in EMPTY_FACTORIES} - {"new"}))


_OF_PARAMETERS = ("torch.nn.ParameterList", "torch.nn.ParameterDict")


def allocated_empty(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The parameters of a class that are not written, always or under a condition, by all that is known of it."""
    for tensor, place in _own(model):
        if tensor.filled.no and tensor.written_elsewhere.no:
            yield tensor, place


def written_in_part(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The parameters of a class of which only one part is written, by an index that leaves something out.

    Two different parts are taken for all of it: whether they cover it is rarely decidable.
    """
    for tensor, place in _own(model):
        writes = tensor.writes.seen
        if not writes or tensor.escaped or tensor.factory not in EMPTY_FACTORIES or not tensor.written_elsewhere.no:
            continue
        if len({(id(write.site.node), write.get("inside")) for write in writes}) < len(writes):
            continue  # each round, or each call, has a part of its own
        parts = {part_filled(write.site) if write.get("part") and not write.loops else "" for write in writes}
        if len(parts) == 1 and "" not in parts and not model.events("escaped", of=tensor):
            yield tensor, place


def written_by_nobody(model: Model) -> Iterator[tuple[Tensor, str, Event]]:
    """The parameters that only a method of the class would write that nobody calls, with its name and the write."""
    for tensor, _ in _own(model):
        writes = [e for e in tensor.writes if e.author == "user"] if tensor.factory in EMPTY_FACTORIES else []
        names = {str(e.get("inside")) for e in writes}
        if len(names) == 1 and all(names <= root.uncalled for root in model.roots) and tensor.written_elsewhere.no:
            yield tensor, names.pop(), writes[0]


def spelled(place: Place) -> str:
    """How the class that makes a parameter says it: `self.weight`, `self.weights[0]`."""
    if not _is_entry(place):
        return f"self.{place.key}"
    container = next((outer.key for outer in place.holder.places if outer.registered), "")
    key = place.key.strip("[]")
    known = key if key.isdigit() else f"'{key}'" if key.isidentifier() else "..."
    return f"self.{container}[{known}]"


def kept_at(tensor: Tensor, place: Place) -> Site:
    """The row that makes a parameter the class's own; of one in a display of several, its own row."""
    made, since = tensor.made, place.since.site
    return made.site if made is not None and _is_entry(place) and made.site.definition is since.definition else since


def _is_entry(place: Place) -> bool:
    return isinstance(place.holder, Module) and place.holder.cls in _OF_PARAMETERS


def _own(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The parameters that a class makes for itself, from memory that is not written yet."""
    for root in model.roots:
        if not root.known.yes or root.escaped or not model.modules.closed.yes or _is_of_torch(root):
            continue
        for place in _held_by(root):
            tensor = place.what
            if place.kind != "parameter" or not place.holds or not isinstance(tensor, Tensor):
                continue
            if place.since.get("inside") != "__init__":  # a method that is run by itself
                continue
            if tensor.known and tensor.trains.yes and tensor.trains.certain:
                yield tensor, place


def _held_by(root: Module) -> Iterator[Place]:
    """What a module holds itself, and by an `nn.ParameterList` or `nn.ParameterDict` of its own."""
    for place in root.holds:
        part = place.what
        if place.kind == "child" and place.holds and isinstance(part, Module) and part.cls in _OF_PARAMETERS:
            yield from part.holds
        else:
            yield place


def _is_of_torch(module: Module) -> bool:
    """Whether it inherits from a layer of torch, whose own `reset_parameters` may write what it adds."""
    return any(base.startswith("torch.nn.") and base.rpartition(".")[2] != "Module" for base in module.bases)
