"""Commands by which a GitHub workflow marks the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.engine.filters.fingerprint import relative
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.findings.concise import with_verdict
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.severity import severity
from paramlint.frontends.report.style import Style

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def github(result: Result, _: Style) -> Iterator[str]:
    """One command a finding."""
    return (_command(diagnostic) for diagnostic in result.diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    start, end = diagnostic.start, diagnostic.end
    properties = {"title": f"paramlint ({diagnostic.code})", "file": relative(diagnostic.path)}
    if diagnostic.cell is None:  # rows inside a cell are not rows of the file
        properties |= {"line": str(start.row), "endLine": str(end.row)}
        if start.row == end.row:  # columns are only allowed then
            properties |= {"col": str(start.column), "endColumn": str(end.column)}
    listed = ",".join(f"{name}={property_value(value)}" for name, value in properties.items())
    cell = f"cell {diagnostic.cell}, row {start.row}: " if diagnostic.cell is not None else ""
    message = f"{cell}{diagnostic.code} {with_verdict(diagnostic)}"
    return f"::{_COMMANDS[severity(diagnostic)]} {listed}::{data(message)}"


def data(text: str) -> str:
    """The text of a command, in which rows and percent signs are written as GitHub reads them."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_value(text: str) -> str:
    """The value of a property of a command, which neither ends it nor begins another."""
    return data(plain(text)).replace(":", "%3A").replace(",", "%2C")
