"""The static rules on the sources of a model, and both sides' findings as one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import msgspec

from paramlint.config.declared_ties import Ties
from paramlint.engine.file_report import FileReport
from paramlint.engine.run import Result, Run, run_paths
from paramlint.finding import Diagnostic
from paramlint.rule import Rule
from paramlint.verify.document.observed import Observed
from paramlint.verify.document.schema import Attempt, Document, Found, Location
from paramlint.verify.judge.verdicts import PROVED_BY_RAISING, Evidence, Judgement, frames, judged
from paramlint.verify.process.outcome import Outcome
from paramlint.verify.process.postmortem import is_users


class Sources:
    """The static findings on files of models; each file is checked once, however many models it is about."""

    def __init__(self, rules: Sequence[Rule], ties: Ties | None = None) -> None:
        self._run = Run([rule for rule in rules if rule.triggers], ties=ties or Ties())
        self._checked: dict[str, FileReport] = {}

    @property
    def rules(self) -> Sequence[Rule]:
        """What is asked about them."""
        return self._run.rules

    def of(self, paths: Sequence[str]) -> list[FileReport]:
        """What is found in some files."""
        new = [path for path in paths if path not in self._checked]
        if new:
            self._checked |= {report.path: report for report in run_paths(new, self._run).reports}
        return [self._checked[path] for path in paths]


def with_static(document: Document, observed: Observed, sources: Sources) -> Document:
    """A document with the static findings on the sources of the model, each with its verdict.

    What both sides found is one finding, that of the live model at the line of the static one.
    """
    if document.outcome.status not in ("ok", "error"):
        return document
    checked = sources.of(_sources(document, observed))
    evidence = Evidence(document, observed)
    merged = list(_merged(evidence, [finding for one in checked for finding in one.findings]))
    if not any(found.verdict == "confirmed" for found in merged):
        merged += _why_it_failed(document.outcome, sources.rules)
    findings = tuple(sorted(_by_cause(merged), key=lambda f: f.verdict == "refuted"))
    counts = msgspec.structs.replace(document.summary, findings=sum(f.verdict != "refuted" for f in findings))
    unchecked = tuple(f"{d.path}: {d.message}" for one in checked for d in one.problems)
    return msgspec.structs.replace(
        document, findings=findings, summary=counts, degraded=(*document.degraded, *observed.notes, *unchecked)
    )


def with_verdicts(result: Result, attempts: Sequence[Attempt]) -> Result:
    """A run's findings, each with its verdict over all targets."""
    evidence = [Evidence(attempt.document, attempt.observed) for attempt in attempts]

    def verdict(diagnostic: Diagnostic) -> Diagnostic:
        return judged(diagnostic, [(one.document.target, one.judge(diagnostic)) for one in evidence])

    reports = [
        replace(r, diagnostics=[d if d in r.problems else verdict(d) for d in r.diagnostics]) for r in result.reports
    ]
    return replace(result, reports=reports)


def _sources(document: Document, observed: Observed) -> list[str]:
    """Those of the model; where there is none, the user's files in which the code was when it raised."""
    if observed.sources:
        return list(observed.sources)
    return sorted({path for path, _ in frames(document.outcome) if is_users(path)})


def _merged(evidence: Evidence, findings: Sequence[Diagnostic]) -> Iterator[Found]:
    """The live findings, those that a static one confirms at its line, then the static ones that are left."""
    placed: dict[int, Diagnostic] = {}
    alone: list[Found] = []
    for diagnostic in findings:
        judgement = evidence.judge(diagnostic)
        for found in judgement.found:
            placed.setdefault(id(found), diagnostic)
        if not judgement.found and (judgement.verdict != "not observed" or evidence.covers(diagnostic)):
            alone.append(_found(diagnostic, judgement))
    for found in evidence.document.findings:
        yield _at(found, placed[id(found)]) if id(found) in placed else found
    yield from alone


def _by_cause(findings: Iterable[Found]) -> list[Found]:
    """One finding for all tensors about which a rule says the same at one line: they have one cause, and one cure."""
    causes: dict[tuple[object, ...], list[Found]] = {}
    for found in findings:
        is_placed = found.location.row > 0 and bool(found.parameter) and "contract" not in found.evidence
        own = () if is_placed else (id(found),)
        causes.setdefault((found.code, found.filename, found.location, found.verdict, *own), []).append(found)
    return [
        msgspec.structs.replace(first, also=tuple(dict.fromkeys(name for f in others for name in f.parameters)))
        if others
        else first
        for first, *others in causes.values()
    ]


def _why_it_failed(outcome: Outcome, rules: Sequence[Rule]) -> Iterator[Found]:
    """A fault that the static side cannot see, where what is raised has no other reason, at the line that raised it."""
    for rule in rules:
        reason = PROVED_BY_RAISING.get(rule.code)
        if outcome.status == "error" and outcome.filename and reason and reason[0].search(outcome.message):
            yield Found(
                code=rule.code,
                name=rule.name,
                message=reason[1],
                parameter="",
                filename=outcome.filename,
                location=Location(outcome.row),
                verdict="confirmed",
                evidence={"seen": f"building it raises {outcome.message}"},
            )


def _at(found: Found, diagnostic: Diagnostic) -> Found:
    """A live finding at the line of the static one; where a neighbouring rule saw it, it is the static one's fault."""
    seen = {"seen": found.message} if found.code != diagnostic.code else {}
    return msgspec.structs.replace(
        found,
        code=diagnostic.code,
        name=diagnostic.name,
        message=diagnostic.message if seen else found.message,
        filename=diagnostic.path,
        location=Location(*diagnostic.start),
        evidence=found.evidence | seen,
    )


def _found(diagnostic: Diagnostic, judgement: Judgement) -> Found:
    return Found(
        code=diagnostic.code,
        name=diagnostic.name,
        message=diagnostic.message,
        parameter="",
        filename=diagnostic.path,
        location=Location(*diagnostic.start),
        verdict=judgement.verdict,
        evidence={"seen": judgement.seen} if judgement.seen else {},
    )
