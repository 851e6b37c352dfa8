"""Parameters whose memory is allocated and not written."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Place, Tensor


def allocated_empty(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The parameters of a class that are not written, always or under a condition, by all that is known of it."""
    for tensor, place in _own(model):
        if tensor.filled.no and tensor.written_elsewhere.no:
            yield tensor, place


def written_by_nobody(model: Model) -> Iterator[tuple[Tensor, str, Event]]:
    """The parameters that only a method of the class would write that nobody calls, with its name and the write."""
    for tensor, place in _own(model):
        writes = [e for e in tensor.writes if e.author == "user"]
        names = {str(e.get("inside")) for e in writes}
        if len(names) == 1 and names <= place.holder.uncalled and tensor.written_elsewhere.no:
            yield tensor, names.pop(), writes[0]


def _own(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The parameters that a class makes for itself, from memory that is not written yet."""
    for root in model.roots:
        if not root.known.yes or root.escaped or not model.modules.closed.yes or _is_of_torch(root):
            continue
        for place in root.holds:
            tensor = place.what
            if place.kind != "parameter" or not place.holds or not isinstance(tensor, Tensor):
                continue
            if place.since.get("inside") != "__init__":  # a method that is run by itself
                continue
            if tensor.known and tensor.trains.yes and tensor.trains.certain:
                yield tensor, place


def _is_of_torch(module: Module) -> bool:
    """Whether it inherits from a layer of torch, whose own `reset_parameters` may write what it adds."""
    return any(base.startswith("torch.nn.") and base.rpartition(".")[2] != "Module" for base in module.bases)
