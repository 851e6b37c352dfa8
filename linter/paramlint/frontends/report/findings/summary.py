"""The closing lines of a run, for people: they go to standard error, so that a pipe holds findings only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paramlint.engine.run import Result
from paramlint.frontends.report.units import count


def summary(result: Result) -> Iterator[str]:
    """How much was found, fixed and passed over."""
    refuted = sum(d.verdict == "refuted" for d in result.diagnostics)
    found = [d for d in result.diagnostics if d.verdict != "refuted"]
    fixes = Counter(d.fix.applicability for d in found if d.fix is not None)
    fixed = sum(rewrite.fixes for rewrite in result.rewrites)
    if fixed:
        yield f"fixed {count(fixed, 'finding')} in {count(len(result.rewrites), 'file')}"
    with_findings = len({d.path for d in found})
    what = f"{count(len(found), 'finding')} in {count(with_findings, 'file')}" if found else "no findings"
    yield f"{what}, {count(len(result.reports), 'file')} checked"
    if refuted:
        yield f"{count(refuted, 'finding')} refuted by the live model"
    if fixes["safe"]:
        yield f"{fixes['safe']} fixable with --fix"
    if fixes["unsafe"]:
        yield f"{fixes['unsafe']} fixable with --fix --unsafe-fixes, which may change what the model computes or saves"
    failed = sum(report.failed for report in result.reports)
    if failed:
        yield f"{count(failed, 'file')} could not be checked whole"
    for reason, number in sorted(Counter(result.skipped.values()).items()):
        yield f"{count(number, 'file')} skipped: {reason}"


def summary_of_diff(result: Result) -> Iterator[str]:
    """How many fixes a patch holds, and how many it would hold if they were allowed to change more."""
    shown = sum(rewrite.fixes for rewrite in result.rewrites)
    more = sum(d.fix is not None and d.fix.applicability == "unsafe" for d in result.diagnostics)
    if shown:
        held = f"{count(shown, 'fix', 'fixes')} in {count(len(result.rewrites), 'file')}"
        yield f"{held}, {more} more with --unsafe-fixes" if more else held
    else:
        yield f"no fixes without --unsafe-fixes, {more} with it" if more else "no fixes"
