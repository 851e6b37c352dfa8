"""The static rules on the sources of a model, and both sides' findings as one list."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from paramlint.config.declared_ties import Ties
from paramlint.engine.run import Result, Run, run_paths
from paramlint.engine.site import Site, site_of
from paramlint.finding import Diagnostic
from paramlint.rule import Rule
from paramlint.verify.document.observed import Observed
from paramlint.verify.document.schema import Attempt, Document, Found, Location
from paramlint.verify.judge.verdicts import Evidence, Judgement, frames, judged
from paramlint.verify.process.postmortem import is_users


class Sources:
    """The static findings on files of models; each file is checked once, however many models it is about."""

    def __init__(self, rules: Sequence[Rule], ties: Ties | None = None) -> None:
        self._run = Run([rule for rule in rules if rule.triggers], ties=ties or Ties())
        self._checked: dict[str, Checked] = {}

    def of(self, paths: Sequence[str]) -> list[Checked]:
        """What is found in some files."""
        new = [path for path in paths if path not in self._checked]
        if new:
            result = run_paths(new, self._run)
            found: dict[str, list[tuple[Diagnostic, Site]]] = {}
            for diagnostic, site in sites(result):
                found.setdefault(diagnostic.path, []).append((diagnostic, site))
            for report in result.reports:
                self._checked[report.path] = Checked(tuple(found.get(report.path, ())), tuple(report.problems))
        return [self._checked[path] for path in paths]


@dataclass(frozen=True)
class Checked:
    """What is found in one file: the findings with what they are about, and what could not be checked."""

    findings: tuple[tuple[Diagnostic, Site], ...]
    problems: tuple[Diagnostic, ...]


def with_static(document: Document, observed: Observed, sources: Sources) -> Document:
    """A document with the static findings on the sources of the model, each with its verdict.

    What both sides found is one finding, that of the live model at the line of the static one.
    """
    if document.outcome.status not in ("ok", "error"):
        return document
    checked = sources.of(_sources(document, observed))
    evidence = Evidence(document, observed)
    merged = list(_merged(evidence, [finding for one in checked for finding in one.findings]))
    findings = tuple(sorted(merged, key=lambda f: f.verdict == "refuted"))
    counts = msgspec.structs.replace(document.summary, findings=sum(f.verdict != "refuted" for f in findings))
    unchecked = tuple(f"{d.path}: {d.message}" for one in checked for d in one.problems)
    return msgspec.structs.replace(
        document, findings=findings, summary=counts, degraded=(*document.degraded, *observed.notes, *unchecked)
    )


def with_verdicts(result: Result, attempts: Sequence[Attempt]) -> Result:
    """A run's findings, each with its verdict over all targets."""
    evidence = [Evidence(attempt.document, attempt.observed) for attempt in attempts]
    verdicts = {
        id(diagnostic): judged(diagnostic, [(one.document.target, one.judge(diagnostic, site)) for one in evidence])
        for diagnostic, site in sites(result)
    }
    reports = [replace(r, diagnostics=[verdicts.get(id(d), d) for d in r.diagnostics]) for r in result.reports]
    return replace(result, reports=reports)


def sites(result: Result) -> Iterator[tuple[Diagnostic, Site]]:
    """The findings of a run that a live model may say something about, and what they are about."""
    for report in result.reports:
        found = [d for d in report.diagnostics if d not in report.problems]
        source = result.source(report.path) if found else None
        if source is not None:
            tree = ast.parse(source.text)
            yield from ((diagnostic, site_of(tree, diagnostic)) for diagnostic in found)


def _sources(document: Document, observed: Observed) -> list[str]:
    """Those of the model; where there is none, the user's files in which the code was when it raised."""
    if observed.sources:
        return list(observed.sources)
    return sorted({path for path, _ in frames(document.outcome) if is_users(path)})


def _merged(evidence: Evidence, findings: list[tuple[Diagnostic, Site]]) -> Iterator[Found]:
    """The live findings, those that a static one confirms at its line, then the static ones that are left."""
    placed: dict[int, Diagnostic] = {}
    alone: list[Found] = []
    for diagnostic, site in findings:
        judgement = evidence.judge(diagnostic, site)
        for found in judgement.found:
            placed.setdefault(id(found), diagnostic)
        if not judgement.found and (judgement.verdict != "not observed" or evidence.covers(diagnostic, site)):
            alone.append(_found(diagnostic, judgement))
    for found in evidence.document.findings:
        yield _at(found, placed[id(found)]) if id(found) in placed else found
    yield from alone


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
