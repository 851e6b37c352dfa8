"""The table of all parameters that `verify` built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.alike import alike_parameters, codes_by_name, mean
from paramlint.frontends.report.models.badges import Kind, badges
from paramlint.frontends.report.models.fitting_table import Column, fitting_table
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
COLUMNS = (
    Column("parameter", 0, is_broken=True, is_name=True),
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
    return fitting_table(COLUMNS, rows, width)


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
