"""GitLab's code quality report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from paramlint.engine.filters.fingerprint import Identity, identify, relative
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.findings.concise import with_verdict
from paramlint.frontends.report.plain import plain_json
from paramlint.frontends.report.severity import severity
from paramlint.frontends.report.style import Style

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def gitlab(result: Result, _: Style) -> Iterator[str]:
    """A list of objects with relative paths; the fingerprint stays the same while code moves."""
    found: list[dict[str, Any]] = []
    for report in result.reports:
        source = result.source(report.path) if report.diagnostics else None
        identities = identify(source, report.diagnostics)
        found.extend(map(_object, report.diagnostics, identities))
    yield plain_json(json.dumps(found, indent=2))


def _object(diagnostic: Diagnostic, identity: Identity) -> dict[str, Any]:
    start, end = diagnostic.start, diagnostic.end
    return {
        "description": f"{diagnostic.code} {with_verdict(diagnostic)}",
        "check_name": diagnostic.code,
        "fingerprint": identity.fingerprint,
        "severity": _SEVERITIES[severity(diagnostic)],
        "location": {
            "path": relative(diagnostic.path),
            "positions": {
                "begin": {"line": start.row, "column": start.column},
                "end": {"line": end.row, "column": end.column},
            },
        },
    }
