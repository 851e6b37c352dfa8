"""The table of all parameters and buffers that `verify` built."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.alike import alike_buffers, alike_parameters, codes_by_name, mean
from paramlint.frontends.report.models.badges import GARBAGE, Kind, badges, buffer_states, gradient_of, group_of
from paramlint.frontends.report.models.fitting_table import Column, fitting_table
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import dimensions
from paramlint.verify.document.schema import Buffer, Document, Parameter

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
    Column("at", 7),
    Column("std", 4, is_figure=True),
    Column("expected", 6, is_figure=True),
    Column("values", 5),
    Column("gradient", 2, is_figure=True),
    Column("group", 3),
    Column("state", 0, is_broken=True),
)
GRADIENT, GROUP = 7, 8


def parameter_table(document: Document, width: int) -> Table:
    """One row for each parameter and buffer, or for those that differ in the number of their layer only.

    Gradients are a column with an example, groups one with an optimizer.
    """
    codes = codes_by_name(document)
    rows = [_cells(name, members, codes.get(members[0].name, ())) for name, members in alike_parameters(document)]
    rows += [_buffer_cells(name, members) for name, members in alike_buffers(document)]
    left_out = set() if any(p.gradient for p in document.parameters) else {GRADIENT}
    left_out |= {GROUP} if document.summary.groups is None else set()
    shown = [number for number in range(len(COLUMNS)) if number not in left_out]
    return fitting_table([COLUMNS[i] for i in shown], [[row[i] for i in shown] for row in rows], width)


def _cells(name: str, members: list[Parameter], codes: Sequence[str]) -> list[Text]:
    first = members[0]
    title = Text(plain(name))
    if len(members) > 1:
        title.append(f" ×{len(members)}", style="dim")
    call = plain(first.law or (first.init.call if first.init else "—"))
    place = plain(first.init.place if first.init else "")
    return [
        title,
        Text(dimensions(first.shape)),
        Text(call),
        Text(place, style="dim"),
        _figure(mean([p.std for p in members])),
        _figure(first.expected_std),
        Text(sparkline([sum(bins) for bins in zip(*(p.histogram for p in members), strict=False)])),
        Text(gradient_of(members) or "—"),
        Text(group_of(first)),
        _state(first, len(members), codes),
    ]


def _buffer_cells(name: str, members: list[Buffer]) -> list[Text]:
    first = members[0]
    title = Text(plain(name))
    if len(members) > 1:
        title.append(f" ×{len(members)}", style="dim")
    init = first.init
    place = plain(init.place if init else "")
    state = Text(" ".join(buffer_states(first)), style="red" if first.status in GARBAGE else "dim")
    shape = Text(dimensions(first.shape))
    empty = Text("")
    return [title, shape, Text(plain(init.call if init else "—")), Text(place, style="dim"), *[empty] * 5, state]


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
