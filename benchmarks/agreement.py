#!/usr/bin/env python3
"""Compare the symbolic build of every class of some packages with what is really built.

    benchmarks/agreement.py timm kornia --live-cache live
    benchmarks/agreement.py timm --live-cache live --only 'timm.layers.*' --verbose

`verify` builds each class with guessed arguments (`live_models.py`), and the symbolic build gets those of them that are
literals. Covered is a live name that a row or an unknown row matches, exact one that a row of its own kind matches. A
claim of a certain row is wrong if no live tensor of the kind has its name, or its shape, ties, initialiser, place,
`requires_grad` or persistence is another one; `--verbose` lists all of these.
"""

from __future__ import annotations

import argparse
import ast
import collections
import fnmatch
import multiprocessing
import os
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from live_models import live_models, relative

Row = dict[str, Any]
KINDS = ("parameter", "buffer")
#: Why something is unknown where the symbolic build has come to the end of its budget.
OVER_BUDGET = "the steps were used up"
PLACEHOLDER = re.compile(r"(\{[^{}]*\}|\*\*)")
NUMBERS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
#: What may stand in a text that says a size.
FUNCTIONS = {"abs": abs, "int": int, "len": len, "max": max, "min": min, "round": round, "sum": sum}
#: Initialisers and operations that write one constant; None stands for the argument that says which.
CONSTANT = {
    "zeros_": 0, "zero_": 0, "zeros": 0, "zeros_like": 0, "new_zeros": 0, "zero": 0,
    "ones_": 1, "ones": 1, "ones_like": 1, "new_ones": 1,
    "constant_": None, "fill_": None, "full": None, "full_like": None, "new_full": None,
}  # fmt: skip
#: Ways to make a tensor of values that are given: the operation, and what it is called by those who use it.
SAME = dict.fromkeys(("lift_fresh", "as_tensor", "Tensor", "FloatTensor"), "tensor")


def symbolic_rows(target: str, arguments: dict[str, str], *, defaults: bool) -> Row:
    """What the symbolic build says of one class; the only place that knows how it is asked.

    Args:
        arguments: source of Python literals.
        defaults: take the others' defaults instead of leaving them unknown.
    """
    from paramlint.symbolic.showing.show import show
    from paramlint.symbolic.showing.show_targets import subjects

    (subject,) = subjects(_program(), target)
    shown = show(subject, {name: ast.literal_eval(source) for name, source in arguments.items()}, defaults=defaults)
    told: Row = msgspec.to_builtins(shown)
    return told


@cache
def _program() -> Any:
    from paramlint.symbolic.showing.show_targets import open_program

    return open_program()


@dataclass(frozen=True)
class Live:
    """One name of a live tensor."""

    name: str
    kind: str
    row: Row
    names: tuple[str, ...]


@dataclass(frozen=True)
class Wrong:
    """A claim that the live model refutes."""

    target: str
    name: str
    kind: str
    claim: Any
    live: Any
    place: str

    def __str__(self) -> str:
        return f"{self.target} {self.name}: {self.kind} {self.claim}, live {self.live}  {self.place}"


@dataclass
class Score:
    """What became of the classes of a package."""

    built: int = 0
    names: int = 0
    covered: int = 0
    exact: int = 0
    certain: int = 0
    shaped: int = 0
    claims: int = 0
    untold_ties: int = 0
    over_budget: int = 0
    steps: int = 0
    seconds: float = 0.0
    wrong: list[Wrong] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: Score) -> Score:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, mine | value if isinstance(mine, dict) else mine + value)
        return self


class Pattern:
    """The name of a row.

    `{expr}` stands for one component or a part of one: `{8}` for 0 to 7, `{2-5,9}` for these numbers, others for
    anything. `**` stands for any rest, but alone it says nothing.
    """

    def __init__(self, name: str) -> None:
        parts = PLACEHOLDER.split(name)
        self.fixed = sum(map(len, parts[::2]))
        self._numbers = [_numbers(part[1:-1]) for part in parts[1::2]]
        self._expression = re.compile("".join(map(_part, parts)), re.S) if name != "**" else None

    def matches(self, name: str) -> bool:
        found = self._expression and self._expression.fullmatch(name)
        if not found:
            return False
        known = zip(found.groups(), self._numbers, strict=True)
        return all(allowed is None or (text.isdigit() and int(text) in allowed) for text, allowed in known)


def _part(text: str) -> str:
    return "(.+)" if text == "**" else "([^.]+)" if text.startswith("{") else re.escape(text)


def _numbers(text: str) -> frozenset[int] | None:
    """The numbers that a placeholder stands for; None where it does not say it."""
    if text.isdigit():
        return frozenset(range(int(text)))
    if not NUMBERS.fullmatch(text):
        return None
    ranges = (part.partition("-") for part in text.split(","))
    return frozenset(number for low, _, high in ranges for number in range(int(low), int(high or low) + 1))


class Comparison:
    """One class, built and told."""

    def __init__(self, live: Row, told: Row, root: str) -> None:
        self._target = live["target"]
        self._root = root
        self._live = {one.name: one for one in _live_names(live)}
        self._values = _values(live["arguments"])
        self._rows = [(kind, row, Pattern(row["name"])) for kind in KINDS for row in told[f"{kind}s"]]
        self._unknown = [Pattern(row["name"]) for row in told["unknown"]]
        self._row_of = {name: row for name in self._live if (row := self._best(name)) is not None}
        self._is_over_budget = any(row["why"] == OVER_BUDGET for row in told["unknown"])
        self._steps = told.get("steps") or 0

    def score(self) -> Score:
        """All figures."""
        exact = [self._rows[i][1] for name, i in self._row_of.items() if self._rows[i][0] == self._live[name].kind]
        missed = [name for name in self._live if name not in self._row_of and not self._is_unknown(name)]
        return Score(
            built=1,
            names=len(self._live),
            covered=len(self._live) - len(missed),
            exact=len(exact),
            certain=sum(bool(row["certain"]) for row in exact),
            shaped=sum(row["shape"] is not None for row in exact),
            claims=sum(bool(row["certain"]) for _, row, _ in self._rows),
            untold_ties=len({live.names for live in self._live.values() if self._is_untold(live)}),
            over_budget=self._is_over_budget,
            steps=self._steps,
            wrong=list(self._wrong()),
            missed=[f"{self._target} {name}" for name in missed],
        )

    def _best(self, name: str) -> int | None:
        """The row that stands for a name: of those that match, one of its kind, and with the most fixed text."""
        found = [index for index, (_, _, pattern) in enumerate(self._rows) if pattern.matches(name)]
        return max(found, key=lambda index: self._rank(index, name), default=None)

    def _rank(self, index: int, name: str) -> tuple[bool, int, bool]:
        kind, row, pattern = self._rows[index]
        return kind == self._live[name].kind, pattern.fixed, bool(row["certain"])

    def _is_unknown(self, name: str) -> bool:
        return any(pattern.matches(name) for pattern in self._unknown)

    def _is_untold(self, live: Live) -> bool:
        """Whether a tensor has several names, each told by a certain row, and none says so."""
        rows = [self._rows[self._row_of[name]][1] for name in live.names if name in self._row_of]
        return len(live.names) == len(rows) > 1 and all(row["certain"] and not row["tied_with"] for row in rows)

    def _wrong(self) -> Iterator[Wrong]:
        for index, (kind, row, pattern) in enumerate(self._rows):
            if not row["certain"] or row["count"] == 0:
                continue
            matched = [live for name, live in self._live.items() if pattern.matches(name)]
            if not matched:
                yield self._refuted(row, row["name"], "name", kind, "no such tensor")
            elif row["count"] is not None and len(matched) < row["count"]:
                yield self._refuted(row, row["name"], "count", row["count"], len(matched))
            for live in matched:
                if self._row_of[live.name] == index:
                    for what, claim, really in self._differences(kind, row, live):
                        yield self._refuted(row, live.name, what, claim, really)

    def _refuted(self, row: Row, name: str, kind: str, claim: Any, really: Any) -> Wrong:
        place = f"{relative(row['filename'] or '', self._root)}:{row['row']}"
        return Wrong(self._target, name, kind, claim, really, place)

    def _differences(self, kind: str, row: Row, live: Live) -> Iterator[tuple[str, Any, Any]]:
        """What a row claims of a live tensor that is not so: the kind of claim, the claim, and the truth."""
        if kind != live.kind:
            yield "kind", kind, live.kind
            return
        really = live.row
        if (
            row["shape"] is not None
            and really["status"] != "lazy"
            and not self._is_shape(row["shape"], really["shape"])
        ):
            yield "shape", row["shape"], really["shape"]
        if row["dtype"] and row["dtype"].removeprefix("torch.") != really["dtype"]:
            yield "dtype", row["dtype"], really["dtype"]
        for own in ("requires_grad", "persistent"):
            if row.get(own) is not None and own in really and row[own] != really[own]:
                yield own, row[own], really[own]
        others = [name for name in live.names if name != live.name]
        for tie in row["tied_with"]:
            if not any(Pattern(tie).matches(name) for name in others):
                yield "tie", tie, others
        if row["init"] and really["status"] != "lazy" and 0 not in really["shape"]:  # else there are no elements
            yield from self._init_differences(row["init"], really["init"])

    def _is_shape(self, claimed: list[int | str], shape: list[int]) -> bool:
        if len(claimed) != len(shape):
            return False
        return all(real in found for found, real in zip(map(self._sizes, claimed), shape, strict=True) if found)

    def _sizes(self, claimed: int | str) -> list[int | float]:
        """What a size may be; none where that cannot be told."""
        texts = alternatives(claimed) if isinstance(claimed, str) else [claimed]
        found = [evaluated(one, self._values) if isinstance(one, str) else one for one in texts]
        return found if all(isinstance(one, (int, float)) for one in found) else []

    def _init_differences(self, claimed: Row, really: Row | None) -> Iterator[tuple[str, Any, Any]]:
        if really is None:
            yield "init", _written(claimed), None
            return
        law, real = (self._law(one["call"], one["arguments"]) for one in (claimed, really))
        if law[0] != real[0] or any(not _is_close(law[1][name], real[1][name]) for name in law[1].keys() & real[1]):
            yield "init", _written(claimed), _written(really)
        elif really["filename"] and claimed["filename"]:
            places = [(relative(one["filename"], self._root), one["row"]) for one in (claimed, really)]
            if places[0] != places[1]:
                yield "place", *(f"{filename}:{row}" for filename, row in places)

    def _law(self, call: str, arguments: Row) -> tuple[str, Row]:
        """An initialiser and its arguments that are known, the same for all ways to write one constant."""
        call = SAME.get(name := call.rpartition(".")[2], name)
        texts = {name: evaluated(one, self._values) if isinstance(one, str) else one for name, one in arguments.items()}
        known = {name: one for name, one in texts.items() if one is not None}
        if call not in CONSTANT:
            return call, known
        value = CONSTANT[call]
        if value is None:
            value = next((one for one in reversed(known.values()) if isinstance(one, (int, float))), None)
        return "constant", {} if value is None else {"value": value}


def _live_names(live: Row) -> Iterator[Live]:
    for kind in KINDS:
        for row in live[f"{kind}s"]:
            names = (row["name"], *row["tied_with"])
            yield from (Live(name, kind, row, names) for name in names)


def literals(arguments: Row) -> dict[str, str]:
    """The arguments that were given or guessed and are literals; the others are defaults, or cannot be told."""
    chosen = {name: one["source"] for name, one in arguments.items() if one["origin"] != "default"}
    return {name: source for name, source in chosen.items() if _literal(source) is not ...}


def _literal(source: str) -> Any:
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return ...


def _values(arguments: Row) -> dict[str, Any]:
    """What the texts in shapes may name: the arguments, and the attributes of those that are objects."""
    plain = {name: _literal(one["source"]) for name, one in arguments.items()}
    held = {name: SimpleNamespace(**one["holds"]) for name, one in arguments.items() if one["holds"]}
    return {name: value for name, value in plain.items() if value is not ...} | held


def alternatives(text: str) -> list[str]:
    """The parts of `3 or 4`, which is not what Python says with it."""
    try:
        body = ast.parse(text, mode="eval").body
    except SyntaxError:
        return [text]
    is_choice = isinstance(body, ast.BoolOp) and isinstance(body.op, ast.Or)
    return list(map(ast.unparse, body.values)) if is_choice else [text]


def evaluated(text: str, values: dict[str, Any]) -> Any:
    """What a text says; None where it needs more than the arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return eval(text, {"__builtins__": FUNCTIONS}, values)
        except Exception:
            return None


def _is_close(claimed: Any, really: Any) -> bool:
    if isinstance(claimed, (int, float)) and isinstance(really, (int, float)):
        return abs(claimed - really) <= 1e-6 * max(1, abs(really))
    return bool(claimed == really)


def _written(init: Row) -> str:
    return f"{init['call']}({', '.join(f'{name}={value}' for name, value in (init['arguments'] or {}).items())})"


def compare(live: Row, root: str, *, bare: bool = False) -> Score:
    """One class: what the symbolic build says of it, beside what it is.

    Args:
        bare: give no arguments, so that what is claimed has to hold for any.
    """
    started = _cpu()
    try:
        told = symbolic_rows(live["target"], {} if bare else literals(live["arguments"]), defaults=not bare)
    except Exception as error:
        return Score(failed={live["target"]: f"{type(error).__name__}: {error}"})
    score = Comparison(live, told, root).score()
    score.seconds = _cpu() - started
    return score


def _cpu() -> float:
    """Seconds of CPU of this process and of its children."""
    return sum(os.times()[:4])


def scored(models: Row, only: str, jobs: int, *, bare: bool) -> Score:
    """All classes of a package whose target matches."""
    classes = [live for live in models["classes"] if fnmatch.fnmatchcase(live["target"], only)]
    one = partial(compare, root=models["root"], bare=bare)
    score = Score()
    if jobs == 1:
        for live in classes:
            score += one(live)
        return score
    with multiprocessing.Pool(jobs) as pool:
        for each in pool.imap(one, classes, 4):
            score += each
    return score


COLUMNS = ("package", "built", "names", "covered", "exact", "certain", "shaped", "wrong", "budget", "failed", "s")


def printed(package: str, score: Score) -> str:
    """A line of the table: shares of the names, and of the exact ones."""
    names, exact = max(1, score.names), max(1, score.exact)
    shares = (score.covered / names, score.exact / names, score.certain / exact, score.shaped / exact)
    figures = (score.built, score.names, *(f"{100 * share:.1f}%" for share in shares), len(score.wrong))
    return _line(package, *figures, score.over_budget, len(score.failed), f"{score.seconds:.1f}")


def _line(package: str, *figures: object) -> str:
    return f"{package:<28}" + "".join(f"{figure!s:>9}" for figure in figures)


def report(package: str, score: Score, *, verbose: bool) -> None:
    """The figures, and what they are made of."""
    kinds = collections.Counter(wrong.kind for wrong in score.wrong)
    print(printed(package, score))
    print(f"  {score.claims:,} certain rows, {score.steps:,} steps, {score.untold_ties} ties not told", end="")
    print(f"; wrong: {', '.join(f'{number} {kind}' for kind, number in kinds.most_common())}" if kinds else "")
    if verbose:
        for wrong in score.wrong:
            print(f"  {wrong}")
        for name in score.missed:
            print(f"  {name}: not covered")
        for target, why in score.failed.items():
            print(f"  {target}: {why}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", metavar="PACKAGE", help="as it is imported")
    parser.add_argument("--live-cache", type=Path, metavar="DIR", help="keep the live side there, and use what is kept")
    parser.add_argument("--most", type=int, metavar="N", help="build at most so many classes, evenly chosen")
    parser.add_argument("--only", default="*", metavar="GLOB", help="compare only these targets")
    parser.add_argument("--bare", action="store_true", help="give the symbolic build no arguments")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--verbose", action="store_true", help="list each wrong claim and each name not covered")
    given = parser.parse_args(arguments)
    total = Score()
    print(_line(*COLUMNS))
    for package in given.packages:
        models = live_models(package, given.live_cache, most=given.most)
        score = scored(models, given.only, given.jobs, bare=given.bare)
        report(package, score, verbose=given.verbose)
        total += score
    if len(given.packages) > 1:
        report("all", total, verbose=False)
    return int(bool(total.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
