"""What `verify` found, for a terminal: counts, findings with the user's line, and a table of all parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.alike import alike_findings, alike_parameters, codes_by_name, mean
from paramlint.frontends.report.models.badges import Kind, badges
from paramlint.frontends.report.place import line as line_of
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import plain, plain_lines
from paramlint.frontends.report.units import count, size
from paramlint.verify.document.schema import Counts, Document, Found, Parameter, Shown
from paramlint.verify.process.outcome import Outcome

#: Below this width the column with the place of the initialisation is left out.
WIDE = 110
#: Of a stream that is no terminal.
WIDTH = 140
BARS = " ▁▂▃▄▅▆▇█"
STYLES: dict[Kind, str] = {
    "bad": "bold white on red",
    "unclear": "black on yellow",
    "tied": "black on cyan",
    "alias": "black on yellow",
    "frozen": "black on bright_blue",
    "good": "green",
}


def print_document(document: Document, stream: IO[str]) -> None:
    """Write one target's report."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=stream, highlight=False, markup=False, emoji=False, width=WIDTH, color_system=None)
    for part in _parts(document, console.width):
        # Only a table is cut to the width: a line of text stays one, for those who search or copy it.
        console.print(part, soft_wrap=not isinstance(part, Table))


def _parts(document: Document, width: int) -> Iterable[RenderableType]:
    if document.outcome.status != "ok":
        yield from _failure(document.target, document.outcome)
        yield from (_finding(found, []) for found in document.findings)
        return
    yield _headline(document)
    if document.guessed:
        yield Text(f"guessed: {plain(document.guessed)}", style="yellow")
    for reason in document.degraded:
        yield Text(f"degraded: {plain(reason)}", style="yellow")
    for members in alike_findings(document.findings):
        yield _finding(members[0], [found.parameter for found in members[1:]])
    if document.parameters:
        yield Text("")
        yield _table(document, width)
    yield from map(_shown, document.shown)


def _failure(target: str, outcome: Outcome) -> Iterable[RenderableType]:
    """Which stage failed and why, the user's line, and the end of what was printed."""
    line = Text(plain(target), style="bold")
    line.append(f" {outcome.status} in stage {outcome.stage}: ", style="bold red")
    line.append(plain(outcome.message))
    yield line
    if "CUDA" in outcome.message:
        yield Text("  GPUs are hidden from it; --cuda shows them")
    if outcome.signature:
        yield Text(f"  its signature is {plain(outcome.signature)}; give values with --arg name=value")
    yield from _excerpt(outcome.filename, outcome.row)
    printed = plain_lines(outcome.output).splitlines()[-10:]
    if printed:
        yield Text("  printed last:", style="dim")
        yield Text("\n".join(f"    {line}" for line in printed), style="dim")


def _headline(document: Document) -> Text:
    counts = document.summary
    line = Text(plain(document.target), style="bold")
    line.append(f"  {counts.elements:,} parameters in {counts.parameters:,} tensors, {size(counts.bytes)}", "default")
    for text in _remarks(counts):
        line.append(f" · {text}", style="default")
    style = "red" if counts.findings else "green"
    line.append(f" · {count(counts.findings, 'finding')}", style=style)
    return line


def _remarks(counts: Counts) -> Iterable[str]:
    frozen = counts.elements - counts.trainable
    if frozen:
        yield f"{frozen:,} frozen"
    for number, word in ((counts.tied, "tied"), (counts.aliased, "aliased"), (counts.unwritten, "not written")):
        if number:
            yield f"{number} {word}"


def _finding(found: Found, others: list[str]) -> Group:
    line = Text("\n")
    line.append(f"{plain(found.code)} {plain(found.name)}", style="dim" if found.verdict == "refuted" else "bold red")
    line.append(f" [{found.verdict or 'not confirmed'}] ", style="bold")
    line.append(plain(found.message))
    parts: list[RenderableType] = [line]
    if seen := found.evidence.get("seen"):
        parts.append(Text(f"  seen: {plain(seen)}"))
    if others:
        named = ", ".join(plain(name) for name in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        parts.append(Text(f"  also {named}{more}"))
    parts += _excerpt(found.filename, found.location.row)
    parts += _difference(found.evidence)
    return Group(*parts)


def _difference(evidence: Mapping[str, Any]) -> Iterable[Text]:
    """What a contract expects and what is found, line by line as the contract writes it."""
    if "contract" not in evidence:
        return
    yield Text(f"  --- {plain(evidence['contract'])}", style="blue")
    for key, expected in evidence["expected"].items():
        yield Text(f"  - {plain(key)} = {plain(expected)}", style="red")
        yield Text(f"  + {plain(key)} = {plain(evidence['found'][key])}", style="green")


def _excerpt(filename: str, row: int) -> Iterable[Text]:
    """The place, and the line that stands there."""
    if not filename:
        return
    yield Text(f"  --> {plain(short(filename))}:{row}", style="blue")
    source = line_of(filename, row)
    if source:
        number = str(row)
        text = Text(f"  {number} | ", style="blue")
        text.append(plain_lines(source), style="default")
        yield text


def _table(document: Document, width: int) -> Table:
    codes = codes_by_name(document)
    table = Table(header_style="bold", pad_edge=False, title=None)
    table.add_column("parameter", overflow="fold", ratio=2)
    table.add_column("shape", no_wrap=True)
    table.add_column("init", overflow="fold", ratio=2)
    if width >= WIDE:
        table.add_column("at", no_wrap=True)
    table.add_column("std", justify="right", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("values", no_wrap=True)
    table.add_column("state", overflow="fold")
    for name, members in alike_parameters(document):
        cells = _cells(name, members, codes.get(members[0].name, ()))
        if width < WIDE:
            del cells[3]
        table.add_row(*cells)
    return table


def _cells(name: str, members: list[Parameter], codes: Sequence[str]) -> list[RenderableType]:
    first = members[0]
    title = Text(plain(name))
    if len(members) > 1:
        title.append(f" ×{len(members)}", style="dim")
    shape = "×".join(map(str, first.shape)) or "scalar"
    call = plain(first.law or (first.init.call if first.init else "—"))
    place = plain(f"{Path(first.init.filename).name}:{first.init.row}") if first.init and first.init.filename else ""
    std = mean([p.std for p in members])
    return [
        title,
        shape,
        Text(call),
        Text(place, style="dim"),
        _figure(std),
        _figure(first.expected_std),
        sparkline([sum(bins) for bins in zip(*(p.histogram for p in members), strict=False)]),
        _state(first, len(members), codes),
    ]


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.4g}"


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


def _shown(shown: Shown) -> Group:
    line = Text("\n")
    line.append(plain(shown.name), style="bold")
    figures = "  ".join(f"{plain(name)} {value:.6g}" for name, value in shown.statistics.items())
    parts = [line, Text(f"  {figures}"), Text(plain_lines(shown.values))]
    if shown.gradient:
        parts += [Text("  gradient", style="bold"), Text(plain_lines(shown.gradient))]
    return Group(*parts)
