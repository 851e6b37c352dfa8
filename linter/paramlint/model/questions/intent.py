"""Marks of intent: words by which code says that sharing is meant."""

from __future__ import annotations

from collections.abc import Iterable

from paramlint.model.event import Event
from paramlint.model.objects import Module, Place, Tensor

#: Words by which code says that sharing is meant.
INTENT = ("share", "tie", "tied", "same", "alias", "reuse", "cache")


def sharing_is_meant(what: Module | Tensor, places: Iterable[Place]) -> bool:
    """Whether the name of something, or what is written where it is made or placed, says that it is shared."""
    if any(word in what.name.lower() for word in INTENT):
        return True
    places = list(places)
    events = [place.since for place in places]
    if any(site.says(*INTENT) for event in events for site in event.site.stack):
        return True
    if what.made is not None:
        events.append(what.made)
    return any(is_marked(event) for event in events) or any(
        word in place.key.lower() for place in places for word in INTENT
    )


def is_marked(event: Event) -> bool:
    """Whether a mark of intent stands where something happened, or in a condition under which it did."""
    said = str(event.guard).lower()
    return event.site.says(*INTENT) or any(word in said for word in INTENT)
