"""From a finished run to the table of its tensors: what is certain of each, and where it is made and filled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec

from paramlint.model.event import Event, Order
from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic import registry
from paramlint.symbolic.folding import fold
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_ROWS, OverBudgetError
from paramlint.symbolic.origin import covers, origin
from paramlint.symbolic.registry import Below, Held
from paramlint.symbolic.shown import Buffer, Init, Parameter, ShownClass, UnknownPart
from paramlint.symbolic.tensors import known_shape
from paramlint.symbolic.values import Constant, External, Instance, Loop, TensorValue
from paramlint.symbolic.wording import beyond, condition, options, size, told, told_name

_DTYPES = {
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "int": "int32",
    "long": "int64",
    "short": "int16",
}
#: Why something is not known where a run ended before it.
USED_UP = "the steps were used up"
#: Steps to go through all that was built, after those to build it.
_STEPS_TO_LOOK = 4 * MAX_ROWS


@dataclass(frozen=True)
class Origin:
    """Where the class or function that is shown is defined."""

    name: str
    filename: str
    row: int


@dataclass(frozen=True)
class _Place:
    """A name of a tensor: the alternative guards under which it is there, and the modules that lead to it."""

    name: str
    guards: tuple[Guard, ...]
    loops: tuple[Loop, ...]
    held: Held
    tensor: TensorValue
    holders: tuple[Instance, ...]

    @cached_property
    def context(self) -> Guard:
        """What holds wherever it is there."""
        literals = frozenset.intersection(*(guard.literals for guard in self.guards))
        return Guard(literals, frozenset.intersection(*(guard.clauses for guard in self.guards)))

    @property
    def rounds(self) -> frozenset[int]:
        """The loops each of whose rounds gives a name of its own."""
        return frozenset(loop.number for loop in self.loops)


def table(run: Interpreter, roots: Sequence[tuple[Guard, Instance]], origin: Origin) -> ShownClass:
    """The table of a module, or of the alternatives of one.

    Args:
        run: the finished run that built it.
        roots: modules, each under its guard.
        origin: what is shown.
    """
    return _Table(run, origin).of(roots)


class _Table:
    def __init__(self, run: Interpreter, origin: Origin) -> None:
        self.run = run
        self.origin = origin
        self.places: list[_Place] = []
        self.missing: list[Below] = []
        self.is_cut_short = "over budget" in run.memo
        self.named: dict[tuple[int, str], Event] = {}
        self.flagged: dict[int, list[Event]] = {}
        self.left: dict[int, Order] = {}

    def _note(self, event: Event) -> None:
        number = getattr(event.of, "number", 0)
        if event.kind == "flagged":
            self.flagged.setdefault(number, []).append(event)
        elif event.kind in ("escaped", "moved"):
            self.left[number] = max(self.left.get(number, ()), event.order[-1])
        elif event.kind == "bound":
            self.named[number, str(event.get("name"))] = event
        elif event.kind == "registered":
            self.named[event.holder.number, str(event.key)] = event

    def of(self, roots: Sequence[tuple[Guard, Instance]]) -> ShownClass:
        """Everything below the roots."""
        steps = min(self.run.steps, self.run.budget)
        self._look(roots)
        return ShownClass(
            name=self.origin.name,
            filename=self.origin.filename,
            row=self.origin.row,
            parameters=_folded([self._parameter(p) for p in self.places if p.tensor.role == "parameter"]),
            buffers=_folded([self._buffer(p) for p in self.places if p.tensor.role == "buffer"]),
            unknown=_folded_unknown([self._unknown(below) for below in self.missing]),
            steps=steps,
        )

    def _look(self, roots: Sequence[tuple[Guard, Instance]]) -> None:
        """Go through what was built; layers that still wait for it are built, as long as some more steps suffice."""
        for give_up in (False, True):
            if give_up:
                for instance in self.run.instances:
                    if instance.build is not None:
                        instance.build = None
                        instance.forget(USED_UP)
            self.run.budget = self.run.steps + _STEPS_TO_LOOK
            self.places, self.missing = [], []
            try:
                for guard, root in roots:
                    self._collect(root, guard)
            except OverBudgetError:
                continue
            break
        else:
            self.missing.append(Below("**", ALWAYS, (), None, USED_UP))
        for event in self.run.trace.events:
            self._note(event)

    # What there is

    def _collect(self, root: Instance, guard: Guard) -> None:
        holders: dict[str, list[Instance]] = {"": [root]}
        places: dict[tuple[str, int], int] = {(p.name, p.tensor.number): i for i, p in enumerate(self.places)}
        for below in registry.below(self.run, root, guard=guard):
            held = below.held
            if held is None:
                self.missing.append(below)
            elif isinstance(held.value, TensorValue):
                key = below.name, held.value.number
                if key in places:
                    known = self.places[places[key]]
                    self.places[places[key]] = replace(known, guards=_merged([*known.guards, below.guard]))
                    continue
                places[key] = len(self.places)
                above = tuple(module for name in _prefixes(below.name) for module in holders.get(name, ()))
                self.places.append(_Place(below.name, (below.guard,), below.loops, held, held.value, above))
            elif isinstance(held.value, Instance):
                holders.setdefault(below.name, []).append(held.value)

    # What is said of it

    def _unknown(self, below: Below) -> UnknownPart:
        site = self._site(below)
        return UnknownPart(
            name=told_name(below.name),
            why=told(below.why) or "it cannot be told",
            filename=site.path if site is not None else self.origin.filename,
            row=site.row if site is not None else self.origin.row,
        )

    def _site(self, below: Below) -> Any:
        """Where something unknown is given its name, else where its owner is made."""
        owner = below.owner
        if owner is None:
            return None
        own = below.name.removesuffix(".**").rpartition(".")[2]
        event = self.named.get((owner.number, own)) if not below.name.endswith("}**") else None
        return event.site if event is not None else owner.made

    def _parameter(self, place: _Place) -> Parameter:
        return Parameter(**self._said(place))

    def _buffer(self, place: _Place) -> Buffer:
        kind = place.held.holder.registered.get(place.held.name)
        persistent = {"buffer": True, "buffer:passing": False}.get(kind or "")
        return Buffer(**self._said(place), persistent=persistent)

    def _said(self, place: _Place) -> dict[str, Any]:
        assumed = self.run.assumed
        rest = [beyond(guard, assumed) for guard in place.guards]
        made = place.tensor.made
        return {
            "name": told_name(place.name),
            "certain": not all(rest) and all(loop.count for loop in self._loops(place)) and not self.is_cut_short,
            "condition": condition(rest),
            "count": _count(place, rest),
            "shape": self._shape(place),
            "dtype": self._dtype(place),
            "init": self._init(place),
            "tied_with": self._ties(place),
            "requires_grad": self._requires_grad(place),
            "filename": made.path if made is not None else self.origin.filename,
            "row": made.row if made is not None else self.origin.row,
        }

    def _loops(self, place: _Place) -> Iterable[Loop]:
        """All loops that must have a round so that the tensor is there."""
        return {*place.loops, *place.tensor.loops, *(loop for module in place.holders for loop in module.loops)}

    def _shape(self, place: _Place) -> tuple[int | str, ...] | None:
        shape = known_shape(self.run, place.tensor)
        if shape is None:
            return None
        sizes = [size(value, place.context) for value in shape]
        known = tuple(one for one in sizes if one is not None)
        return known if len(known) == len(sizes) else None

    def _dtype(self, place: _Place) -> str | None:
        value = place.tensor.dtype
        if not isinstance(value, External) or self._has_left(place, after=()):
            return None
        name = value.name.removeprefix("torch.")
        return _DTYPES.get(name, name)

    def _requires_grad(self, place: _Place) -> bool | None:
        tensor = place.tensor
        if self._has_left(place, after=()):
            return None
        if not all(covers(event) for event in self.flagged.get(tensor.number, ())):
            return None
        if tensor.requires_grad is None:
            allocated = tensor.storage.allocated
            return False if allocated is not None and allocated.of is tensor else None
        found = options(tensor.requires_grad, place.context)
        known = {one.value for one in found if isinstance(one, Constant) and isinstance(one.value, bool)}
        return known.pop() if len(known) == 1 and all(isinstance(one, Constant) for one in found) else None

    def _init(self, place: _Place) -> Init | None:
        written = max((event.order[-1] for event in place.tensor.storage.writes), default=())
        return None if self._has_left(place, after=written) else origin(self.run, place.tensor, place.context)

    def _has_left(self, place: _Place, after: Order) -> bool:
        """Whether code that is not known, or was not run, may have changed the tensor after a time."""
        return self.is_cut_short or any(self.left.get(one.number, ()) > after for one in (place.tensor, *place.holders))

    # Ties

    @cached_property
    def _by_tensor(self) -> dict[int, list[_Place]]:
        found: dict[int, list[_Place]] = {}
        for place in self.places:
            found.setdefault(place.tensor.number, []).append(place)
        return found

    def _ties(self, place: _Place) -> tuple[str, ...]:
        """Names under which the same tensor is found wherever this one is.

        A tensor that is made in a loop stands for one of each round: another name means the same one only where it
        goes through these rounds too.
        """
        made = frozenset(loop.number for loop in place.tensor.loops)
        found = []
        for other in self._by_tensor[place.tensor.number]:
            if other is place:
                if place.rounds - made and any(loop.count != 1 for loop in place.loops if loop.number not in made):
                    found.append(told_name(place.name))
            elif made <= other.rounds and self._is_there_with(other, place):
                found.append(told_name(other.name))
        return tuple(dict.fromkeys(found))

    def _is_there_with(self, other: _Place, place: _Place) -> bool:
        context = place.context & self.run.assumed
        is_reached = {loop.number for loop in self._loops(other) if not loop.count} <= {
            loop.number for loop in self._loops(place)
        }
        return is_reached and context is not None and any(context.implies(guard) for guard in other.guards)


def _prefixes(name: str) -> Iterator[str]:
    """The names of the modules that lead to a name, that of the model first; more than there are."""
    yield ""
    for index, letter in enumerate(name):
        if letter == ".":
            yield name[:index]


def _merged(guards: Sequence[Guard]) -> tuple[Guard, ...]:
    """Alternative guards; two that differ in the truth of one condition alone are one without it."""
    found = list(dict.fromkeys(guards))
    for one in found:
        for other in found:
            difference = one.literals ^ other.literals
            if one.clauses == other.clauses and len(difference) == 2 and len({c for c, _ in difference}) == 1:
                joined = Guard(one.literals & other.literals, one.clauses)
                return _merged([joined, *(g for g in found if g not in (one, other))])
    return tuple(found)


def _count(place: _Place, guards: Sequence[Guard]) -> int | None:
    if any(c.loop for guard in guards for c, _ in guard.literals):
        return None
    counts = [loop.count for loop in place.loops]
    return math.prod(n for n in counts if n is not None) if None not in counts else None


# Folding


def _folded(rows: list[Any]) -> tuple[Any, ...]:
    """Rows with equal repeats as one."""
    groups = fold([row.name for row in rows], [_alike(row) for row in rows])
    names = {rows[index].name: pattern for pattern, members in groups for index in members}
    found = []
    for pattern, members in groups:
        first = rows[members[0]]
        counts = [rows[index].count for index in members]
        found.append(
            msgspec.structs.replace(
                first,
                name=pattern,
                count=sum(counts) if None not in counts else None,
                tied_with=tuple(dict.fromkeys(names.get(name, name) for name in first.tied_with)),
            )
        )
    return tuple(found)


def _alike(row: Parameter) -> str:
    """What rows have in common that are folded: all but name and count; of ties, that they are in one group."""
    group = sorted({row.name, *row.tied_with}) if row.tied_with else []
    return repr((msgspec.structs.replace(row, name="", count=1 if row.count else row.count, tied_with=()), group))


def _folded_unknown(rows: list[UnknownPart]) -> tuple[UnknownPart, ...]:
    """One row for each name, equal repeats as one."""
    by_name: dict[str, list[UnknownPart]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    joined = [
        msgspec.structs.replace(group[0], why=" or ".join(dict.fromkeys(row.why for row in group)))
        for group in by_name.values()
    ]
    groups = fold([row.name for row in joined], [(row.why, row.filename, row.row) for row in joined])
    return tuple(msgspec.structs.replace(joined[members[0]], name=pattern) for pattern, members in groups)
