"""The state of interpreting: guards, cells, frames, steps; what evaluates nodes and calls is in the files beside.

Branches run one after the other on one heap, each under its guard. A value that differs between them is a `Choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from paramlint.model.event import Author, Event, EventKind
from paramlint.model.guard import ALWAYS, Condition, Guard
from paramlint.symbolic.limits import MAX_CHOICES, MAX_STEPS, MAX_TEXT, OverBudgetError
from paramlint.symbolic.program import Place, Program
from paramlint.symbolic.trace import SourceSite, Trace
from paramlint.symbolic.values import (
    Arguments,
    Cell,
    Choice,
    Constant,
    Dictionary,
    Environment,
    Instance,
    Loop,
    Object,
    Storage,
    TensorValue,
    Unknown,
    Value,
    shortened,
    text_of,
)

#: Conditions of one thing that code demands, and demands of several conditions, that are kept.
_ASSUMED = 4
_ASSUMPTIONS = 12

Test = tuple[Guard | None, Guard | None]
"""Under which guards something is true and is false; None where it cannot be."""


@dataclass
class Frame:
    """A call, or the round of a loop, that is under way.

    Attributes:
        node: the function.
        place: where its code is.
        call: from where it was called.
        alive: where the function has neither returned nor raised; None where it has for sure.
        entry: the guard under which it began.
        returns: what was returned, under which guards.
        yields: what a generator has given.
        unbroken: where no `break` has left the loop that is under way.
        unskipped: where no `continue` has ended the round that is under way.
    """

    node: Any
    place: Place
    call: SourceSite | None
    entry: Guard
    alive: Guard | None = ALWAYS
    returns: list[tuple[Guard, Value]] = field(default_factory=list)
    yields: Any = None
    stack: tuple[SourceSite, ...] = ()
    unbroken: Guard | None = ALWAYS
    unskipped: Guard | None = ALWAYS

    @property
    def rest(self) -> Guard | None:
        """Where what follows is still reached."""
        if self.alive is None or self.unbroken is None or self.unskipped is None:
            return None
        joined = self.alive & self.unbroken
        return joined & self.unskipped if joined is not None else None


class Interpreter:
    """Interprets one entry point.

    Args:
        program: where names are looked up.
        budget: steps that it may take.
    """

    def __init__(self, program: Program, budget: int = MAX_STEPS) -> None:
        self.program = program
        self.budget = budget
        self.steps = 0
        self.guard: Guard = ALWAYS
        #: What the code itself demands: where it raises otherwise. Certain is what needs no more than this.
        self.assumed: Guard = ALWAYS
        self.loops: tuple[Loop, ...] = ()
        self.records_gradient = True
        self.frames: list[Frame] = []
        self.trace = Trace()
        self.nesting = 0
        self.building: list[Instance] = []
        #: Instances whose construction waits until somebody asks.
        self.waiting: list[Instance] = []
        self.stand_ins: dict[Unknown, Instance] = {}
        self.globals: dict[tuple[str, str], Value] = {}
        self.global_cells: dict[str, dict[str, Cell]] = {}
        self.busy: set[object] = set()
        self.memo: dict[object, Any] = {}
        #: Texts of unknown values that are used as numbers.
        self.numbers: set[str] = set()
        self.optimizers: list[Any] = []
        #: Dictionaries with parameters for an optimizer under `params`.
        self.groups: list[Dictionary] = []
        #: The module and the arguments of each pass, by the number of the tensor that it gave.
        self.passes: dict[int, tuple[Instance, Arguments]] = {}
        #: The method of the entry that runs: `__init__`, `forward`; the name of a function.
        self.inside = ""
        self.instances: list[Instance] = []
        self.tensors: list[TensorValue] = []
        self._serials = count(1)

    # Steps

    def step(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            OverBudgetError: there are none left.
        """
        self.steps += steps
        if self.steps > self.budget:
            raise OverBudgetError

    def serial(self) -> int:
        """A number that no other thing of this run has."""
        return next(self._serials)

    # Guards

    @contextmanager
    def under(self, guard: Guard | None) -> Iterator[bool]:
        """Run under one more guard; gives whether that can be at all."""
        before = self.guard
        joined = None if guard is None else self.guard & guard
        if joined is None or not self.assumed.fits(joined):
            yield False
            return
        self.guard = joined
        try:
            yield True
        finally:
            self.guard = before

    @contextmanager
    def at(self, guard: Guard, loops: tuple[Loop, ...]) -> Iterator[None]:
        """Run under a guard and in loops that were noted before."""
        before = self.guard, self.loops
        self.guard, self.loops = guard, loops
        try:
            yield
        finally:
            self.guard, self.loops = before

    def decided(self, condition: Condition) -> bool | None:
        """Whether a condition is true here, None where it may be both."""
        known = self.guard.decides(condition)
        if known is None:
            known = self.assumed.decides(condition)
        if known is None and (self.guard.clauses or self.assumed.clauses):
            context = self.guard & self.assumed
            if context is not None:
                is_true = context.with_literal(condition, True) is not None
                is_false = context.with_literal(condition, False) is not None
                if is_true is not is_false:
                    return is_true
        return known

    def literal(self, condition: Condition) -> Test:
        """The guards under which a condition is true and false."""
        if len(condition.text) > MAX_TEXT:
            condition = replace(condition, text=shortened(condition.text))
        known = self.decided(condition)
        if known is not None:
            return (ALWAYS, None) if known else (None, ALWAYS)
        return Guard(frozenset([(condition, True)])), Guard(frozenset([(condition, False)]))

    def opaque(self, text: str, loop: int = 0) -> Test:
        """A test of which nothing is known but its text."""
        text = shortened(text)
        return self.literal(Condition(text, text, loop=loop))

    # Cells

    def write(self, cell: Cell, value: Value) -> None:
        """Give a cell a value under the guard of now."""
        guard = self.guard
        if not guard:
            cell.clear()
        elif cell:
            cell[:] = [(g, v) for g, v in cell if not g.implies(guard)]
        cell.append((guard, value))

    def read(self, cell: Cell, otherwise: Callable[[], Value] | None = None) -> Value | None:
        """The value of a cell here.

        Args:
            cell: the guarded values.
            otherwise: gives the value where the cell has none.

        Returns:
            None where it has none, and there is no other.
        """
        if len(cell) == 1 and self.guard.implies(cell[0][0]):
            return cell[0][1]
        found: list[tuple[Guard, Value]] = []
        rest: Guard | None = self.guard
        for guard, value in reversed(cell):
            here = rest & guard if rest is not None else None
            if here is None or not here.fits(self.assumed):
                continue
            assert rest is not None
            found.append((here.minus(self.guard), value))
            if rest.implies(guard) or (rest & self.assumed or rest).implies(guard):
                rest = None
                break
            gone = guard.minus(rest).negated()
            if gone is not None:
                rest = rest & gone
                if rest is None:
                    break
        if rest is not None and otherwise is not None:
            found.append((rest.minus(self.guard), otherwise()))
        return self.choice(found)

    def choice(self, options: Sequence[tuple[Guard, Value]]) -> Value | None:
        """One value of alternatives, each under a guard beyond that of now; None where there is none."""
        flat: list[tuple[Guard, Value]] = []
        for guard, value in options:
            if value.__class__ is Choice:
                for inner, alternative in value.options:  # type: ignore[attr-defined]
                    both = guard & inner
                    if both is not None and both.fits(self.guard):
                        flat.append((both, alternative))
            else:
                flat.append((guard, value))
        if not flat:
            return None
        first = flat[0][1]
        if len(flat) == 1 or all(value is first or value == first for _, value in flat):
            return first
        self.step(len(flat))
        merged: list[tuple[Guard, Value]] = []
        for guard, value in flat:
            if not any(v is value and g == guard for g, v in merged):
                merged.append((guard, value))
        if len(merged) > MAX_CHOICES:
            text = " or ".join(dict.fromkeys(text_of(v) for _, v in merged))
            return Unknown(text + f"#{self.serial()}")
        return Choice(merged)

    def each(self, value: Value, act: Callable[[Value], Value | None]) -> Value:
        """Do something with every alternative of a value, each under its guard; gives what came of it."""
        if value.__class__ is not Choice:
            return act(value) or Unknown(f"?{self.serial()}")
        found: list[tuple[Guard, Value]] = []
        for guard, alternative in value.options:  # type: ignore[attr-defined]
            self.step()
            with self.under(guard) as is_possible:
                if is_possible:
                    result = act(alternative)
                    if result is not None:
                        found.append((guard, result))
        return self.choice(found) or Unknown(f"?{self.serial()}")

    # Events and new objects

    @property
    def frame(self) -> Frame:
        """The call or round that is under way."""
        return self.frames[-1]

    @property
    def is_torch(self) -> bool:
        """Whether a stub is running: what happens is torch's doing."""
        return bool(self.frames) and self.frames[-1].place.file.is_stub

    def site(self, node: Any) -> SourceSite:
        """Where a node stands; for what stubs do, from where they were called."""
        frame = self.frames[-1]
        if frame.place.file.is_stub and frame.call is not None:
            return frame.call
        return SourceSite(frame.place, node, frame.stack)

    def emit(self, kind: EventKind, of: Any, node: Any, author: Author | None = None, **data: Any) -> Event:
        """Note that something happened."""
        self.step()
        by = author or ("torch" if self.is_torch else "user")
        event = self.trace.add(kind, of, self.site(node), self.guard, self.records_gradient, by, data)
        event.data["loops"], event.data["inside"] = self.loops, self.inside
        return event

    def made(self, node: Any) -> dict[str, Any]:
        """What every new object is told: where and when it is made."""
        return {"made": self.site(node), "guard": self.guard, "loops": self.loops, "order": self.trace.tick()}

    def new_tensor(self, node: Any, *, filled: bool, factory: str = "", **fields: Any) -> TensorValue:
        """A tensor with memory of its own."""
        fields.setdefault("role", "plain")
        tensor = TensorValue(storage=Storage(filled), **fields, **self.made(node))
        tensor.factory, tensor.recorded = factory, self.records_gradient
        self.tensors.append(tensor)
        return tensor

    def derived(self, node: Any, sources: Sequence[Value], factory: str = "") -> TensorValue:
        """A tensor that is computed from others."""
        return self.new_tensor(node, filled=True, factory=factory, sources=tuple(sources))

    def view(self, tensor: TensorValue, how: str, node: Any, shape: tuple[Value, ...] | None = None) -> TensorValue:
        """A tensor that shares another's memory."""
        view = TensorValue("plain", tensor.storage, shape, (tensor,), **self.made(node))
        view.view, view.base, view.recorded = how, tensor, self.records_gradient
        view.requires_grad = tensor.requires_grad
        return view

    def unknown_call(self, text: str) -> Unknown:
        """The result of a call of which nothing is known: equal to no other."""
        return Unknown(f"{text}#{self.serial()}")

    # Truth

    def truth(self, value: Value) -> Test:
        """Under which guards a value is true and false."""
        if value.__class__ is Choice:
            return self.any_of([(g, v) for g, v in value.options])  # type: ignore[attr-defined]
        if isinstance(value, Constant):
            return (ALWAYS, None) if value.value else (None, ALWAYS)
        if isinstance(value, Unknown):
            return self.literal(Condition(value.text, value.text, loop=value.loop))
        return self.truth_of_object(value)

    def truth_of_object(self, value: Value) -> Test:
        """The truth of something on the heap; containers say it by their items."""
        from paramlint.symbolic.containers import truth_of_container

        return truth_of_container(self, value)

    def any_of(self, options: Sequence[tuple[Guard, Value]]) -> Test:
        """The truth of one of several alternatives."""
        tests: list[Test] = []
        for guard, value in options:
            with self.under(guard) as is_possible:
                if not is_possible:
                    continue
                true, false = self.truth(value)
                tests.append((_both(guard, true), _both(guard, false)))
        trues = [t for t, _ in tests if t is not None]
        falses = [f for _, f in tests if f is not None]
        if not falses:
            return ALWAYS, None
        if not trues:
            return None, ALWAYS
        return self.split(trues, falses)

    def split(self, trues: Sequence[Guard], falses: Sequence[Guard]) -> Test:
        """A test that is true under one of some guards and false under one of others."""
        true = trues[0] if len(trues) == 1 else None
        false = falses[0] if len(falses) == 1 else None
        if true is None and false is not None:
            true = false.negated()
        if false is None and true is not None:
            false = true.negated()
        if true is None or false is None:
            loop = next((c.loop for g in (*trues, *falses) for c, _ in g.literals if c.loop), 0)
            text = " or ".join(sorted(f"({g})" for g in trues))
            return self.opaque(text, loop)
        return true, false

    # Control

    def kill(self) -> None:
        """The function returns here under the guard of now."""
        self.frame.alive = self._without_now(self.frame.alive)

    def leave_loop(self) -> None:
        """A `break` under the guard of now."""
        self.frame.unbroken = self._without_now(self.frame.unbroken)

    def skip_round(self) -> None:
        """A `continue` under the guard of now."""
        self.frame.unskipped = self._without_now(self.frame.unskipped)

    def _without_now(self, guard: Guard | None) -> Guard | None:
        """A guard and the negation of that of now."""
        gone = self.guard.minus(self.frame.entry)
        if guard is None or not gone:
            return None
        rest = gone.negated()
        if rest is None:
            rest = self.opaque(f"not ({gone})")[0] or ALWAYS
        return guard & rest

    def fail(self) -> None:
        """The code raises here: what follows is only reached otherwise, and whoever builds the model sees to that."""
        gone = self.guard.minus(self.frames[0].entry if self.frames else ALWAYS)
        rest = gone.negated()
        if rest is not None and len(gone.literals) <= _ASSUMED and not any(c.loop for c, _ in gone.literals):
            joined = self.assumed & rest
            if joined is not None and len(joined.clauses) <= _ASSUMPTIONS:
                self.assumed = joined
        self.kill()

    # What the files beside do

    def evaluate(self, node: Any, env: Environment) -> Value:
        """The value of an expression."""
        from paramlint.symbolic.expressions import evaluate

        return evaluate(self, node, env)

    def call(self, function: Value, arguments: Arguments, node: Any) -> Value:
        """The result of a call."""
        from paramlint.symbolic.calls import call

        return call(self, function, arguments, node)

    def build(self, instance: Object) -> None:
        """Run the constructor of an instance that waits for it."""
        if isinstance(instance, Instance) and instance.build is not None:
            build, instance.build = instance.build, None
            build()


def _both(one: Guard, other: Guard | None) -> Guard | None:
    return None if other is None else one & other
