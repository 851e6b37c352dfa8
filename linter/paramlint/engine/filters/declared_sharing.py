"""Leaves out the findings about what the configuration declares as shared."""

from __future__ import annotations

from dataclasses import replace

from paramlint.config.declared_ties import FAMILIES, Ties
from paramlint.engine.file_report import FileReport
from paramlint.finding import Subject


def without_declared(ties: Ties, report: FileReport) -> FileReport:
    """The report without the findings about what is declared."""
    if not ties.patterns:
        return report
    left = [
        diagnostic
        for diagnostic in report.diagnostics
        if diagnostic.subject is None
        or not diagnostic.code.startswith(FAMILIES)
        or not _is_declared(ties, diagnostic.subject)
    ]
    return replace(report, diagnostics=left)


def _is_declared(ties: Ties, subject: Subject) -> bool:
    owner = tuple(subject.owner.split(".")[-1:])
    own = (path[path[0] == "self" :] for path in (*subject.names, *subject.others))
    return any(ties.cover(path, [owner + path]) for path in own)
