"""JUnit's XML: a suite a file, a failed case a finding."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from paramlint.check import FileReport
from paramlint.finding import Diagnostic
from paramlint.report.plain import plain
from paramlint.report.style import Style
from paramlint.runner import Result


def junit(result: Result, _: Style) -> Iterator[str]:
    """A file without findings is a case that passed."""
    found = sum(len(report.diagnostics) for report in result.reports)
    cases = sum(max(len(report.diagnostics), 1) for report in result.reports)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="paramlint" tests="{cases}" failures="{found}" errors="0">'
    for report in result.reports:
        yield from _suite(report)
    yield "</testsuites>"


def _suite(report: FileReport) -> Iterator[str]:
    found = report.diagnostics
    path = quoteattr(plain(report.path))
    yield f'  <testsuite name={path} tests="{max(len(found), 1)}" failures="{len(found)}" errors="0" skipped="0">'
    if not found:
        yield f'    <testcase name="paramlint" classname={path}/>'
    for diagnostic in found:
        yield from _case(diagnostic, path)
    yield "  </testsuite>"


def _case(diagnostic: Diagnostic, path: str) -> Iterator[str]:
    row, column = diagnostic.start
    name = quoteattr(f"{diagnostic.code} {diagnostic.name}")
    cell = f"cell {diagnostic.cell}, " if diagnostic.cell is not None else ""
    message = quoteattr(f"{cell}row {row}, column {column}: {plain(diagnostic.message)}")
    yield f'    <testcase name={name} classname={path} line="{row}" column="{column}">'
    yield f"      <failure message={message} type={quoteattr(diagnostic.code)}/>"
    yield "    </testcase>"
