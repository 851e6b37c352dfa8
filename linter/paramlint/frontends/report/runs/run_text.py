"""What a watched run did, for a terminal: findings, and a row a parameter with its steps as sparklines."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.terminal import PLAIN, WIDTH
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import count, dimensions
from paramlint.verify.document.run_schema import RunDocument, RunFinding, RunRow

BARS = "▁▂▃▄▅▆▇█"
#: Rows of a table that are shown; those with a finding come first. The JSON has them all.
MOST = 60
#: Names of one finding that are shown.
NAMES = 4


def run_text(document: RunDocument, width: int = WIDTH) -> str:
    """The report as text without colours."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, **PLAIN)
    print_run(document, console)
    return stream.getvalue().rstrip("\n")


def print_run(document: RunDocument, console: Console) -> None:
    """Write the report."""
    console.print(_headline(document), soft_wrap=True)
    for reason in document.degraded:
        console.print(Text(f"degraded: {plain(reason)}", style="yellow"), soft_wrap=True)
    for finding in document.findings:
        console.print(_finding(finding), soft_wrap=True)
    if document.parameters:
        console.print(_table(document))
    if document.sampled:
        console.print(f"figures of tensors with more elements are of {document.sampled:,} samples", soft_wrap=True)


def sparkline(values: Sequence[float | None], logarithmic: bool = True) -> str:
    """One bar a step; norms and ratios by their order of magnitude, a step without a figure as a dot."""
    known = [value for value in values if value is not None and (value > 0 or not logarithmic)]
    if not known:
        return "·" * len(values)
    levels = [math.log10(value) if logarithmic else value for value in known]
    low, high = min(levels), max(levels)
    # At least one order of magnitude, or the whole range of shares: noise is no mountain.
    span = max(high - low, 1.0)
    low = low if logarithmic else 0.0
    return "".join(_bar(value, low, span, logarithmic) for value in values)


def _bar(value: float | None, low: float, span: float, logarithmic: bool) -> str:
    if value is None or (logarithmic and value <= 0):
        return "·"
    level = math.log10(value) if logarithmic else value
    return BARS[min(len(BARS) - 1, int((level - low) / span * len(BARS)))]


def _headline(document: RunDocument) -> Text:
    line = Text(plain(document.target), style="bold")
    line.append(f"  {count(document.steps, 'step')} watched", style="default")
    for name, steps in document.optimizers.items():
        line.append(f" · {plain(name)} {steps}", style="default")
    style = "red" if document.findings else "green"
    line.append(f" · {count(len(document.findings), 'finding')}", style=style)
    return line


def _finding(finding: RunFinding) -> Text:
    line = Text(finding.code, style="bold red")
    line.append(f" {finding.name}", style="dim")
    line.append(f"  {plain(finding.message)}", style="default")
    seen = [f"step {finding.step}"] if finding.step is not None else []
    seen += [f"{name} {_said(value)}" for name, value in finding.evidence.items()]
    if finding.filename:
        seen.append(f"{plain(finding.filename)}:{finding.location.row}")
    line.append(f"\n    {plain(', '.join(seen))}", style="dim")
    if len(finding.names) > 1:
        more = f" and {len(finding.names) - NAMES} more" if len(finding.names) > NAMES else ""
        line.append(f"\n    {plain(', '.join(finding.names[:NAMES]))}{more}", style="dim")
    return line


def _said(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(document: RunDocument) -> Table:
    table = Table(header_style="bold", pad_edge=False, title=None)
    for title in ("parameter", "shape", "gradient norm", "update ratio", "zeros", "state"):
        table.add_column(title, overflow="fold")
    rows = sorted(document.parameters, key=lambda row: not row.codes)
    for row in rows[:MOST]:
        table.add_row(
            Text(plain(row.name)),
            Text(dimensions(row.shape)),
            _steps(row.gradients),
            _steps(row.ratios),
            _steps(row.zeros, logarithmic=False),
            _state(row),
        )
    if len(rows) > MOST:
        table.add_row(Text(f"and {len(rows) - MOST} more", style="dim"))
    return table


def _steps(values: Sequence[float | None], logarithmic: bool = True) -> Text:
    known = [value for value in values if value is not None]
    if not known:
        return Text("—", style="dim")
    return Text(f"{sparkline(values, logarithmic)} {known[-1]:.2g}")


def _state(row: RunRow) -> Text:
    if row.codes:
        return Text(" ".join(dict.fromkeys(row.codes)), style="bold red")
    if not row.requires_grad:
        return Text("frozen", style="bright_blue")
    return Text("ok", style="green") if row.optimizers else Text("in no optimizer", style="dim")
