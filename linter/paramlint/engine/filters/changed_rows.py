"""Leaves out what stands on rows that are as they were at a revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from paramlint.engine.file_report import FileReport
from paramlint.engine.filters.report_filters import SourceOf
from paramlint.source.kinds import kind
from paramlint.source.text import Source, UnreadableError
from paramlint.source.versions.changed_files import ChangedFiles

#: Between the first and the last row that differ; all rows of more count as changed.
_MOST_ROWS = 20_000


class OnlyChanged:
    """Keeps the findings that touch a row which is new or another since the revision, and all that went wrong."""

    def __init__(self, files: ChangedFiles) -> None:
        self._files = files

    def __call__(self, report: FileReport, source_of: SourceOf, /) -> FileReport:
        """The report of what has changed."""
        source = source_of(report.path) if report.findings else None
        if source is None:
            return report
        before = self._files.before(report.path, source.data)
        if before is None:
            return report
        rows = self._rows(report.path, before, source)
        kept = (d for d in report.diagnostics if d in report.problems or rows & {*range(d.start.row, d.end.row + 1)})
        return replace(report, diagnostics=list(kept))

    def _rows(self, path: str, before: bytes, source: Source) -> set[int]:
        """The rows that have changed, as places count them: in a notebook, in all its cells as one text."""
        try:
            old = kind(path)(path, before).text
        except UnreadableError:
            old = ""
        return changed_rows(old.splitlines(), source.text.splitlines())


def changed_rows(old: Sequence[str], new: Sequence[str]) -> set[int]:
    """The rows of the new text, from 1, that are not in the old one at this place."""
    start, shortest = 0, min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if len(old) + len(new) > _MOST_ROWS:
        return set(range(start + 1, start + len(new) + 1))
    blocks = SequenceMatcher(None, old, new).get_opcodes()
    return {start + 1 + row for tag, _, _, first, last in blocks if tag != "equal" for row in range(first, last)}
