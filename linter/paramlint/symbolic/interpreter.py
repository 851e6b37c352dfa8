"""The state of interpreting: guards, cells, frames, steps; what evaluates nodes and calls is in the files beside.

Branches run one after the other on one heap, each under its guard. A value that differs between them is a `Choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from paramlint.model.event import Author, Event, EventKind, Order
from paramlint.model.guard import ALWAYS, Guard
from paramlint.model.guard_table import Conditions
from paramlint.symbolic.code.program import Place, Program
from paramlint.symbolic.code.source_trace import SourceSite, Trace
from paramlint.symbolic.definitions.fruitless import Ledger
from paramlint.symbolic.limits import MAX_CHOICES, MAX_HELD, MAX_STEPS, LeftError, OverBudgetError
from paramlint.symbolic.values import (
    Arguments,
    Cell,
    Choice,
    Constant,
    Dictionary,
    Environment,
    External,
    Instance,
    Loop,
    Object,
    Storage,
    TensorValue,
    Unknown,
    Value,
    one_held,
    one_of_many,
    shortened,
)

#: The code around what an entry point calls, and that itself.
_FRAMES_OF_AN_ENTRY = 2
#: What only happens where something is trained.
_OF_TRAINING = frozenset(
    {"backward", "cleared", "optimizer", "grouped", "stepped", "mode", "called", "flagged", "loaded"}
)

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
        is_entry: whether it only stands around what an entry point calls.
        unbroken: where no `break` has left the loop that is under way.
        unskipped: where no `continue` has ended the round that is under way.
        given: what it was given.
        arguments: the same of a function that is no method.
        wraps: the function in whose place it was called.
        builds: the module whose constructor it is.
        begun: how many objects and events there were when it began; None where it cannot be left before its end.
    """

    node: Any
    place: Place
    call: SourceSite | None
    entry: Guard
    alive: Guard | None = ALWAYS
    returns: list[tuple[Guard, Value]] = field(default_factory=list)
    yields: Any = None
    stack: tuple[SourceSite, ...] = ()
    is_entry: bool = False
    unbroken: Guard | None = ALWAYS
    unskipped: Guard | None = ALWAYS
    given: Arguments | None = None
    arguments: Arguments | None = None
    wraps: Any = None
    builds: Instance | None = None
    begun: tuple[int, int] | None = None

    @property
    def rest(self) -> Guard | None:
        """Where what follows is still reached."""
        if self.alive is None or self.unbroken is None or self.unskipped is None:
            return None
        joined = self.alive & self.unbroken
        return joined & self.unskipped if joined is not None else None


class _Under:
    """What `with run.under(guard)` enters; a generator would take longer than most of what runs in it."""

    __slots__ = ("before", "guard", "run")

    def __init__(self, run: Interpreter, guard: Guard | None) -> None:
        self.run = run
        self.guard = guard

    def __enter__(self) -> bool:
        run, guard = self.run, self.guard
        self.before = run.guard
        if guard is None:
            return False
        joined = run.guard & guard if guard is not ALWAYS else run.guard
        if joined is None or not run.assumed.fits(joined):
            return False
        run.guard = joined
        return True

    def __exit__(self, *error: object) -> None:
        self.run.guard = self.before


class Interpreter:
    """Interprets one entry point.

    Args:
        program: where names are looked up.
        budget: steps that it may take.
    """

    def __init__(self, program: Program, budget: int = MAX_STEPS) -> None:
        from paramlint.symbolic.definitions.calls import call
        from paramlint.symbolic.language.expressions import evaluate

        #: The value of an expression: of its node, and the names around it.
        self.evaluate: Callable[[Any, Environment], Value] = partial(evaluate, self)
        #: The result of a call: of what is called, what it is given, and the node.
        self.call: Callable[[Value, Arguments, Any], Value] = partial(call, self)
        self.program = program
        self.budget = budget
        #: Steps that the code of libraries may take beside the budget, which is for what the user has written.
        self.credit = 0
        #: Steps that are kept for what follows the call that takes most of them, which is left then.
        self.reserve = 0
        #: Whether only those are left: what modules of the project are made of is not found out any more.
        self.is_short = False
        self.steps = 0
        self.ledger = Ledger()
        self.conditions = Conditions(self.step)
        self.guard: Guard = ALWAYS
        #: What the code itself demands: where it raises otherwise. Certain is what needs no more than this.
        self.assumed: Guard = ALWAYS
        #: Whether what a package that cannot be read has under a name may be false, such as a flag; else it is there.
        self.doubts_flags = False
        self.loops: tuple[Loop, ...] = ()
        self.loops_of_fill: tuple[Loop, ...] = ()  # around the first use of an iterator, which fills it once
        self.records_gradient = True
        self.frames: list[Frame] = []
        self.trace = Trace()
        self.nesting = 0
        self.building: list[Instance] = []
        #: Classes that take more steps by themselves than there are, by file and row: not built inside others.
        self.too_large: set[tuple[str, int]] = set()
        #: Instances whose construction waits until somebody asks.
        self.waiting: list[Instance] = []
        self.stand_ins: dict[Unknown, Instance] = {}
        #: Names that the code asks unknown values for.
        self.asked: dict[Unknown, set[str]] = {}
        self.globals: dict[tuple[str, str], Value] = {}
        self.global_cells: dict[str, dict[str, Cell]] = {}
        #: How often a function gave a name at module level a value.
        self.global_writes = 0
        self.busy: set[object] = set()
        #: When there were no steps left, the last time, and when that ended an entry.
        self.used_up: Order = ()
        self.cut_at: Order = ()
        #: Loops under way over items whose order is not known.
        self.unordered = 0
        self.memo: dict[object, Any] = {}
        #: Names that stand for something else in each round of a loop.
        self.carried: set[str] = set()
        #: What stands for a value of some round, and what it is in the first.
        self.in_first_round: dict[Unknown, Value] = {}
        self.entered: set[Place] = set()
        #: The object that has no such attribute, by the `id` of the unknown value that stands for it.
        self.lacking: dict[int, Instance] = {}
        #: Texts of unknown values that are used as numbers.
        self.numbers: set[str] = set()
        #: What was read of cells with the same content before, and that content, which keeps its `id`s from others.
        self._reads: dict[tuple[object, ...], tuple[Value | None, tuple[tuple[Guard, Value], ...]]] = {}
        self.optimizers: list[Any] = []
        #: Dictionaries with parameters for an optimizer under `params`.
        self.groups: list[Dictionary] = []
        #: The module and the arguments of each pass, by the number of the tensor that it gave.
        self.passes: dict[int, tuple[Instance, Arguments]] = {}
        #: The method of the entry that runs: `__init__`, `forward`; the name of a function.
        self.inside = ""
        #: Why the comparison that was made last is false whatever its values are; empty where it is not.
        self.why_false = ""
        self.instances: list[Instance] = []
        self.tensors: list[TensorValue] = []
        self._serials = count(1)

    def forget(self) -> None:
        """Let go of what was found out when nobody asks any more: it points in circles, which only few others do."""
        self.conditions.forget()
        for instance in self.instances:
            instance.attributes.clear()
            instance.build = instance.arguments = instance.items = None
        for part in (self.trace, self):
            vars(part).clear()

    # Steps

    def step(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            OverBudgetError: there are none left.
            LeftError: there are none left for the call that takes them.
            FruitlessError: the function that takes them has taken too many, and made nothing.
        """
        self.steps += steps
        if self.steps > self.budget:
            self._leave()
        if self.steps > self.ledger.leash:
            self.ledger.pull(self)

    def keep_back(self) -> None:
        """Keep half of the steps for what follows the call that takes the others."""
        self.reserve = self.budget // 2
        self.budget -= self.reserve

    def end_reserve(self) -> None:
        """Let everything take the steps that were kept back."""
        self.budget += self.reserve
        self.reserve = 0

    def _leave(self) -> None:
        if not self.reserve:
            self.used_up = self.trace.tick()
            raise OverBudgetError
        self.end_reserve()
        taking = next((frame for frame in self.frames[_FRAMES_OF_AN_ENTRY:] if self._can_be_left(frame)), None)
        if taking is None or any(frame.builds is not None for frame in self.frames):
            self.is_short = True
            for instance in self.waiting:
                if instance.build is not None:
                    instance.build = None
                    instance.forget("the steps were used up")
        if taking is not None:
            raise LeftError(taking)

    def _can_be_left(self, frame: Frame) -> bool:
        """Whether nothing but one module is unknown when a call is left: its constructor, or one that made none."""
        if frame.begun is None or frame.builds is not None:
            return frame.begun is not None
        objects, events = frame.begun
        made = any(instance.is_module for instance in self.instances[objects:])
        return not made and not any(event.kind in _OF_TRAINING for event in self.trace.events[events:])

    def at_most(self, steps: int, act: Callable[[], Value]) -> Value | None:
        """Do something that may take so many steps; None where it takes more.

        Raises:
            OverBudgetError: there are none left for anything else.
        """
        budget, reserve = self.budget, self.reserve
        self.budget, self.reserve = min(budget, self.steps + steps), 0
        try:
            return act()
        except OverBudgetError:
            if self.steps > budget + reserve:
                raise
            return None
        finally:
            self.budget, self.reserve = budget, reserve

    def serial(self) -> int:
        """A number that no other thing of this run has."""
        return next(self._serials)

    # Guards

    def under(self, guard: Guard | None) -> _Under:
        """Run under one more guard; gives whether that can be at all."""
        return _Under(self, guard)

    @contextmanager
    def at(self, guard: Guard, loops: tuple[Loop, ...]) -> Iterator[None]:
        """Run under a guard and in loops that were noted before."""
        before = self.guard, self.loops
        self.guard, self.loops = guard, loops
        try:
            yield
        finally:
            self.guard, self.loops = before

    @property
    def context(self) -> Guard:
        """All that holds here: the guard of now and what the code demands."""
        return self.guard & self.assumed or self.guard

    def literal(self, guard: Guard) -> Test:
        """A test that is true under a guard, and what is known of it here."""
        context = self.context
        if not context.fits(guard):
            return None, ALWAYS
        negated = guard.negated()
        if negated is None or not context.fits(negated):
            return ALWAYS, None
        return guard, negated

    def opaque(self, text: str, loop: int = 0) -> Test:
        """A test of which nothing is known but its text."""
        return self.literal(self.conditions.true(shortened(text), loop))

    def equality(self, value: Unknown, constants: Sequence[object], *, same: bool = False) -> Test:
        """Whether something unknown is one of some constants."""
        left = [one for one in constants if not isinstance(one, str) or value.may_read(one)]
        return self.literal(self.conditions.equals(value.text, left, value.loop, same=same)) if left else (None, ALWAYS)

    # Cells

    def write(self, cell: Cell, value: Value) -> None:
        """Give a cell a value under the guard of now.

        Where what is left for another value is too large to be told, it may be nowhere: something unknown is held there.
        """
        gone = self.guard.negated()
        left: Cell = []
        for guard, held in cell if gone is not None else ():
            rest = guard & gone
            if rest is not None:
                left.append((rest, held if guard.is_known_to_fit(gone) else one_of_many([held], self.serial())))
        cell[:] = left
        if len(cell) >= MAX_HELD:
            cell[: MAX_HELD // 2] = [one_held(cell[: MAX_HELD // 2], self.serial())]
        cell.append((self.guard, value))

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
        if otherwise is not None:
            return self._read(cell, otherwise)
        key = (self.guard, self.assumed, *[(guard, id(value)) for guard, value in cell])
        known = self._reads.get(key)
        if known is None:
            known = self._reads[key] = self._read(cell, None), tuple(cell)
        return known[0]

    def _read(self, cell: Cell, otherwise: Callable[[], Value] | None) -> Value | None:
        context = self.context
        found: list[tuple[Guard, Value]] = []
        rest: Guard | None = context
        for guard, value in reversed(cell):
            here = context & guard
            if here is not None:
                found.append((here.minus(context), value))
                gone = guard.negated()
                rest = rest & gone if rest is not None and gone is not None else None
        if rest is not None and otherwise is not None:
            found.append((rest.minus(context), otherwise()))
        return self.choice(found)

    def choice(self, options: Sequence[tuple[Guard, Value]]) -> Value | None:
        """One value of alternatives, each under a guard beyond that of now; None where there is none."""
        flat: list[tuple[Guard, Value]] = []
        for guard, value in options:
            if isinstance(value, Choice):
                for inner, alternative in value.options:
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
            place = next((i for i, (_, v) in enumerate(merged) if v is value or v == value), None)
            if place is None:
                merged.append((guard, value))
            else:
                merged[place] = (merged[place][0] | guard, merged[place][1])
        if len(merged) > MAX_CHOICES:
            return one_of_many([v for _, v in merged], self.serial())
        return Choice(merged)

    def each(self, value: Value, act: Callable[[Value], Value | None]) -> Value:
        """Do something with every alternative of a value, each under its guard; gives what came of it."""
        if not isinstance(value, Choice):
            return act(value) or Unknown(f"?{self.serial()}")
        found: list[tuple[Guard, Value]] = []
        for guard, alternative in value.options:
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
        if isinstance(value, Choice):
            return self.any_of([(g, v) for g, v in value.options])
        if isinstance(value, Constant):
            return (ALWAYS, None) if value.value else (None, ALWAYS)
        if isinstance(value, Unknown):
            return self.opaque(value.text, value.loop)
        if isinstance(value, External) and self.doubts_flags and value.may_be_flag:
            return self.opaque(value.name)
        return self.truth_of_object(value)

    def truth_of_object(self, value: Value) -> Test:
        """The truth of something on the heap; containers say it by their items."""
        from paramlint.symbolic.collections.containers import truth_of_container

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
        return one_of([t for t, _ in tests if t is not None]), one_of([f for _, f in tests if f is not None])

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
        gone = self.guard.minus(self.frame.entry).negated()
        return guard & gone if guard is not None and gone is not None else None

    def fail(self) -> None:
        """The code raises here: what follows is only reached otherwise, and whoever builds the model sees to that."""
        rest = self.guard.minus(self.frames[0].entry if self.frames else ALWAYS).negated()
        if rest is not None and not rest.loop:
            joined = self.assumed & rest
            if joined is not None and joined.depth >= self.assumed.depth:
                self.assumed = joined
        self.kill()
        if self.frame.alive is not None:
            self.frame.alive = self.frame.alive.minus(self.assumed)

    # What the files beside do

    def build(self, instance: Object) -> None:
        """Run the constructor of an instance that waits for it."""
        if isinstance(instance, Instance) and instance.build is not None:
            build, instance.build = instance.build, None
            build()


def one_of(guards: Sequence[Guard]) -> Guard | None:
    """Where one of some guards holds; None where there is none."""
    found: Guard | None = None
    for guard in guards:
        found = guard if found is None else found | guard
    return found


def _both(one: Guard, other: Guard | None) -> Guard | None:
    return None if other is None else one & other


Handler = Callable[[Interpreter, Arguments, Any], Value]
"""What a call of a function from outside gives: of the interpreter, the arguments and the node of the call."""
