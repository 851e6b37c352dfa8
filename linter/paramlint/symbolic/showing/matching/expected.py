"""The names that a model expects in a state dict: each by itself, those of loops as patterns, and what is unknown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

from paramlint.symbolic.showing.show_document import Buffer, Parameter, ShownClass

_HOLE = re.compile(r"\{([^{}]*)\}")
_NUMBERS = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")
#: Of a pattern; one that stands for more stays a pattern.
_MAX_NAMES = 100_000


@dataclass(frozen=True)
class Row:
    """A row of the table, as it concerns state dicts.

    Attributes:
        row: of the table.
        is_saved: whether a state dict has it; None where that cannot be told.
    """

    row: Parameter
    is_saved: bool | None

    @property
    def is_buffer(self) -> bool:
        """Whether it is a buffer."""
        return isinstance(self.row, Buffer)


@dataclass
class Expected:
    """What a model expects.

    Attributes:
        rows: by name.
        patterns: of names in a number that is not known, each with its row.
        unknown: patterns of what is not known.
        shown: the whole table.
    """

    shown: ShownClass
    rows: dict[str, list[Row]] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], Row]] = field(default_factory=list)
    unknown: list[re.Pattern[str]] = field(default_factory=list)

    @classmethod
    def of(cls, shown: ShownClass) -> Expected:
        """What the model of a table expects."""
        expected = cls(shown)
        for parameter in shown.parameters:
            expected._add(Row(parameter, True))
        for buffer in shown.buffers:
            expected._add(Row(buffer, buffer.persistent))
        expected.unknown = [pattern_of(part.name) for part in shown.unknown]
        expected.rows = dict(sorted(expected.rows.items(), key=_Order(shown)))
        return expected

    def _add(self, row: Row) -> None:
        names = expanded(row.row.name)
        if names is None:
            self.patterns.append((pattern_of(row.row.name), row))
        for name in names or ():
            self.rows.setdefault(name, []).append(row)

    def of_name(self, name: str) -> list[Row]:
        """The rows that a name may be."""
        return self.rows.get(name) or [row for pattern, row in self.patterns if pattern.fullmatch(name)]

    def is_unknown(self, name: str) -> bool:
        """Whether a name may be in what is not known."""
        return any(pattern.fullmatch(name) for pattern in self.unknown)

    def surely(self) -> Iterator[str]:
        """The names that a state dict of the model has for sure, in the model's order."""
        for name, rows in self.rows.items():
            if any(row.row.certain and row.row.count is not None and row.is_saved for row in rows) or _is_either(rows):
                yield name

    def unsure(self) -> Iterator[str]:
        """The rows of which it is not known whether a state dict has them."""
        sure = {*self.surely()}
        held = {row.row.name: row for rows in self.rows.values() for row in rows if row.is_saved is not False}
        for pattern in held:
            if not sure.issuperset(expanded(pattern) or ()):
                yield pattern
        for _, row in self.patterns:
            if row.is_saved is not False:
                yield row.row.name


class _Order:
    """Sorts names as the model has them: a block after the other, where the table has a row after the other."""

    def __init__(self, shown: ShownClass) -> None:
        self._first: dict[str, int] = {}
        self._row: dict[str, int] = {}
        for number, row in enumerate((*shown.parameters, *shown.buffers)):
            self._row.setdefault(row.name, number)
            for hole in _HOLE.finditer(row.name):
                self._first.setdefault(row.name[: hole.start()], number)

    def __call__(self, item: tuple[str, list[Row]]) -> list[int]:
        name, rows = item
        pattern = rows[0].row.name
        numbers = pattern_of(pattern).fullmatch(name)
        places = [self._first[pattern[: hole.start()]] for hole in _HOLE.finditer(pattern)]
        key = [n for pair in zip(places, map(int, numbers.groups() if numbers else ()), strict=True) for n in pair]
        return [*key, self._row[pattern]]


def _is_either(rows: list[Row]) -> bool:
    """Whether one of the rows is there under a condition, and another one under its opposite."""
    conditions = {row.row.condition for row in rows if row.is_saved and row.row.condition is not None}
    return any(f"not {condition}" in conditions or f"not ({condition})" in conditions for condition in conditions)


def expanded(pattern: str) -> list[str] | None:
    """The names that a pattern stands for; None where they are not known or too many."""
    pieces = _HOLE.split(pattern)
    if not all(_NUMBERS.fullmatch(hole) for hole in pieces[1::2]):
        return None
    numbers = [_numbers(hole) for hole in pieces[1::2]]
    if math.prod(map(len, numbers)) > _MAX_NAMES:
        return None
    return ["".join(_woven(pieces[::2], map(str, chosen))) for chosen in product(*numbers)]


def _woven(texts: list[str], numbers: Iterator[str]) -> Iterator[str]:
    for text in texts:
        yield text
        yield next(numbers, "")


def _numbers(hole: str) -> range | list[int]:
    if hole.isdecimal():
        return range(int(hole))
    found: list[int] = []
    for part in hole.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@lru_cache(maxsize=10_000)
def pattern_of(name: str) -> re.Pattern[str]:
    """A pattern as a regular expression; each hole is a group. What is in a hole is a name, or a part of one."""
    text = "".join(re.escape(piece) if place % 2 == 0 else "([^.]+)" for place, piece in enumerate(_HOLE.split(name)))
    return re.compile(text.replace(r"\*\*", ".+"))


def partners(row: Parameter, name: str) -> Iterator[str]:
    """Other names of the tensor that is called so in a state dict of the model."""
    found = pattern_of(row.name).fullmatch(name)
    for other in row.tied_with:
        if other == row.name or _HOLE.findall(other) != _HOLE.findall(row.name) or found is None:
            yield from expanded(other) or ()
        else:  # one of each round: `a.{4}.weight` and `b.{4}.weight`
            yield "".join(_woven(_HOLE.split(other)[::2], iter(found.groups())))
