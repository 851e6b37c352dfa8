"""The models that something is a part of, and stays a part of."""

from __future__ import annotations

from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Place, Tensor


def wholes_of(model: Model, what: Module | Tensor, since: Event) -> set[int]:
    """The outermost modules that have it, by their `id`; none where the method of an event takes it out of them."""
    found: list[Module | Tensor] = [what]
    outermost = set()
    for one in found:
        around = [p.holder for p in one.places if p.registered and p.holds and not is_replaced(model, p, since)]
        bound = [e.of for e in model.events("bound") if e.get("value") is one]
        holders = [m for m in (*around, *bound) if isinstance(m, Module)]
        found += [m for m in holders if m not in found]
        if not holders:
            outermost.add(id(one))
    return outermost


def is_replaced(model: Model, place: Place, since: Event) -> bool:
    """Whether the method of an event, after that, deletes what has a place or puts something else there."""
    changes = [*model.events("bound", "rebound", of=place.holder), *model.events("registered")]
    return any(
        place.key in (e.get("name"), e.get("key"))
        and e.of is not place.what
        and e.get("holder", e.of) is place.holder
        and e.get("inside") == since.get("inside")
        and model.follows(since, e).yes
        for e in changes
    )
