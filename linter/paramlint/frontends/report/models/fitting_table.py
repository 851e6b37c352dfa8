"""A table in as many columns as fit: where there is little room some columns go, and no name is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

#: What a text may be broken after: a blank, a bracket, and a dot before a name.
_BREAK = re.compile(r"(?<=\S)\s+|\((?=\S)|\.(?=[^\W\d]|\{)")

#: Columns beside the names get no narrower than this while a name has more.
_NARROW = 9


class Column(NamedTuple):
    """A column.

    Attributes:
        title: what stands above it.
        leaves: how soon it goes where there is no room, 0 never.
        is_broken: its cells are broken rather than cut.
        is_name: its cells are broken only where they would take more than half of the width.
        is_figure: it stands at the right.
    """

    title: str
    leaves: int
    is_broken: bool = False
    is_name: bool = False
    is_figure: bool = False


def fitting_table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> Table:
    """A table of these rows, no wider than this where its names and words allow that."""
    cells = [[Text(column.title), *(row[i] for row in rows)] for i, column in enumerate(columns)]
    chosen = _fitting(columns, cells, width)
    table = Table(header_style="bold", pad_edge=False, title=None)
    for i, room in chosen.items():
        column = columns[i]
        table.add_column(column.title, justify="right" if column.is_figure else "left", overflow="fold", width=room)
    for row in rows:
        table.add_row(*(_broken(row[i], room) if columns[i].is_broken else row[i] for i, room in chosen.items()))
    return table


def _fitting(columns: Sequence[Column], cells: list[list[Text]], width: int) -> dict[int, int]:
    """The columns that fit, by number, and their widths: enough that no word is broken, more where there is room."""
    most = [max(map(_widest, column)) for column in cells]
    chosen = {
        i: max(map(_longest, cells[i]))
        if column.is_broken and not (column.is_name and most[i] <= width // 2)
        else most[i]
        for i, column in enumerate(columns)
    }
    for i in sorted(chosen, key=lambda i: -columns[i].leaves):
        if columns[i].leaves and _spare(chosen, width) < 0:
            del chosen[i]
    for i in chosen:
        chosen[i] += max(0, min(_spare(chosen, width), most[i] - chosen[i]))
    for _ in range(-_spare(chosen, width)):  # there is no room even for every word
        others = [i for i, room in chosen.items() if not columns[i].is_name and room > _NARROW]
        chosen[max(others or chosen, key=chosen.__getitem__)] -= 1
    return chosen


def _spare(chosen: dict[int, int], width: int) -> int:
    """What is left beside the columns and the three characters between two of them, one of which ends the table."""
    return width - sum(chosen.values()) - 3 * len(chosen) + 1


def _widest(text: Text) -> int:
    return max(map(cell_len, text.plain.split("\n")))


def _longest(text: Text) -> int:
    return max((cell_len(piece.plain.rstrip()) for piece in _pieces(text)), default=0)


def _pieces(text: Text) -> list[Text]:
    """A text in the pieces that it may be broken into, each with the blanks behind it."""
    return list(text.divide(match.end() for match in _BREAK.finditer(text.plain)))


def _broken(text: Text, width: int) -> Text:
    """A text in rows of this width, each filled as far as it goes; what is in rows already stays so."""
    rows: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        row = Text()
        for piece in _pieces(line):
            if row and cell_len(row.plain + piece.plain.rstrip()) > width:
                rows.append(row)
                row = piece
            else:
                row.append_text(piece)
        rows.append(row)
    return Text("\n").join(rows)
