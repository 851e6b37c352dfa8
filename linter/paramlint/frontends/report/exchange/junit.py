"""JUnit's XML: a suite a file, a failed case a finding, a passed one what a live model refutes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from paramlint.engine.file_report import FileReport
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.findings.concise import with_verdict
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.style import Style


def junit(result: Result, _: Style) -> Iterator[str]:
    """A file without findings is a case that passed."""
    found = sum(_failures(report) for report in result.reports)
    cases = sum(max(len(report.diagnostics), 1) for report in result.reports)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="paramlint" tests="{cases}" failures="{found}" errors="0">'
    for report in result.reports:
        yield from _suite(report)
    yield "</testsuites>"


def _suite(report: FileReport) -> Iterator[str]:
    found = report.diagnostics
    path = quoteattr(plain(report.path))
    counts = f'tests="{max(len(found), 1)}" failures="{_failures(report)}" errors="0" skipped="0"'
    yield f"  <testsuite name={path} {counts}>"
    if not found:
        yield f'    <testcase name="paramlint" classname={path}/>'
    for diagnostic in found:
        yield from _case(diagnostic, path)
    yield "  </testsuite>"


def _case(diagnostic: Diagnostic, path: str) -> Iterator[str]:
    row, column = diagnostic.start
    name = quoteattr(f"{diagnostic.code} {diagnostic.name}")
    cell = f"cell {diagnostic.cell}, " if diagnostic.cell is not None else ""
    message = quoteattr(f"{cell}row {row}, column {column}: {with_verdict(diagnostic)}")
    yield f'    <testcase name={name} classname={path} line="{row}" column="{column}">'
    if diagnostic.verdict == "refuted":
        seen = escape(plain(diagnostic.evidence["seen"]))
        yield f"      <system-out>refuted: {seen}</system-out>"
    else:
        yield f"      <failure message={message} type={quoteattr(diagnostic.code)}/>"
    yield "    </testcase>"


def _failures(report: FileReport) -> int:
    return sum(diagnostic.verdict != "refuted" for diagnostic in report.diagnostics)
