"""What edits change, in whole rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paramlint.finding import Edit
from paramlint.source.text import Source


class Hunk(NamedTuple):
    """Neighbouring rows before and after the edits; `row` is the first of them, from 1, in the old text."""

    row: int
    old: list[str]
    new: list[str]


def hunks(source: Source, edits: Sequence[Edit]) -> Iterator[Hunk]:
    """The rows that sorted edits touch, those next to each other as one, without what stays as it is at either end."""
    group: list[Edit] = []
    for edit in edits:
        if group and edit.start.row > group[-1].end.row + 1:
            yield _hunk(source, group)
            group = []
        group.append(edit)
    if group:
        yield _hunk(source, group)


def _hunk(source: Source, edits: Sequence[Edit]) -> Hunk:
    row, last = edits[0].start.row, edits[-1].end.row
    begin = source.offset(row)
    before = source.lines(row, last)
    after = before
    for edit in reversed(edits):
        after = after[: source.offset(*edit.start) - begin] + edit.content + after[source.offset(*edit.end) - begin :]
    old, new = _rows(before), _rows(after)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
        row += 1
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return Hunk(row, old, new)


def _rows(text: str) -> list[str]:
    """As Python's tokenizer counts rows: a form feed or a line separator ends none."""
    rows = re.split(r"\r\n|\r|\n", text)
    return rows if rows[-1] else rows[:-1]
