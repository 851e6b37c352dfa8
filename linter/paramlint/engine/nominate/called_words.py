"""The words of a unit and of what it calls in its file."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from paramlint.engine.nominate.words import Words
from paramlint.rule import Asks
from paramlint.source.text import Source
from paramlint.syntax.outline import Outline, Unit

#: A call, or what `functools.partial` is given to call.
_CALL = re.compile(r"(\w+)[ \t]*\(|(?<=\bpartial\()\s*(\w+)")


class Reach:
    """The words of a unit and of what it calls in its file, one through the other: all of it is built to be asked."""

    def __init__(self, source: Source, outline: Outline, words: Words) -> None:
        self._source = source
        self._outline = outline
        self._words = words
        self._reached: dict[tuple[Unit, bool], list[Unit]] = {}

    def holds(self, unit: Unit, asks: Asks) -> bool:
        """Whether one of the words that somebody asks for is among them."""
        return any(self._words.are_said_in(part, asks.words) for part in self._parts(unit, asks.made))

    def _parts(self, unit: Unit, made: bool) -> list[Unit]:
        known = self._reached.get((unit, made))
        if known is None:
            known, seen = [unit], {unit}
            for part in known:
                for called in self._called(part, made):
                    if called not in seen:
                        seen.add(called)
                        known.append(called)
            self._reached[unit, made] = known
        return known

    def _called(self, unit: Unit, made: bool) -> Iterator[Unit]:
        holes = unit.holes if unit.kind == "module" else []
        calls = self._calls
        for row, name in calls[bisect_left(calls, (unit.first, "")) : bisect_left(calls, (unit.last + 1, ""))]:
            if not any(first <= row <= last for first, last in holes):
                yield from self._outline.functions.get(name, ())
                if made:
                    yield from (cls.unit for cls in self._outline.classes.get(name, ()))

    @cached_property
    def _calls(self) -> list[tuple[int, str]]:
        """The rows on which functions and classes of the file may be called, each with the name."""
        named = self._outline.functions.keys() | self._outline.classes.keys()
        found = ((match.start(), match[1] or match[2]) for match in _CALL.finditer(self._source.text))
        return [(self._source.place(start)[0], name) for start, name in found if name in named]
