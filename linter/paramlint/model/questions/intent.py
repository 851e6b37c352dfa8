"""Marks of intent: words by which code says that sharing is meant."""

from __future__ import annotations

from collections.abc import Iterable

from paramlint.knowledge.foreign import says_shared
from paramlint.model.event import Event
from paramlint.model.objects import Module, Place, Tensor


def sharing_is_meant(what: Module | Tensor, places: Iterable[Place]) -> bool:
    """Whether the name of something, or what is written where it is made or placed, says that it is shared."""
    places = list(places)
    events = [place.since for place in places]
    if any(says_shared(name) for name in (what.name, *(place.key for place in places))):
        return True
    if any(says_shared(site.said) for event in events for site in event.site.stack):
        return True
    return any(map(is_marked, events if what.made is None else [*events, what.made]))


def is_marked(event: Event) -> bool:
    """Whether a mark of intent stands where something happened, or in a condition under which it did."""
    return says_shared(event.site.said) or says_shared(str(event.guard))
