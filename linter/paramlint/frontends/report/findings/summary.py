"""The closing lines of a run, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paramlint.engine.file_report import FileReport
from paramlint.engine.run import Result
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import count

_NOUNS = {"error": "error", "bug": "bug", "risk": "risk", "pedantic": "pedantic finding"}


def summary(result: Result) -> Iterator[str]:
    """How much was found, fixed and passed over."""
    refuted = sum(d.verdict == "refuted" for d in result.diagnostics)
    found = [d for d in result.diagnostics if d.verdict != "refuted"]
    fixes = Counter(d.fix.applicability for d in found if d.fix is not None)
    mended = sum(rewrite.fixes for rewrite in result.rewrites)
    if mended:
        yield f"fixed {count(mended, 'finding')} in {count(len(result.rewrites), 'file')}"
    with_findings = len({d.path for d in found})
    what = f"{count(len(found), 'finding')} in {count(with_findings, 'file')}" if found else "no findings"
    groups: Counter[str] = Counter(d.group for d in found)
    if len(groups) > 1:
        kinds = [count(groups[kind], noun) for kind, noun in _NOUNS.items() if groups[kind]]
        what += f" ({', '.join(kinds)})"
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
    hidden = {report.path: number for report in result.reports if (number := _hidden(result, report))}
    if hidden:
        found_in = f"{count(sum(hidden.values()), 'finding')} in {count(len(hidden), 'file')}"
        yield f"{found_in} {'are' if sum(hidden.values()) > 1 else 'is'} hidden by `# flake8: noqa`"
    for reason, number in sorted(Counter(result.skipped.values()).items()):
        yield f"{count(number, 'file')} skipped: {reason}"


def fixed(result: Result) -> Iterator[str]:
    """What was fixed, by file and rule."""
    from paramlint.engine.catalogue import catalogue  # a run that fixes nothing may do without the rules

    names = {rule.code: rule.name for rule in catalogue()}
    for rewrite in result.rewrites:
        yield f"fixed in {plain(rewrite.before.path)}:"
        for code, number in sorted(Counter(rewrite.codes).items()):
            yield f"    {number} x {code} ({names.get(code, code)})"


def _hidden(result: Result, report: FileReport) -> int:
    """How many findings a comment hides that was written for flake8 and names no code of ours."""
    source = result.source(report.path) if report.suppressed else None
    if source is None:
        return 0
    from paramlint.engine.filters.noqa import is_hidden_from_flake8

    return len(report.suppressed) if is_hidden_from_flake8(source) else 0


def summary_of_diff(result: Result) -> Iterator[str]:
    """How many fixes a patch holds, and how many it would hold if they were allowed to change more."""
    shown = sum(rewrite.fixes for rewrite in result.rewrites)
    more = sum(d.fix is not None and d.fix.applicability == "unsafe" for d in result.diagnostics)
    if shown:
        held = f"{count(shown, 'fix', 'fixes')} in {count(len(result.rewrites), 'file')}"
        yield f"{held}, {more} more with --unsafe-fixes" if more else held
    else:
        yield f"no fixes without --unsafe-fixes, {more} with it" if more else "no fixes"
