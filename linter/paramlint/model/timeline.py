"""Events by the times at which they happen: what lies between two times is looked up, and not searched for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from paramlint.model.event import Event, Order


class Timeline:
    """Some events, each at every time at which it happens."""

    def __init__(self, events: Sequence[Event]) -> None:
        times = sorted((order, place) for place, event in enumerate(events) for order in event.order)
        self._times = [order for order, _ in times]
        self._places = [place for _, place in times]
        self._events = events
        self._first_times = sorted((min(event.order), place) for place, event in enumerate(events) if event.order)

    def between(self, after: Order, before: Order) -> list[Event]:
        """What happens between two times, each once, in order."""
        places = self._places[bisect_right(self._times, after) : bisect_left(self._times, before)]
        return [self._events[place] for place in dict.fromkeys(places)]

    def is_any_between(self, after: Order, before: Order) -> bool:
        """Whether something happens between two times."""
        return bisect_right(self._times, after) < bisect_left(self._times, before)

    def since(self, after: Order) -> Iterator[Event]:
        """What happens after a time, the next first; one that happens again comes again."""
        for index in range(bisect_right(self._times, after), len(self._times)):
            yield self._events[self._places[index]]

    def back(self, before: Order, after: Order = ()) -> Iterator[Event]:
        """What happens before a time and after another, the latest first; one that happens again comes again."""
        first = bisect_right(self._times, after)
        for index in range(bisect_left(self._times, before) - 1, first - 1, -1):
            yield self._events[self._places[index]]

    def begun(self, before: Order) -> Iterator[Event]:
        """What first happens before a time, the latest first."""
        for index in range(bisect_left(self._first_times, (before, -1)) - 1, -1, -1):
            yield self._events[self._first_times[index][1]]

    def last(self, before: Order, test: Callable[[Event], bool]) -> Order:
        """The last time before another at which something happens that passes a test; the beginning where none does."""
        for index in range(bisect_left(self._times, before) - 1, -1, -1):
            if test(self._events[self._places[index]]):
                return self._times[index]
        return ()
