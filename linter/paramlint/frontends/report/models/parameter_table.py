"""The table of all parameters, in as many columns as fit: where there is little room some go, and no name is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.alike import alike_parameters, codes_by_name, mean
from paramlint.frontends.report.models.badges import Kind, badges
from paramlint.frontends.report.plain import plain
from paramlint.verify.document.schema import Document, Parameter

BARS = " ▁▂▃▄▅▆▇█"
STYLES: dict[Kind, str] = {
    "bad": "bold white on red",
    "unclear": "black on yellow",
    "tied": "black on cyan",
    "alias": "black on yellow",
    "frozen": "black on bright_blue",
    "good": "green",
}
#: What a text may be broken after: a blank, a bracket, and a dot before a name.
_BREAK = re.compile(r"\s+|\((?=\S)|\.(?=[^\W\d]|\{)")


class Column(NamedTuple):
    """A column; `leaves` says how soon it goes where there is no room, 0 never; it is `broken` rather than cut."""

    title: str
    leaves: int
    is_broken: bool = False
    is_figure: bool = False


COLUMNS = (
    Column("parameter", 0, is_broken=True),
    Column("shape", 0),
    Column("init", 1, is_broken=True),
    Column("at", 5),
    Column("std", 2, is_figure=True),
    Column("expected", 4, is_figure=True),
    Column("values", 3),
    Column("state", 0, is_broken=True),
)


def parameter_table(document: Document, width: int) -> Table:
    """One row for each parameter, or for those that differ in the number of their layer only."""
    codes = codes_by_name(document)
    rows = [_cells(name, members, codes.get(members[0].name, ())) for name, members in alike_parameters(document)]
    cells = [[Text(column.title), *(row[i] for row in rows)] for i, column in enumerate(COLUMNS)]
    chosen = _fitting(cells, width)
    table = Table(header_style="bold", pad_edge=False, title=None)
    for i, room in chosen.items():
        column = COLUMNS[i]
        table.add_column(column.title, justify="right" if column.is_figure else "left", overflow="fold", width=room)
    for row in rows:
        table.add_row(*(_broken(row[i], room) if COLUMNS[i].is_broken else row[i] for i, room in chosen.items()))
    return table


def _fitting(cells: list[list[Text]], width: int) -> dict[int, int]:
    """The columns that fit, by number, and their widths: enough that no word is broken, more where there is room."""
    least = [
        max(_longest(cell) if column.is_broken else cell_len(cell.plain) for cell in cells[i])
        for i, column in enumerate(COLUMNS)
    ]
    chosen = dict(enumerate(least))
    for i in sorted(chosen, key=lambda i: -COLUMNS[i].leaves):
        if COLUMNS[i].leaves and _spare(chosen, width) < 0:
            del chosen[i]
    for i in chosen:
        most = max(cell_len(cell.plain) for cell in cells[i])
        chosen[i] += max(0, min(_spare(chosen, width), most - chosen[i]))
    return chosen


def _spare(chosen: dict[int, int], width: int) -> int:
    """What is left beside the columns and the three characters between two of them, one of which ends the table."""
    return width - sum(chosen.values()) - 3 * len(chosen) + 1


def _longest(text: Text) -> int:
    return max((cell_len(piece.plain.rstrip()) for piece in _pieces(text)), default=0)


def _pieces(text: Text) -> list[Text]:
    """A text in the pieces that it may be broken into, each with the blanks behind it."""
    return list(text.divide(match.end() for match in _BREAK.finditer(text.plain)))


def _broken(text: Text, width: int) -> Text:
    """A text in rows of this width, each filled as far as it goes."""
    rows: list[Text] = []
    for piece in _pieces(text):
        if rows and cell_len(rows[-1].plain + piece.plain.rstrip()) <= width:
            rows[-1].append_text(piece)
        else:
            rows.append(piece)
    return Text("\n").join(rows)


def _cells(name: str, members: list[Parameter], codes: Sequence[str]) -> list[Text]:
    first = members[0]
    title = Text(plain(name))
    if len(members) > 1:
        title.append(f" ×{len(members)}", style="dim")
    call = plain(first.law or (first.init.call if first.init else "—"))
    place = plain(f"{Path(first.init.filename).name}:{first.init.row}") if first.init and first.init.filename else ""
    return [
        title,
        Text("×".join(map(str, first.shape)) or "scalar"),
        Text(call),
        Text(place, style="dim"),
        _figure(mean([p.std for p in members])),
        _figure(first.expected_std),
        Text(sparkline([sum(bins) for bins in zip(*(p.histogram for p in members), strict=False)])),
        _state(first, len(members), codes),
    ]


def _figure(value: float | None) -> Text:
    return Text("—" if value is None else f"{value:.4g}")


def sparkline(counts: Sequence[int]) -> str:
    """A histogram in one line of text; the smallest bar stands for any count but zero."""
    top = max(counts, default=0)
    return "".join(BARS[0] if not n else BARS[max(1, round(8 * n / top))] for n in counts)


def _state(parameter: Parameter, members: int, codes: Sequence[str]) -> Text:
    text = Text()
    for label, kind in badges(parameter, members, codes):
        text.append(" " if text else "")
        text.append(f" {plain(label)} ", style=STYLES[kind])
    return text if text else Text("ok", style="green")
