"""A finding with the lines it is about, and its fix as a small diff."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.engine.run import Result
from paramlint.finding import Diagnostic, LocatedFix
from paramlint.frontends.report.findings.concise import heading
from paramlint.frontends.report.findings.frame import WIDTH, frame
from paramlint.frontends.report.findings.hunks import hunks
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style
from paramlint.source.text import Source

_HOW = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}


def full(result: Result, style: Style) -> Iterator[str]:
    """The findings, each a paragraph."""
    for diagnostic in result.diagnostics:
        yield heading(diagnostic, style)
        source = result.source(diagnostic.path)
        if source is not None:
            yield from _body(source.part(diagnostic), diagnostic, style)
        yield ""


def _body(source: Source, diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    yield from frame(source, diagnostic, style)
    if seen := diagnostic.evidence.get("seen"):
        yield f"{style.dim('seen:')} {plain(seen)} ({plain(diagnostic.evidence['target'])})"
    if diagnostic.fix is not None and diagnostic.verdict != "refuted":
        yield from _fix(source, diagnostic.fix, style)


def _fix(source: Source, fix: LocatedFix, style: Style) -> Iterator[str]:
    yield f"{style.dim('help:')} {plain(fix.title)} ({_HOW[fix.applicability]})"
    for hunk in hunks(source, fix.edits):
        for mark, lines, paint in (("-", hunk.old, style.red), ("+", hunk.new, style.green)):
            for number, line in enumerate(lines, hunk.row):
                text = plain(line.expandtabs(4))
                clipped = text[:WIDTH] + ("..." if len(text) > WIDTH else "")
                yield paint(f"{number:>4} {mark} {clipped}".rstrip())
