"""What the command line leaves out of a report, or puts back into it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

from paramlint.engine.file_report import FileReport
from paramlint.engine.filters.unused_noqa import rule as unused_suppression
from paramlint.source.text import Source

SourceOf = Callable[[str], "Source | None"]


class ReportFilter(Protocol):
    """Makes another report of one; `source_of` gives the text that it points into."""

    def __call__(self, report: FileReport, source_of: SourceOf, /) -> FileReport:
        """The other report."""
        raise NotImplementedError


def with_silenced(report: FileReport, _: SourceOf, /) -> FileReport:
    """The report as if no comment silenced anything: nor does one silence too much then."""
    said = [d for d in report.diagnostics if d.code != unused_suppression.code]
    return replace(report, diagnostics=sorted([*said, *report.suppressed], key=lambda d: d.sort_key), suppressed=[])


@dataclass(frozen=True)
class OnlyFixable:
    """Leaves the fixes of some rules alone, as if they had none.

    Attributes:
        codes: the rules whose fixes stay.
    """

    codes: Collection[str]

    def __call__(self, report: FileReport, _: SourceOf, /) -> FileReport:
        """The report with no other fix."""
        fixable = (d if d.fix is None or d.code in self.codes else replace(d, fix=None) for d in report.diagnostics)
        return replace(report, diagnostics=list(fixable))
