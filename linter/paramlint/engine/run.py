"""One run over many files: check them, and say what fixes make of them. Writes nothing.

What checks is imported where there is something to check: all may be known from earlier runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from paramlint.config.declared_ties import Ties
from paramlint.engine.file_report import FileReport, problem
from paramlint.engine.filters.claims_of_users import moved, with_claims_of_users
from paramlint.engine.filters.declared_sharing import without_declared
from paramlint.engine.parallel import Workers
from paramlint.engine.parallel.local import Local
from paramlint.finding import Applicability, Diagnostic
from paramlint.source.kinds import read
from paramlint.source.path_patterns import Patterns
from paramlint.source.text import Source, UnreadableError
from paramlint.syntax.large_stack import with_large_stack

if TYPE_CHECKING:
    from paramlint.engine.cache.results import Results
    from paramlint.engine.cache.stored import Reported
    from paramlint.engine.filters.baseline import Baseline
    from paramlint.engine.filters.report_filters import ReportFilter
    from paramlint.rule import Rule
    from paramlint.source.rewrite import Rewrite

#: A file in which only this went wrong gives the same next time; anything else may have been an accident.
_SYNTAX = "PRM002"


class PerFileIgnores:
    """Rules that are left out in some files.

    Args:
        ignores: a folder, a pattern relative to it, and selectors of rules.
    """

    def __init__(self, ignores: Iterable[tuple[str, str, tuple[str, ...]]]) -> None:
        self._ignores = [(Patterns(folder, (pattern,)), selectors) for folder, pattern, selectors in ignores]

    def apply(self, report: FileReport) -> FileReport:
        """The report without those rules."""
        if not self._ignores or not report.diagnostics:
            return report
        from paramlint.rule import names

        path = os.path.abspath(report.path)
        selectors = {s for patterns, given in self._ignores if patterns.cover_somewhere(path, False) for s in given}
        ignored = [d for d in report.diagnostics if any(names(s, d.code, d.name, d.group) for s in selectors)]
        kept = [d for d in report.diagnostics if d not in ignored or d in report.problems]
        return replace(report, diagnostics=kept)


@dataclass(frozen=True)
class Run:
    """What is asked of a run.

    Args:
        rules: which rules look at the files.
        fix: fix what has a fix at most this bold; nothing without it.
        reference: parse every file whole.
        ignores: which rules are not asked for in which files.
        baseline: what is known and not to be said again.
        workers: who checks the files.
        cache: what earlier runs found.
        ties: what is meant to be shared.
        filters: what else is made of each report, in order.
    """

    rules: Sequence[Rule]
    fix: Applicability | None = None
    reference: bool = False
    ignores: PerFileIgnores = field(default_factory=lambda: PerFileIgnores(()))
    baseline: Baseline | None = None
    workers: Workers = field(default_factory=Local)
    cache: Results | None = None
    ties: Ties = field(default_factory=Ties)
    filters: Sequence[ReportFilter] = ()

    def keep(self, report: FileReport, source_of: Callable[[str], Source | None]) -> FileReport:
        """The report without what is not asked for or is known."""
        for changed in self.filters:
            report = changed(report, source_of)
        report = without_declared(self.ties, self.ignores.apply(report))
        if self.baseline is None or not report.diagnostics:
            return report
        return self.baseline.without_known(report, source_of(report.path))


@dataclass
class Result:
    """What a run gave.

    `reports` are sorted by path; with fixes they say what is left after the `rewrites`, of which nothing is on disk
    yet, and `unfixed` what was there before. `sources` holds the texts that the reports point into, `skipped` the
    paths that were passed over, with the reason.
    """

    reports: list[FileReport] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    unfixed: dict[str, FileReport] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """All of them, in order."""
        return [diagnostic for report in self.reports for diagnostic in report.diagnostics]

    @property
    def failed(self) -> bool:
        """Whether a file could not be checked whole."""
        return any(report.failed for report in self.reports)

    def source(self, path: str) -> Source | None:
        """The text that the diagnostics of a path point into, `None` where it cannot be read."""
        if path not in self.sources:
            try:
                source = read(path)
                _ = source.text
            except UnreadableError:
                return None
            self.sources[path] = source
        return self.sources[path]

    def localized(self) -> Result:
        """The same with places as people count them: in a notebook, cell and row."""
        reports = [self._localized(report) for report in self.reports]
        return replace(self, reports=reports)

    def _localized(self, report: FileReport) -> FileReport:
        source = self.source(report.path) if report.path.lower().endswith(".ipynb") else None
        if source is None:
            return report
        return replace(
            report,
            diagnostics=[source.localize(d) for d in report.diagnostics],
            suppressed=[source.localize(d) for d in report.suppressed],
        )

    def refuse(self, rewrite: Rewrite, reason: str) -> None:
        """Take a rewrite back that could not be written, and say why."""
        path = rewrite.before.path
        report = self.unfixed[path]
        report.diagnostics.append(problem(path, "PRM006", f"fixes could not be written: {reason}"))
        report.diagnostics.sort(key=lambda d: d.sort_key)
        self.take_back(rewrite)

    def take_back(self, rewrite: Rewrite) -> None:
        """Report what was found before a rewrite that is not written."""
        path = rewrite.before.path
        self.rewrites.remove(rewrite)
        self.sources[path] = rewrite.before
        self.reports = [self.unfixed[path] if r.path == path else r for r in self.reports]


def merged(results: Iterable[Result]) -> Result:
    """What several runs over different files gave, in the order of their paths."""
    whole = Result()
    for result in results:
        whole.reports += result.reports
        whole.rewrites += result.rewrites
        whole.unfixed |= result.unfixed
        whole.sources |= result.sources
    whole.reports.sort(key=lambda report: report.path)
    whole.rewrites.sort(key=lambda rewrite: rewrite.before.path)
    return whole


def run_paths(paths: Sequence[str], run: Run, step: Callable[[], None] = lambda: None) -> Result:
    """Check the files of some paths, and call `step` after each."""
    result = Result()
    reports = with_claims_of_users(_reports(paths, run, step), run.rules, result.source)
    result.reports = [run.keep(report, result.source) for report in reports]
    _fix(result, run)
    return result


def run_source(source: Source, run: Run) -> Result:
    """Check one text, such as standard input."""
    from paramlint.engine.check_file import check_source
    from paramlint.engine.nominate import Nominator
    from paramlint.facts import Project

    report = with_large_stack(lambda: check_source(source, Nominator(run.rules), Project(), reference=run.reference))
    result = Result(sources={source.path: source})
    result.reports.append(run.keep(report, result.source))
    _fix(result, run)
    return result


def _reports(paths: Sequence[str], run: Run, step: Callable[[], None]) -> list[FileReport]:
    """What is found in some files, from the cache where it has that."""
    known = run.cache.get(paths) if run.cache is not None else {}
    reports = {path: _placed(path, reported) for path, reported in known.items()}
    for _ in known:
        step()
    rest = [path for path in paths if path not in known]
    if rest:
        checked, dependencies = run.workers.check_all(rest, run.rules, reference=run.reference, step=step)
        reports |= {report.path: report for report in checked}
        if run.cache is not None:
            from paramlint.engine.cache.stored import Reported

            lasting = [report for report in checked if all(d.code == _SYNTAX for d in report.problems)]
            kept = {r.path: Reported(r.diagnostics, r.suppressed, r.cut_short, r.elsewhere) for r in lasting}
            run.cache.add(kept, dependencies)
    if run.cache is not None:
        run.cache.save()
    return [reports[path] for path in paths]


def _placed(path: str, reported: Reported) -> FileReport:
    """What was found in a file, with its path as it is given this time."""
    diagnostics, suppressed = ([replace(d, path=path) for d in found] for found in reported[:2])
    elsewhere = list(reported.elsewhere)
    return FileReport(path, diagnostics, suppressed, cut_short=tuple(reported.cut_short), elsewhere=elsewhere)


def _fix(result: Result, run: Run) -> None:
    """Fix what may be fixed, in memory, and replace the reports of those files by what is left."""
    if run.fix is not None and any(_fixable(report.diagnostics, run.fix) for report in result.reports):
        with_large_stack(partial(_fix_all, result, run, run.fix))


def _fix_all(result: Result, run: Run, fix: Applicability) -> None:
    from paramlint.source.rewrite import Rewrite

    for index, report in enumerate(result.reports):
        before = result.source(report.path) if _fixable(report.diagnostics, fix) else None
        if before is None:
            continue
        after, fixed, left = _fix_source(before, run, fix)
        if not fixed:
            continue
        left.diagnostics += moved(report.of_users, before, after)
        left.diagnostics.sort(key=lambda d: d.sort_key)
        result.rewrites.append(Rewrite(before, after, fixed))
        result.unfixed[report.path] = report
        result.reports[index] = left
        result.sources[report.path] = after


def _fix_source(before: Source, run: Run, fix: Applicability) -> tuple[Source, tuple[str, ...], FileReport]:
    """A source with its fixes, the codes of what they fixed, and what is left; other files are as on disk."""
    from paramlint.engine.check_file import check_source
    from paramlint.engine.fixes import fix_source
    from paramlint.engine.nominate import Nominator
    from paramlint.facts import Project

    nominator, project = Nominator(run.rules), Project()

    def reported(source: Source) -> FileReport:
        report = check_source(source, nominator, project, reference=run.reference)
        return run.keep(report, lambda _: source)

    after, fixed = fix_source(before, lambda source: _fixable(reported(source).diagnostics, fix))
    return after, fixed, reported(after)


def _fixable(diagnostics: Sequence[Diagnostic], fix: Applicability) -> list[Diagnostic]:
    return [d for d in diagnostics if d.fix is not None and fix in ("unsafe", d.fix.applicability)]
