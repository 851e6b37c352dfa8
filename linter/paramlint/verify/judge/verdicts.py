"""The static finding and the live model, joined by class, attribute and line.

confirmed       the same rule saw it on the live model, or it is the very reason why there is none
refuted         the rule looked at the parameter, module or attribute in every instance of the class, all are right, and
                the statement has run in each: no branch, no method of a subclass went around it
not observed    neither: the class or the branch was not built, or the rule has no way to tell on a live model
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from msgspec import structs

from paramlint.finding import Diagnostic, Path, Subject, Verdict
from paramlint.verify.document.observed import Built, Observed
from paramlint.verify.document.schema import Document, Found, Parameter
from paramlint.verify.process.outcome import Outcome

#: One fault may show on the live model as that of a neighbouring rule: these confirm the first one too.
KIN = {
    "PRM202": {"PRM201"},
    "PRM204": {"PRM201", "PRM202"},
    "PRM205": {"PRM201", "PRM202"},
    "PRM301": {"PRM302"},
    "PRM302": {"PRM301"},
    "PRM305": {"PRM301", "PRM302"},
    "PRM402": {"PRM403", "PRM404"},
    "PRM501": {"PRM502"},
    "PRM502": {"PRM501"},
}
#: What Python or torch says when a fault that raises is met. It is met at the line that is reported, or, where the
#: message can have no other reason, anywhere below the definition.
RAISES = {
    "PRM105": re.compile(r"leaf Variable that requires grad"),
    "PRM206": re.compile(r"has no attribute|must be Tensor|object is not"),
    "PRM208": re.compile(r"'(NoneType|Tensor|Parameter)' object is not callable"),
    "PRM210": re.compile(r"Fan in and fan out can not be computed|Only tensors with "),
    "PRM215": re.compile(r"unexpected keyword argument"),
    "PRM405": re.compile(r"before Module\.__init__\(\) call|has no attribute '_(modules|parameters|buffers)'"),
    "PRM406": re.compile(r"before Module\.__init__\(\) call|has no attribute '_(modules|parameters|buffers)'"),
    "PRM706": re.compile(r"can only optimize Tensors|should be with/without names"),
}
#: What is raised for one reason only, and what is then wrong at the line that raised it.
PROVED_BY_RAISING = {
    "PRM210": (
        re.compile(r"Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"),
        "a tensor of fewer than two dimensions has no fan-in and fan-out, so this initialisation raises a ValueError",
    ),
}
#: Raised later than at the line that is to blame.
LATER = frozenset({"PRM706"})
#: Rules about writes that are wrong wherever they run.
EDITS = frozenset({"PRM101", "PRM221"})
#: Rules about a statement that looks like a tie and makes none.
NEVER_TIES = frozenset({"PRM505"})
FRAME = re.compile(r'^  File "(.+)", line (\d+), in ', re.M)


@dataclass(frozen=True)
class Judgement:
    """A verdict and its reason.

    Attributes:
        found: the live findings that confirm it.
        seen: what was seen, in words; empty where nothing was.
    """

    verdict: Verdict
    seen: str = ""
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What a live model, or the attempt to build one, says about static findings."""

    document: Document
    observed: Observed

    def judge(self, diagnostic: Diagnostic) -> Judgement:
        """The verdict on a static finding."""
        subject = diagnostic.subject
        if subject is None:
            return Judgement("not observed")
        if self.document.outcome.status != "ok":
            return self._raised(diagnostic, subject)
        found = tuple(found for found in self._alike(diagnostic.code) if self._is_same(found, diagnostic, subject))
        proved = tuple(one for one in found if one.verdict == "confirmed")
        if proved:
            return Judgement("confirmed", _and_others(proved[0].message, len(proved)), proved)
        if found:  # likely, as the model could not be built for real
            return Judgement("not observed", found[0].message)
        return (
            self._refuted(diagnostic, subject)
            or self._untied(diagnostic, subject)
            or self._edited(diagnostic, subject)
            or Judgement("not observed")
        )

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is about this model.

        It is not if it stands in a class of which there is no instance, or in a function that never ran.
        """
        subject = diagnostic.subject
        if self.document.outcome.status != "ok" or subject is None:
            return False
        if subject.owner:
            return self._class(diagnostic, subject) is not None
        return not subject.function or (os.path.realpath(diagnostic.path), subject.function) in self._functions

    def _alike(self, code: str) -> Iterator[Found]:
        codes = {code, *KIN.get(code, ())}
        return (found for found in self.document.findings if found.code in codes)

    def _is_same(self, found: Found, diagnostic: Diagnostic, subject: Subject) -> bool:
        cls = self._class(diagnostic, subject)
        names = [*found.parameters, *map(str, found.evidence.get("names", ()))]
        if cls is None:
            # Code that is no part of the model knows what it holds by a path that ends with the model's name for it.
            wanted = {".".join(path[start:]) for path in subject.names for start in range(len(path))}
            is_known = any(_lies_in(name, place) for name in names for place in wanted)
            return is_known or self._is_at(found, diagnostic, subject)
        if found.attribute and found.owner == subject.owner and self._is_only(subject.owner):
            firsts = {path[0] for path in subject.attributes} | {path[-1] for path in subject.names if len(path) == 1}
            if found.attribute in firsts:
                return True
        places = [place for group in _places(cls, subject.attributes) for place in group]
        return any(_lies_in(name, place) for name in names for place in places) or self._is_at(
            found, diagnostic, subject
        )

    def _is_at(self, found: Found, diagnostic: Diagnostic, subject: Subject) -> bool:
        """Whether a live finding, or what gave the parameter its values, is at the rows of the statement."""
        file = os.path.realpath(diagnostic.path)
        inits = [init for name, init in self._inits if any(_lies_in(name, one) for one in found.parameters)]
        lines = [(found.filename, found.location.row), *inits]
        return any(
            subject.first <= row <= subject.header and os.path.realpath(path) == file for path, row in lines if row
        )

    def _refuted(self, diagnostic: Diagnostic, subject: Subject) -> Judgement | None:
        cls = self._class(diagnostic, subject)
        right = self._right.get(diagnostic.code, {})
        # Where the statement may never have run, that all is right says nothing about it.
        if cls is None or not right or not subject.runs or not cls.plain:
            return None
        # A finding that names no attribute is about the instances themselves.
        groups = _places(cls, subject.attributes) if subject.attributes else [list(cls.instances)]
        for places in groups:
            if not places or not all(place in right for place in places):
                return None
        return Judgement("refuted", _and_others(right[groups[0][0]], sum(map(len, groups))))

    def _edited(self, diagnostic: Diagnostic, subject: Subject) -> Judgement | None:
        """Whether a write that is wrong in itself has run."""
        if diagnostic.code not in EDITS:
            return None
        path = os.path.realpath(diagnostic.path)
        rows = sorted(r for file, r in self._written if file == path and subject.first <= r <= subject.header)
        return Judgement("confirmed", f"row {rows[0]} ran, and wrote to a tensor") if rows else None

    def _untied(self, diagnostic: Diagnostic, subject: Subject) -> Judgement | None:
        """Whether what a statement that never ties would make one is in the model, and is two parameters."""
        cls = self._class(diagnostic, subject)
        if diagnostic.code not in NEVER_TIES or subject.tie is None or (cls is None and subject.owner):
            return None
        for target, source in self._sides(subject.tie, cls):
            if target is not source and (target.shape, target.dtype) == (source.shape, source.dtype):
                return Judgement("confirmed", f"`{target.name}` and `{source.name}` are two parameters")
        return None

    def _sides(self, tie: tuple[Path, Path], cls: Built | None) -> Iterator[tuple[Parameter, Parameter]]:
        """The pairs of parameters of one part of the model that code may mean by two paths.

        In a class they begin with `self`, an instance; in other code they end with the names inside of that part.
        """
        known = self._by_name
        if cls is not None:
            targets, sources = ([".".join(path[1:])] if path[0] == "self" else [] for path in tie)
            starts = {f"{name}." if name else "" for name in cls.instances}
        else:
            targets, sources = map(_ends, tie)
            starts = {name.removesuffix(end) for end in targets for name in known if f".{name}".endswith(f".{end}")}
        for start, target, source in product(sorted(starts), targets, sources):
            if start + target in known and start + source in known:
                yield known[start + target], known[start + source]

    def _raised(self, diagnostic: Diagnostic, subject: Subject) -> Judgement:
        outcome = self.document.outcome
        said = RAISES.get(diagnostic.code)
        if outcome.status != "error" or said is None or not said.search(outcome.message):
            return Judgement("not observed")
        file = os.path.realpath(diagnostic.path)
        rows = [row for path, row in frames(outcome) if os.path.realpath(path) == file]
        if not any(subject.first <= row <= subject.last for row in rows) and not (diagnostic.code in LATER and rows):
            return Judgement("not observed")
        where = f" at {os.path.basename(outcome.filename)}:{outcome.row}" if outcome.filename else ""
        return Judgement("confirmed", f"building it raises {outcome.message}{where}")

    def _class(self, diagnostic: Diagnostic, subject: Subject) -> Built | None:
        return self._built.get((os.path.realpath(diagnostic.path), subject.owner))

    def _is_only(self, qualname: str) -> bool:
        """Whether one class alone of the model has this name."""
        return sum(built.qualname == qualname for built in self.observed.built) == 1

    @cached_property
    def _built(self) -> dict[tuple[str, str], Built]:
        """The classes by file and name; those that one statement in a function made are one."""
        known: dict[tuple[str, str], Built] = {}
        for built in self.observed.built:
            key = (os.path.realpath(built.filename), built.qualname)
            if same := known.get(key):
                instances, plain = (*same.instances, *built.instances), same.plain and built.plain
                built = structs.replace(built, instances=instances, plain=plain)
            known[key] = built
        return known

    @cached_property
    def _functions(self) -> set[tuple[str, int]]:
        return {(os.path.realpath(path), row) for path, row in self.observed.functions}

    @cached_property
    def _written(self) -> set[tuple[str, int]]:
        return {(os.path.realpath(path), row) for path, row in self.observed.written}

    @cached_property
    def _right(self) -> dict[str, dict[str, str]]:
        """What was found right, by code and name."""
        right: dict[str, dict[str, str]] = {}
        for refutation in self.observed.refutations:
            right.setdefault(refutation.code, {})[refutation.name] = refutation.seen
        return right

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {name: one for one in self.document.parameters for name in (one.name, *one.tied_with)}

    @cached_property
    def _inits(self) -> list[tuple[str, tuple[str, int]]]:
        return [
            (name, (parameter.init.filename, parameter.init.row))
            for parameter in self.document.parameters
            if parameter.init is not None
            for name in (parameter.name, *parameter.tied_with)
        ]


def judged(diagnostic: Diagnostic, judgements: Iterable[tuple[str, Judgement]]) -> Diagnostic:
    """A static finding with its verdict over several targets: one confirmation is enough, then one refutation.

    Args:
        judgements: each with the target that it comes from.
    """
    order: list[Verdict] = ["confirmed", "refuted", "not observed"]
    target, best = min(judgements, key=lambda pair: order.index(pair[1].verdict))
    evidence = {"seen": best.seen, "target": target} if best.seen else {}
    return replace(diagnostic, verdict=best.verdict, evidence=evidence)


def frames(outcome: Outcome) -> list[tuple[str, int]]:
    """The files and rows that the code was in when it raised, the outermost first."""
    return [(path, int(row)) for path, row in FRAME.findall(outcome.traceback)]


def _places(cls: Built, subjects: Iterable[Path]) -> list[list[str]]:
    """The dotted names of an attribute in the model, one for each instance of the class; a list for each subject."""
    return [[".".join((*filter(None, [name]), *path)) for name in cls.instances] for path in sorted(subjects)]


def _and_others(seen: str, count: int) -> str:
    return f"{seen}, and {count - 1} more like it" if count > 1 else seen


def _ends(path: Path) -> list[str]:
    """The dotted names that a path may end with, the longest first; the last part alone, `weight`, says nothing."""
    return [".".join(path[start:]) for start in range(len(path) - 1)]


def _lies_in(name: str, place: str) -> bool:
    """Whether a dotted name is a place, or something inside it."""
    return name == place or name.startswith((f"{place}.", f"{place}["))
