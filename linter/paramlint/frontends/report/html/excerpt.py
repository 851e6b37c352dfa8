"""The lines of the user's code around a place."""

from __future__ import annotations

from dataclasses import dataclass

from paramlint.frontends.report.place import line, short

#: Rows shown before and after the one that matters.
AROUND = 2


@dataclass(frozen=True)
class Excerpt:
    """A place and the rows around it: number, text, and whether it is the row itself."""

    place: str
    rows: tuple[tuple[int, str, bool], ...]


def excerpt(filename: str, row: int) -> Excerpt | None:
    """The rows around a place; none where the file cannot be read, and None where no place is known."""
    if not filename:
        return None
    place = f"{short(filename)}:{row}"
    around = range(max(1, row - AROUND), row + AROUND + 1)
    texts = {number: line(filename, number).expandtabs(4) for number in around}
    if not texts.get(row):
        return Excerpt(place, ())
    filled = [number for number in around if texts[number]]
    shown = range(filled[0], filled[-1] + 1)
    margin = min(len(texts[number]) - len(texts[number].lstrip()) for number in shown if texts[number])
    return Excerpt(place, tuple((number, texts[number][margin:], number == row) for number in shown))
