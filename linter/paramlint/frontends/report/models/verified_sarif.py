"""What `verify` found as SARIF: a result a finding, with its verdict, and a notification a target without a model."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from paramlint.engine.catalogue import group_of
from paramlint.engine.filters.fingerprint import identify
from paramlint.finding import Diagnostic, Location
from paramlint.frontends.report.exchange.sarif import location, log, result_of
from paramlint.frontends.report.plain import plain_json
from paramlint.source.kinds import read
from paramlint.source.text import UnreadableError
from paramlint.verify.document.schema import Document, Found


def verified_sarif(documents: Iterable[Document]) -> str:
    """One run over all targets."""
    documents = list(documents)
    results = [item for document in documents for item in _results(document)]
    failed = [document for document in documents if document.outcome.status != "ok"]
    return plain_json(json.dumps(log(results, list(map(_failure, failed))), indent=2))


def _results(document: Document) -> Iterable[dict[str, Any]]:
    """The findings, file by file, since their identity depends on the text around them."""
    by_file: dict[str, list[Diagnostic]] = {}
    for found in document.findings:
        by_file.setdefault(found.filename, []).append(_diagnostic(found, document.target))
    for filename, diagnostics in sorted(by_file.items()):
        try:
            source = read(filename) if filename else None
        except UnreadableError:
            source = None
        yield from map(result_of, diagnostics, identify(source, diagnostics))


def _diagnostic(found: Found, target: str) -> Diagnostic:
    """A finding as the static side has it; the place is where its statement starts."""
    start = Location(max(found.location.row, 1), found.location.column)
    about = {"target": target, "parameter": found.parameter}
    also = {"also": found.also} if found.also else {}
    evidence = {name: text for name, text in about.items() if text} | also | found.evidence
    return Diagnostic(
        found.filename,
        start,
        start,
        found.code,
        found.name,
        found.message,
        verdict=found.verdict,
        evidence=evidence,
        group=group_of(found.code),
    )


def _failure(document: Document) -> dict[str, Any]:
    outcome = document.outcome
    notification: dict[str, Any] = {
        "level": "error",
        "message": {"text": f"{document.target} {outcome.status} in stage {outcome.stage}: {outcome.message}"},
    }
    if outcome.filename and outcome.row:
        start = Location(outcome.row, 1)
        notification["locations"] = [location(Diagnostic(outcome.filename, start, start, "", "", outcome.message))]
    return notification
