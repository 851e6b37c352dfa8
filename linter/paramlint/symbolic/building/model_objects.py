"""Modules and tensors of the model, made from values of a run; what is not asked of them is not worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

from paramlint.knowledge import TENSOR_ADJUSTING
from paramlint.model import ALWAYS, NO, NOT_KNOWN, UNKNOWN, YES, Answer, Event, Guard, Module, Several, Tensor
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.attribute_names import hands_over, has_own, mentions, multiplies_with
from paramlint.symbolic.definitions.unwritten import (
    built_in_its_file,
    called_elsewhere,
    initialised_by_owner,
    uncalled,
    written_elsewhere,
)
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library import passes, registry
from paramlint.symbolic.library.tensor_sizes import known_shape
from paramlint.symbolic.library.tensors import is_random
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.values import (
    NONE,
    TRUE,
    Choice,
    Constant,
    Dictionary,
    Function,
    Instance,
    Item,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_data,
    text_of,
)

_DEEPEST = 4
#: What has no name, by its class and a number, which means nothing outside the run.
_NUMBERED = re.compile(r"<(\w+) \d+>")
#: What computes each element from its old value, as methods and as operators: garbage stays garbage.
_KEEPING = frozenset({*TENSOR_ADJUSTING, "Add", "Subtract", "Multiply", "Divide", "Power"})


class Maker(Protocol):
    """Makes each object of the model once."""

    run: Interpreter

    def of(self, value: Any) -> Any:
        """The object of the model that a value of the interpreter is; other values stay."""
        ...

    def module(self, value: Instance) -> Module:
        """The module that an instance is."""
        ...

    def tensor(self, value: TensorValue) -> Tensor:
        """The tensor that a value is."""
        ...


def rows_of(container: SequenceValue | Dictionary) -> list[Item]:
    """What is in a plain container itself."""
    if isinstance(container, SequenceValue):
        return list(container.items.rows)
    rows = [Item(guard, (), value) for cell in container.cells.values() for guard, value in cell]
    return [*rows, *container.rest]


def are_alike(run: Interpreter, container: SequenceValue | Dictionary) -> bool:
    """Whether all that is in a container are modules, or all are parameters."""
    values = [value for row in rows_of(container) for _, value in alternatives(row.value)]
    values = [run.stand_ins.get(value, value) if isinstance(value, Unknown) else value for value in values]
    if all(isinstance(value, Instance) and value.is_module for value in values):
        return True
    return all(isinstance(value, TensorValue) and value.role == "parameter" for value in values)


def items_in(container: SequenceValue | Dictionary, depth: int = 0) -> Iterator[Item]:
    """What is in a plain container, and in containers in it."""
    for row in rows_of(container):
        for guard, value in alternatives(row.value):
            joined = guard & row.guard
            if joined is None:
                continue
            if isinstance(value, (SequenceValue, Dictionary)) and depth < _DEEPEST:
                for inner in items_in(value, depth + 1):
                    both = joined & inner.guard
                    if both is not None:
                        yield Item(both, row.loops + inner.loops, inner.value)
            else:
                yield Item(joined, row.loops, value)


def flat(builder: Maker, sources: Sequence[Value], depth: int = 0) -> Iterator[Any]:
    """Tensors and modules that a tensor was computed from, those in containers too; NOT_KNOWN for what may be one."""
    for source in sources:
        for _, one in alternatives(source):
            if isinstance(one, (SequenceValue, Dictionary)):
                if depth < _DEEPEST:
                    yield from flat(builder, [item.value for item in items_in(one)], depth + 1)
                if not (one.items.known if isinstance(one, SequenceValue) else one.known):
                    yield NOT_KNOWN
            elif isinstance(one, Unknown):
                known = builder.of(one)
                is_carried = one in builder.run.in_first_round  # another round may have computed it
                yield known if known is not one else _DATA if is_data(one) and not is_carried else NOT_KNOWN
            elif isinstance(one, Instance) and not one.is_module:  # its methods may compute with all that it holds
                held = [builder.run.read(cell) for cell in one.attributes.values()] if depth < _DEEPEST else []
                nearer = [v for v in held if v is not None and (not isinstance(v, Instance) or v.is_module)]
                yield from flat(builder, nearer, depth + 1)
                yield NOT_KNOWN
            else:
                yield builder.of(one)


def carried_in(builder: Maker, sources: Sequence[Value]) -> Iterator[Any]:
    """What the rounds of a loop hand to each other under names that a tensor was computed from."""
    run = builder.run
    for _, one in (pair for source in sources for pair in alternatives(source)):
        if isinstance(one, Unknown) and one.loop:
            for held in (Unknown(name, one.loop) for name in _NAMES.findall(one.text)):
                if held in run.in_next_round:
                    yield from flat(builder, [run.in_first_round[held], run.in_next_round[held]])


#: Names in the text that computes something unknown.
_NAMES = re.compile(r"(?<![\w.])\w+")


#: What a loop over something unknown gives: a batch, which nothing is trained through.
_DATA = object()


def plain(value: Value) -> Any:
    """A value as a rule reads it: a Python value, or NOT_KNOWN."""
    return value.value if isinstance(value, Constant) else NOT_KNOWN


#: How the result of a call reads, cut off where it is long, moved or not.
_CALLED = re.compile(r"\)(?:#\d+)?$|\(.*\.\.\.[0-9a-f]{8}$")


class BuiltModule(Module):
    """A module of a run; what is not asked is not worked out."""

    def __init__(self, builder: Maker, value: Instance) -> None:
        self._builder = builder
        self.value = value
        self.name = _NUMBERED.sub(r"<\1>", value.text)
        self.annotation = value.annotation
        self.made = None
        self.places = Several((), YES)
        self.holds = Several((), YES if value.known else UNKNOWN)
        self.calls = self.modes = Several()
        self.loops = value.loops
        self.guard = value.guard
        self.escaped = value.escaped
        self.is_root = False

    @cached_property
    def cls(self) -> str:  # type: ignore[override]
        return self.value.cls.qualified if self.value.cls is not None else ""

    @cached_property
    def bases(self) -> frozenset[str]:  # type: ignore[override]
        if self.value.cls is None:
            return frozenset()
        order = classes.mro(self._builder.run, self.value.cls)
        return frozenset(base.qualified if isinstance(base, ClassValue) else text_of(base) for base in order[1:])

    @cached_property
    def known(self) -> Answer:  # type: ignore[override]
        return YES if self.value.known and self.value.cls is not None else UNKNOWN

    @cached_property
    def part_of(self) -> Module | None:  # type: ignore[override]
        whole, _, part = self.value.text.partition(">")  # "<UnknownModule 3>.features"
        if self.value.cls is not None or not part:
            return None
        found = (i for i in self._builder.run.instances if i.cls is not None and repr(i) == f"{whole}>")
        return next(map(self._builder.module, found), None)

    @cached_property
    def asked(self) -> frozenset[str]:  # type: ignore[override]
        run = self._builder.run
        texts = [unknown for unknown, instance in run.stand_ins.items() if instance is self.value]
        return frozenset(name for unknown in texts for name in run.asked.get(unknown, ()))

    @cached_property
    def is_made_here(self) -> bool:  # type: ignore[override]
        return self.value.made is not None or _CALLED.search(self.value.text) is not None

    @cached_property
    def is_handed_on(self) -> bool:  # type: ignore[override]
        run = self._builder.run
        return any(run.stand_ins.get(carried) is self.value for carried in run.in_first_round)

    def is_another_in(self, loop: Any) -> bool:
        taken = self._builder.run.memo.get(("in turn", id(self.value)), ())
        return loop in self.loops or loop.number in taken

    @cached_property
    def methods(self) -> frozenset[str]:  # type: ignore[override]
        if self.value.cls is None:
            return frozenset()
        order = classes.mro(self._builder.run, self.value.cls)
        return frozenset(
            n for c in order if isinstance(c, ClassValue) and not c.file.is_stub for n in c.outline.methods
        )

    def mentions(self, key: str) -> Answer:
        return mentions(self._builder.run, self.value, key)

    def has_own(self, key: str) -> Answer:
        return has_own(self._builder.run, self.value, key)

    def hands_over(self, key: str) -> Answer:
        return hands_over(self._builder.run, self.value, key)

    def multiplies_with(self, key: str) -> Answer:
        return multiplies_with(self._builder.run, self.value, key)

    def called_elsewhere(self, method: str) -> Answer:
        return called_elsewhere(self.value, method)

    @cached_property
    def uncalled(self) -> frozenset[str]:  # type: ignore[override]
        return uncalled(self.value)

    @cached_property
    def built_in_its_file(self) -> Answer:  # type: ignore[override]
        return built_in_its_file(self.value)

    @cached_property
    def initialised_by_owner(self) -> Answer:  # type: ignore[override]
        return initialised_by_owner(self.value)

    @cached_property
    def arguments(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: self._argument(value) for name, value in self._given.items()}

    @cached_property
    def _given(self) -> dict[str, Value | Item]:
        given, cls = self.value.arguments, self.value.cls
        if given is None or cls is None:
            return {}
        from paramlint.symbolic.definitions.calls import parameters_of

        init = classes.member(self._builder.run, cls, "__init__", self.value)
        names: list[str] = []
        if isinstance(init, Function):
            positional, _, _, _ = parameters_of(init.node)
            names = [p.name.value for p in positional[1:]]
        return dict(zip(names, given.positional, strict=False)) | given.keywords

    def may_be_none(self, name: str) -> Answer:
        value = self._given.get(name)
        if not isinstance(value, Unknown):
            return super().may_be_none(name)
        return YES if value.default == NONE or re.search(r"\bNone\b|\bOptional\b", value.annotation) else UNKNOWN

    def _argument(self, value: Value | Item) -> Any:
        if isinstance(value, (Item, Choice)):
            return NOT_KNOWN
        if isinstance(value, Constant):
            return value.value
        held = self._builder.of(value)
        return held if isinstance(held, (Module, Tensor)) else NOT_KNOWN

    @cached_property
    def copy_of(self) -> Module | None:  # type: ignore[override]
        return self._builder.module(self.value.copy_of) if self.value.copy_of is not None else None

    @cached_property
    def tensors(self) -> Several[Tensor]:  # type: ignore[override]
        try:
            held = [h for h in registry.held_by(self._builder.run, self.value) if h.is_tensor]
        except OverBudgetError:
            return Several()
        return Several([self._builder.tensor(h.value) for h in held], self.known)  # type: ignore[arg-type]

    @cached_property
    def parameters(self) -> Several[Tensor]:  # type: ignore[override]
        return self._below(buffers=False)

    @cached_property
    def buffers(self) -> Several[Tensor]:  # type: ignore[override]
        return self._below(buffers=True)

    def _below(self, *, buffers: bool) -> Several[Tensor]:
        try:
            rows, why = registry.parameters_of(self._builder.run, self.value, buffers)
        except OverBudgetError:
            return Several()
        found = [self._builder.tensor(row.held.value) for row in rows if row.held is not None]  # type: ignore[arg-type]
        if why and not buffers and "*parameters" in self.value.slots:
            found.append(self._builder.of(self.value.slots["*parameters"]))
        return Several(found, UNKNOWN if why else YES)


class BuiltTensor(Tensor):
    """A tensor of a run."""

    def __init__(self, builder: Maker, value: TensorValue) -> None:
        self._builder = builder
        self.value = value
        self.role = value.role
        self.name = _NUMBERED.sub(r"<\1>", value.text)
        self.made = None
        self.site = value.made
        self.places = Several((), YES)
        self.writes = self.reads = self.flags = Several()
        self.groups = Several()
        self.storage = value.storage
        self.recorded = value.recorded
        self.view = value.view
        self.factory = value.factory
        self.loops = value.loops
        self.guard = value.guard
        self.known = not value.text
        self.of_classes = value.of_classes
        self.escaped = value.escaped

    @cached_property
    def base(self) -> Tensor | None:  # type: ignore[override]
        return self._builder.tensor(self.value.base) if self.value.base is not None else None

    @cached_property
    def pass_of(self) -> Module | None:  # type: ignore[override]
        run = self._builder.run
        followed = passes.result_of(run, self.value) is not None
        return self._builder.module(run.passes[self.value.number][0]) if followed else None

    @cached_property
    def given(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(flat(self._builder, self.value.sources[1:])) if self.pass_of is not None else ()

    @cached_property
    def made_from(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(flat(self._builder, passes.sources_of(self._builder.run, self.value)))

    @cached_property
    def carried(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(carried_in(self._builder, self.value.sources))

    @cached_property
    def written_into(self) -> tuple[Any, ...]:  # type: ignore[override]
        writes = [event for event in self.value.storage.writes if event.grad and not event.get("through")]
        given = [event.data["arguments"].values() for event in writes if event.get("arguments") is not None]
        return tuple(one for values in given for one in flat(self._builder, values))

    @cached_property
    def shape(self) -> tuple[int | str, ...] | None:  # type: ignore[override]
        shape = known_shape(self._builder.run, self.value)
        if shape is None:
            return None
        return tuple(s.value if isinstance(s, Constant) and isinstance(s.value, int) else text_of(s) for s in shape)

    @cached_property
    def trains(self) -> Answer:  # type: ignore[override]
        flag = self.value.requires_grad
        if flag is None:
            return UNKNOWN if self.value.text else YES if self.role == "parameter" else NO
        options = alternatives(flag)
        if all(isinstance(v, Constant) for _, v in options):
            on = [g for g, v in options if v == TRUE]
            off = [g for g, v in options if v != TRUE]
            if not off:
                return YES
            if not on:
                return NO
            return Answer("yes", (), on[0])
        return UNKNOWN

    @cached_property
    def draw(self) -> object:  # type: ignore[override]
        writes = self.value.storage.writes
        last = next((w for w in reversed(writes) if w.get("part") is None and w.get("law") not in _KEEPING), None)
        if last is not None:
            return (
                last if last.get("law") not in ("constant", "zeros_", "ones_", "zero_", "fill_", "constant_") else None
            )
        return self.value.storage.allocated if is_random(self.value.factory) else None

    @cached_property
    def written_elsewhere(self) -> Answer:  # type: ignore[override]
        return written_elsewhere(self._builder.run, self.value)

    @cached_property
    def filled(self) -> Answer:  # type: ignore[override]
        storage = self.value.storage
        if storage.filled or storage.rebound:
            return YES
        given = self._builder.run.trace.about("escaped", self.value)
        if any(isinstance(p.holder, Module) and p.holder.escaped for p in self.places):
            return UNKNOWN
        rest: Guard | None = self.value.guard
        events: list[Event] = []
        for write in sorted([*storage.writes, *given], key=lambda event: event.order[:1]):
            if write.get("law") in _KEEPING:
                continue
            if write.get("part") is not None:
                return UNKNOWN if not events else YES
            events.append(write)
            guard = write.guard.without_loops()
            if rest is not None:
                if rest.implies(guard):
                    return Answer("yes", tuple(events))
                gone = guard.minus(rest).negated()
                rest = rest & gone if gone is not None else rest
        if rest is not None:
            left = rest & self._builder.run.assumed  # None: where nobody writes it, the code raises
            rest = left and (left.minus(self._builder.run.assumed) or rest)
        if rest is None or (self.value.escaped and not given):
            return Answer("yes" if rest is None else "unknown", tuple(events))
        allocated = (storage.allocated,) if storage.allocated is not None else ()
        return Answer("no", allocated, rest if events else ALWAYS)
