"""The models that something is a part of, and stays a part of."""

from __future__ import annotations

from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Place, Tensor


class Wholes:
    """Asks a model for the outermost modules of its parts; what happens to a place is looked up, not searched."""

    def __init__(self, model: Model) -> None:
        self._model = model
        #: What something is bound to an attribute of, by the `id` of the former.
        self._binders: dict[int, list[Module]] = {}
        #: What changes an attribute, by the `id` of its holder and its name.
        self._changes: dict[tuple[int, str], list[Event]] = {}
        for event in model.events("bound"):
            if isinstance(event.of, Module):
                self._binders.setdefault(id(event.get("value")), []).append(event.of)
        for event in (*model.events("bound", "rebound"), *model.events("registered")):
            holder = event.get("holder", event.of)
            if event.kind == "registered" or holder is event.of:
                for name in {event.get("name"), event.get("key")}:
                    self._changes.setdefault((id(holder), name), []).append(event)

    def of(self, what: Module | Tensor, since: Event) -> set[int]:
        """The outermost modules that have it, by their `id`; none where the method of an event takes it out of them."""
        found: list[Module | Tensor] = [what]
        outermost = set()
        for one in found:
            around = [p.holder for p in one.places if p.registered and p.holds and not self._is_replaced(p, since)]
            holders = [m for m in (*around, *self._binders.get(id(one), ())) if isinstance(m, Module)]
            found += [m for m in holders if m not in found]
            if not holders:
                outermost.add(id(one))
        return outermost

    def _is_replaced(self, place: Place, since: Event) -> bool:
        """Whether the method of an event, after that, deletes what has a place or puts something else there."""
        return any(
            e.of is not place.what and e.get("inside") == since.get("inside") and self._model.follows(since, e).yes
            for e in self._changes.get((id(place.holder), place.key), ())
        )
