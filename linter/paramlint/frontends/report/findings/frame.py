"""The user's own lines under a finding, with carets below the text it is about."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from paramlint.finding import Diagnostic
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style
from paramlint.source.text import Source

#: Rows of a longer range that are shown.
ROWS = 4
#: Characters of a longer row that are shown.
WIDTH = 160


def frame(source: Source, diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """The row before, the rows of the range with carets, the row after."""
    first, last = diagnostic.start.row, diagnostic.end.row
    if first > len(source.line_starts):
        return
    shown = range(first, min(last, first + ROWS - 1) + 1)
    around = [first - 1, *shown, *([last + 1] if shown[-1] == last else [])]
    around = [
        row for row in around if row in shown or (0 < row <= len(source.line_starts) and source.line(row).strip())
    ]
    gutter = len(str(around[-1]))
    yield style.dim(f"{'':{gutter}} |")
    for row in around:
        line = source.line(row)
        start = diagnostic.start.column - 1 if row == first else len(line) - len(line.lstrip())
        end = diagnostic.end.column - 1 if row == last else len(line)
        text, before, marked = _excerpt(line, start, end)
        yield f"{style.dim(f'{row:>{gutter}} |')} {text}".rstrip()
        if row in shown:
            yield f"{style.dim(f'{chr(32):{gutter}} |')} {' ' * before}{style.red('^' * max(marked, 1))}"
    if shown[-1] != last:
        yield style.dim(f"{'':{gutter}} | ... to row {last}")


def _excerpt(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A row as it is shown, and how many columns lie before and under the marked text."""
    cut = max(0, start - WIDTH // 2) if len(line) > WIDTH else 0
    head = "..." if cut else ""
    kept = line[cut : cut + WIDTH]
    pieces = [_visible(character) for character in kept]
    widths = [_width(piece) for piece in pieces]
    before = sum(widths[: start - cut]) + len(head)
    marked = sum(widths[start - cut : max(end - cut, start - cut)])
    return head + "".join(pieces) + ("..." if cut + WIDTH < len(line) else ""), before, marked


def _visible(character: str) -> str:
    return "    " if character == "\t" else character if unicodedata.combining(character) else plain(character)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
