"""SARIF 2.1.0, the format that code hosts and editors read results in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paramlint import __version__
from paramlint.engine.file_report import FileReport
from paramlint.engine.filters.fingerprint import Identity, identify, relative
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic, LocatedFix, Location
from paramlint.frontends.report.plain import plain, plain_json
from paramlint.frontends.report.severity import severity
from paramlint.frontends.report.style import Style
from paramlint.rule import Rule

_ROOT = "SRCROOT"
_LEVELS = {"bug": "error", "risk": "warning", "pedantic": "note"}


def sarif(result: Result, _: Style) -> Iterator[str]:
    """One run: findings as results, silenced ones marked so, and files that were not checked as notifications."""
    results = [item for report in result.reports for item in _results(result, report)]
    problems = [_problem(problem) for report in result.reports for problem in report.problems]
    skipped = [_skipped(path, reason) for path, reason in sorted(result.skipped.items())]
    yield plain_json(json.dumps(log(results, problems, skipped), indent=2))


def log(
    results: list[dict[str, Any]], problems: list[dict[str, Any]], remarks: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The log of one run: its results, what kept it from being a success, and what else it has to say."""
    from paramlint.engine.catalogue import catalogue, is_on

    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "paramlint",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_rule(rule, is_on(rule)) for rule in catalogue()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"uri": Path.cwd().as_uri() + "/"}},
                "invocations": [
                    {
                        "executionSuccessful": not problems,
                        "toolExecutionNotifications": [*problems, *(remarks or [])],
                    }
                ],
                "results": results,
            }
        ],
    }


def _rule(rule: Rule, on: bool) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.sections()[""]},
        "help": {"text": rule.documentation},
        "defaultConfiguration": {"enabled": on, "level": _LEVELS[rule.group]},
        "properties": {"group": rule.group, "fix": rule.fix},
    }


def _results(result: Result, report: FileReport) -> Iterator[dict[str, Any]]:
    found = report.findings
    if not found and not report.suppressed:
        return
    source = result.source(report.path)
    both = sorted([*found, *report.suppressed], key=lambda d: d.sort_key)
    for diagnostic, identity in zip(both, identify(source, both), strict=True):
        item = result_of(diagnostic, identity)
        if diagnostic in report.suppressed:
            item["suppressions"] = [{"kind": "inSource"}]
        yield item


def result_of(diagnostic: Diagnostic, identity: Identity) -> dict[str, Any]:
    """One finding."""
    item: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": severity(diagnostic),
        "message": {"text": diagnostic.message},
        "locations": [location(diagnostic)] if diagnostic.path else [],
        "partialFingerprints": {"paramlint/v1": identity.fingerprint},
    }
    if diagnostic.fix is not None:
        item["fixes"] = [_fix(diagnostic.path, diagnostic.fix)]
    if diagnostic.verdict == "refuted":
        item |= {"kind": "pass", "level": "none"}  # the one level that goes with it
    known = {"cell": diagnostic.cell, "verdict": diagnostic.verdict, "evidence": diagnostic.evidence or None}
    if properties := {name: value for name, value in known.items() if value is not None}:
        item["properties"] = properties
    return item


def location(diagnostic: Diagnostic) -> dict[str, Any]:
    """The place of a finding."""
    place = {"artifactLocation": _artifact(diagnostic.path), "region": _region(diagnostic.start, diagnostic.end)}
    return {"physicalLocation": place}


def _artifact(path: str) -> dict[str, str]:
    below = _encodable(relative(path))
    if os.path.isabs(below):
        return {"uri": Path(below).as_uri()}
    return {"uri": quote(os.fsencode(below)), "uriBaseId": _ROOT}


def _encodable(path: str) -> str:
    """A path as it is, unless no file could have it: code that was compiled may say anything about where it is from."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return plain(path)
    return path


def _region(start: Location, end: Location) -> dict[str, int]:
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}


def _fix(path: str, fix: LocatedFix) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(edit.start, edit.end), "insertedContent": {"text": edit.content}}
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(path), "replacements": replacements}
    return {"description": {"text": f"{fix.title} ({fix.applicability})"}, "artifactChanges": [change]}


def _problem(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "level": "error",
        "descriptor": {"id": diagnostic.code},
        "message": {"text": diagnostic.message},
        "locations": [location(diagnostic)],
    }


def _skipped(path: str, reason: str) -> dict[str, Any]:
    where = {"physicalLocation": {"artifactLocation": _artifact(path)}}
    return {"level": "note", "message": {"text": f"skipped: {reason}"}, "locations": [where]}
