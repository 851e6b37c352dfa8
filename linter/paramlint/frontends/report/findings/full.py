"""Findings with the lines they are about, and their fixes as small diffs; where they are many, only the bugs so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.engine.fixes import combine
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.findings.concise import heading
from paramlint.frontends.report.findings.frame import WIDTH, frame
from paramlint.frontends.report.findings.hunks import hunks
from paramlint.frontends.report.findings.order import Group, by_path, by_severity
from paramlint.frontends.report.findings.statistics import statistics
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.severity import severity
from paramlint.frontends.report.style import Style
from paramlint.source.text import Source

_HOW = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}
#: With more paragraphs than these about what is no bug, each of them is a line.
MANY = 10


def full(result: Result, style: Style, *, sort: str = "severity", all_frames: bool = False) -> Iterator[str]:
    """The findings, each a paragraph or a line, and how many there are of each rule where they are many.

    Args:
        result: what was found.
        style: colours.
        sort: `severity`: bugs first, like risks of one function as one; or `path`: each finding where it stands.
        all_frames: a paragraph for each, however many they are.
    """
    groups = by_path(result) if sort == "path" else by_severity(result)
    lines = [] if sort == "path" or all_frames else [group for group in groups if severity(group[0]) != "error"]
    if len(lines) > MANY:
        del groups[-len(lines) :]  # they are the last
    else:
        lines = []
    for group in groups:
        yield from _paragraph(result, group, style)
        yield ""
    for group in lines:
        yield _line(group, style)
    if lines:
        yield f"{style.dim('help:')} --all-frames shows the code and the fix of each"
        yield ""
    if len(groups) + len(lines) > MANY:
        yield from statistics(result, style)
        yield ""


def _line(group: Group, style: Style) -> str:
    rows = ", ".join(str(other.start.row) for other in group[1:])
    return heading(group[0], style) + (f" (also row{'s' * (len(group) > 2)} {rows})" if rows else "")


def _paragraph(result: Result, group: Group, style: Style) -> Iterator[str]:
    first = group[0]
    yield heading(first, style)
    whole = result.source(first.path)
    if whole is None:
        return
    source = whole.part(first)
    yield from frame(source, first, style)
    if len(group) > 1:
        yield f"{style.dim('also:')} {', '.join(map(_other, group[1:]))}"
    if seen := first.evidence.get("seen"):
        yield f"{style.dim('seen:')} {plain(seen)} ({plain(first.evidence['target'])})"
    if first.verdict != "refuted":
        yield from _fix(source, group, style)


def _other(diagnostic: Diagnostic) -> str:
    """Another place of the same: its row, and what the message is about."""
    about = re.search(r"`[^`]+`", plain(diagnostic.message))
    return f"row {diagnostic.start.row}" + (f" {about[0]}" if about else "")


def _fix(source: Source, group: Group, style: Style) -> Iterator[str]:
    """What mends all of a group at once."""
    fixes = [diagnostic.fix for diagnostic in group if diagnostic.fix is not None]
    if not fixes:
        return
    titles = "; ".join(dict.fromkeys(plain(fix.title) for fix in fixes))
    yield f"{style.dim('help:')} {titles} ({_HOW[fixes[0].applicability]})"
    edits, _ = combine(source, group)
    for hunk in hunks(source, edits):
        for mark, lines, paint in (("-", hunk.old, style.red), ("+", hunk.new, style.green)):
            for number, line in enumerate(lines, hunk.row):
                text = plain(line.expandtabs(4))
                clipped = text[:WIDTH] + ("..." if len(text) > WIDTH else "")
                yield paint(f"{number:>4} {mark} {clipped}".rstrip())
