"""One line a finding: `path:row:column: PRM401 [bug] message`."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style


def concise(result: Result, style: Style) -> Iterator[str]:
    """The findings, one a line."""
    return (heading(diagnostic, style) for diagnostic in result.diagnostics)


def heading(diagnostic: Diagnostic, style: Style) -> str:
    """Place, code and message."""
    cell = f"cell {diagnostic.cell}:" if diagnostic.cell is not None else ""
    place = f":{cell}{diagnostic.start.row}:{diagnostic.start.column}:"
    kind = f"{diagnostic.group}, {diagnostic.verdict}" if diagnostic.verdict else diagnostic.group
    said = f"{style.red(diagnostic.code)} [{kind}] {plain(diagnostic.message)}"
    return f"{style.bold(plain(diagnostic.path))}{place} {said}"


def with_verdict(diagnostic: Diagnostic) -> str:
    """The message, after the verdict where there is one."""
    verdict = f"[{diagnostic.verdict}] " if diagnostic.verdict else ""
    return f"{verdict}{plain(diagnostic.message)}"
