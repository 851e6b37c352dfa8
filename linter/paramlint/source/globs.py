"""Globs of one name: `*` for any text, `?` for a character, `[a-z]` for one of several, `\\` before a plain one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

#: What `[[:digit:]]` stands for.
_KINDS: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": " \t".__contains__,
    "cntrl": lambda c: ord(c) < 32 or ord(c) == 127,
    "digit": "0123456789".__contains__,
    "graph": lambda c: c.isprintable() and not c.isspace(),
    "lower": str.islower,
    "print": str.isprintable,
    "punct": r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""".__contains__,
    "space": str.isspace,
    "upper": str.isupper,
    "xdigit": "0123456789abcdefABCDEF".__contains__,
}
#: Whether a character fits one place of a glob.
_Place = Callable[[str], bool]


class PatternError(ValueError):
    """A text is no pattern; the message says why."""


class Glob:
    """A pattern of one name.

    Raises:
        PatternError: it is none.
    """

    def __init__(self, text: str) -> None:
        #: What each character has to be: a character, a question, or `None` where any number of them may stand.
        self._places: list[str | _Place | None] = []
        at = 0
        while at < len(text):
            place, at = _place(text, at)
            if place is not None or self._places[-1:] != [None]:
                self._places.append(place)

    def matches(self, name: str) -> bool:
        """Whether the whole name fits."""
        return all_fit(self._places, name, lambda place, c: place(c) if callable(place) else place == c)


PlaceT = TypeVar("PlaceT")
ThingT = TypeVar("ThingT")


def all_fit(places: Sequence[PlaceT | None], things: Sequence[ThingT], fits: Callable[[PlaceT, ThingT], bool]) -> bool:
    """Whether things, one after the other, fit places, of which None takes any number of things.

    Of several None only the last one met is ever tried again, so that this takes at most as many comparisons as there
    are places times things.
    """
    at = here = 0
    #: The last None met, and the thing that it has not taken yet.
    back = retry = -1
    while here < len(things):
        place = places[at] if at < len(places) else None
        if place is not None and fits(place, things[here]):
            at, here = at + 1, here + 1
        elif place is None and at < len(places):
            back, retry = at, here
            at += 1
        elif back >= 0:
            retry += 1
            at, here = back + 1, retry
        else:
            return False
    return all(place is None for place in places[at:])


def _place(text: str, at: int) -> tuple[str | _Place | None, int]:
    """What stands at an offset of a pattern, and where the next one stands."""
    character = text[at]
    if character == "*":
        return None, at + 1
    if character == "?":
        return (lambda _: True), at + 1
    if character == "[":
        return _one_of(text, at)
    if character != "\\":
        return character, at + 1
    if at + 1 == len(text):
        raise PatternError("it ends with a lone backslash")
    return text[at + 1], at + 2


def _one_of(text: str, start: int) -> tuple[_Place, int]:
    """What stands in brackets."""
    at = start + 1
    is_negated = text[at : at + 1] in ("!", "^")
    at += is_negated
    first = at
    ranges: list[tuple[str, str]] = []
    kinds: list[_Place] = []
    while text[at : at + 1] != "]" or at == first:
        if text.startswith("[:", at) and (end := text.find(":]", at)) >= 0:
            name = text[at + 2 : end]
            if name not in _KINDS:
                raise PatternError(f"`[:{name}:]` is no kind of character")
            kinds.append(_KINDS[name])
            at = end + 2
            continue
        low, at = _member(text, at)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(text, at + 1)
        if low > high:
            raise PatternError(f"`{low}-{high}` is a range without a character")
        ranges.append((low, high))

    def fits(character: str) -> bool:
        is_in = any(low <= character <= high for low, high in ranges) or any(kind(character) for kind in kinds)
        return is_in != is_negated

    return fits, at + 1


def _member(text: str, at: int) -> tuple[str, int]:
    """One character in brackets, and where the next one stands."""
    at += text[at : at + 1] == "\\"
    if at >= len(text):
        raise PatternError("a bracket is not closed")
    return text[at], at + 1
