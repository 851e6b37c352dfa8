"""Findings as ruff writes them, so that what reads its JSON reads ours."""

from __future__ import annotations

import json as _json
import os
from collections.abc import Iterator
from typing import Any

from paramlint.engine.run import Result
from paramlint.finding import Diagnostic, LocatedFix, Location
from paramlint.frontends.report.plain import plain_json
from paramlint.frontends.report.severity import severity
from paramlint.frontends.report.style import Style


def json(result: Result, _: Style) -> Iterator[str]:
    """A list of objects; paths are absolute, rows and columns count from 1, everything beyond ASCII is escaped."""
    yield plain_json(
        _json.dumps([as_object(diagnostic) for diagnostic in result.diagnostics], indent=2, sort_keys=True)
    )


def as_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding; the group is ours alone, and so are verdict and evidence, where a model was built to verify it."""
    judged = {"verdict": diagnostic.verdict, "evidence": diagnostic.evidence} if diagnostic.verdict else {}
    return {
        "cell": diagnostic.cell,
        "code": diagnostic.code,
        "name": diagnostic.name,
        "group": diagnostic.group,
        "message": diagnostic.message,
        "filename": os.path.abspath(diagnostic.path),
        "location": _place(diagnostic.start),
        "end_location": _place(diagnostic.end),
        "fix": _fix(diagnostic.fix) if diagnostic.fix is not None else None,
        "severity": severity(diagnostic),
        "url": None,
        "noqa_row": diagnostic.noqa_row,
        **judged,
    }


def _fix(fix: LocatedFix) -> dict[str, Any]:
    edits = [
        {"content": edit.content, "location": _place(edit.start), "end_location": _place(edit.end)}
        for edit in fix.edits
    ]
    return {"applicability": fix.applicability, "message": fix.title, "edits": edits}


def _place(location: Location) -> dict[str, int]:
    return {"row": location.row, "column": location.column}
