"""What was found in a file while those that use it were checked, where nothing else says it already."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from paramlint.engine.file_report import FileReport
from paramlint.finding import Diagnostic
from paramlint.source.text import Source

if TYPE_CHECKING:
    from paramlint.engine.filters.report_filters import SourceOf
    from paramlint.rule import Rule


def with_claims_of_users(reports: Sequence[FileReport], rules: Sequence[Rule], source_of: SourceOf) -> list[FileReport]:
    """The reports of a run, each with what others have found in its file; what stands in no file of the run goes.

    Args:
        reports: the reports, in whatever order.
        rules: the rules that ran.
        source_of: the text of a path.
    """
    claims: dict[str, list[Diagnostic]] = {}
    for report in reports:
        for claim in report.elsewhere:
            claims.setdefault(claim.path, []).append(claim)
    if not claims:
        return list(reports)
    return [_with(report, claims.get(os.path.abspath(report.path), ()), rules, source_of) for report in reports]


def _with(report: FileReport, claims: Sequence[Diagnostic], rules: Sequence[Rule], source_of: SourceOf) -> FileReport:
    source = source_of(report.path) if claims and not report.failed else None
    if source is None:
        return report
    from paramlint.engine.filters import unused_noqa
    from paramlint.engine.filters.noqa import Suppressions

    suppressions = Suppressions(source)
    said = [*report.diagnostics, *report.suppressed]
    new: list[Diagnostic] = []
    silenced: list[Diagnostic] = []
    for claim in sorted(claims, key=lambda claim: (len(claim.rows), claim.sort_key)):
        if any(claim.code == other.code and _meet(claim, other) for other in said):
            continue
        found = suppressions.place(replace(claim, path=report.path, fix=None))  # a fix looks at one file alone
        said.append(found)
        (silenced if suppressions.silence(found) else new).append(found)
    diagnostics, suppressed = [*report.diagnostics, *new], [*report.suppressed, *silenced]
    if silenced and any(rule is unused_noqa.rule for rule in rules):
        diagnostics = [d for d in diagnostics if d.code != unused_noqa.rule.code]
        diagnostics += unused_noqa.unused_suppressions(source, suppressions, suppressed, rules)
    diagnostics.sort(key=lambda d: d.sort_key)
    return replace(report, diagnostics=diagnostics, suppressed=suppressed, of_users=new)


def _meet(one: Diagnostic, other: Diagnostic) -> bool:
    """Whether two findings of a rule are one fault: one of them stands on a row that the other shows on."""
    return one.start.row in (other.start.row, *other.rows) or other.start.row in one.rows


def moved(found: Iterable[Diagnostic], before: Source, after: Source) -> Iterator[Diagnostic]:
    """What was found in a text, where its rows are after a change; on rows that have changed it is gone."""
    from difflib import SequenceMatcher

    rows: dict[int, int] | None = None
    for one in found:
        if rows is None:
            lines = before.text.splitlines(), after.text.splitlines()
            blocks = SequenceMatcher(None, *lines, autojunk=False).get_matching_blocks()
            rows = {old + n + 1: new + n + 1 for old, new, size in blocks for n in range(size)}
        first, last, noqa = (rows.get(row) for row in (one.start.row, one.end.row, one.noqa_row))
        if first is not None and last is not None and noqa is not None:
            start, end = one.start._replace(row=first), one.end._replace(row=last)
            yield replace(one, start=start, end=end, noqa_row=noqa, rows=(), subject=None)
