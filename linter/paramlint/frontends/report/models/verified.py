"""What `verify` found, for a terminal: counts, findings with the user's line, and a table of all parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.alike import alike_findings, others_of
from paramlint.frontends.report.models.parameter_table import parameter_table
from paramlint.frontends.report.models.terminal import terminal
from paramlint.frontends.report.place import line as line_of
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import plain, plain_lines
from paramlint.frontends.report.units import count, size
from paramlint.verify.document.schema import Counts, Document, Found, Shown
from paramlint.verify.process.outcome import Outcome


def print_document(document: Document, stream: IO[str], *, is_quiet: bool = False) -> None:
    """Write one target's report; a quiet one has no tables, and is empty where all is well."""
    console = terminal(stream)
    for part in _parts(document, console.width, is_quiet):
        # Only a table is cut to the width: a line of text stays one, for those who search or copy it.
        console.print(part, soft_wrap=not isinstance(part, Table))


def _parts(document: Document, width: int, is_quiet: bool) -> Iterable[RenderableType]:
    if document.outcome.status != "ok":
        yield from _failure(document.target, document.outcome)
        yield from (_finding(found, found.also) for found in document.findings)
        return
    if is_quiet and not document.findings:
        return
    yield _headline(document)
    if document.guessed:
        yield Text(f"guessed: {plain(document.guessed)}", style="yellow")
    for reason in document.degraded:
        yield Text(f"degraded: {plain(reason)}", style="yellow")
    for members in alike_findings(document.findings):
        yield _finding(members[0], others_of(members))
    if document.parameters and not is_quiet:
        yield Text("")
        yield parameter_table(document, width)
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


def _finding(found: Found, others: Sequence[str]) -> Group:
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


def _shown(shown: Shown) -> Group:
    line = Text("\n")
    line.append(plain(shown.name), style="bold")
    figures = "  ".join(f"{plain(name)} {value:.6g}" for name, value in shown.statistics.items())
    parts = [line, Text(f"  {figures}"), Text(plain_lines(shown.values))]
    if shown.gradient:
        parts += [Text("  gradient", style="bold"), Text(plain_lines(shown.gradient))]
    return Group(*parts)
