"""Three-valued answers, and collections that say whether they are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from paramlint.model.guard import ALWAYS, Guard

if TYPE_CHECKING:
    from paramlint.model.event import Event

Truth = Literal["yes", "no", "unknown"]
ItemT = TypeVar("ItemT")
_OPPOSITE: dict[Truth, Truth] = {"yes": "no", "no": "yes", "unknown": "unknown"}


@dataclass(frozen=True)
class Answer:
    """Yes, no or unknown; under which guard, and because of which events.

    It has no truth value of its own: `if tensor.filled:` would take unknown for yes.
    """

    truth: Truth
    because: tuple[Event, ...] = ()
    when: Guard = ALWAYS

    def __bool__(self) -> bool:
        raise TypeError("an answer has three values: ask .yes, .no or .known")

    @property
    def yes(self) -> bool:
        """Whether it is known to be so, perhaps under a guard."""
        return self.truth == "yes"

    @property
    def no(self) -> bool:
        """Whether it is known not to be so, perhaps under a guard."""
        return self.truth == "no"

    @property
    def known(self) -> bool:
        """Whether it is yes or no."""
        return self.truth != "unknown"

    @property
    def certain(self) -> bool:
        """Whether it is known under no guard."""
        return self.known and not self.when

    def __invert__(self) -> Answer:
        return Answer(_OPPOSITE[self.truth], self.because, self.when)

    def __and__(self, other: Answer) -> Answer:
        if self.no or other.no:
            return self if self.no else other
        when = self.when & other.when
        if when is None:
            return Answer("no", self.because + other.because)
        return Answer("yes" if self.yes and other.yes else "unknown", self.because + other.because, when)

    def __or__(self, other: Answer) -> Answer:
        return ~(~self & ~other)


YES: Final = Answer("yes")
NO: Final = Answer("no")
UNKNOWN: Final = Answer("unknown")


def said(is_so: bool) -> Answer:
    """A plain truth as an answer."""
    return YES if is_so else NO


class Several(Generic[ItemT]):
    """What was seen, and whether that is all there is.

    It is open unless somebody says otherwise, so that absence can only be claimed where everything was seen.

    Args:
        seen: the items.
        closed: whether these are all.
    """

    def __init__(self, seen: Iterable[ItemT] = (), closed: Answer = UNKNOWN) -> None:
        self.seen = tuple(seen)
        self.closed = closed

    def __iter__(self) -> Iterator[ItemT]:
        return iter(self.seen)

    def __bool__(self) -> bool:
        raise TypeError("ask .some() or .none(), or .seen")

    def where(self, test: Callable[[ItemT], bool]) -> Several[ItemT]:
        """Those that pass a test."""
        return Several(filter(test, self.seen), self.closed)

    def some(self, test: Callable[[ItemT], bool] = lambda _: True) -> Answer:
        """Whether one passes a test; unknown where none was seen and there may be more."""
        for item in self.seen:
            if test(item):
                events: tuple[Any, ...] = (item,) if hasattr(item, "order") else ()
                return Answer("yes", events, getattr(item, "guard", ALWAYS))
        return Answer("no" if self.closed.yes else "unknown", self.closed.because)

    def none(self, test: Callable[[ItemT], bool] = lambda _: True) -> Answer:
        """Whether none passes a test."""
        return ~self.some(test)
