"""From a run of the interpreter to the model that rules ask: its objects, their places, and the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from paramlint.model import (
    ALWAYS,
    NO,
    NOT_KNOWN,
    UNKNOWN,
    YES,
    Answer,
    Event,
    Group,
    Guard,
    Model,
    Module,
    Optimizer,
    Place,
    Several,
    Tensor,
)
from paramlint.model.model import Entry
from paramlint.model.objects import PlaceKind
from paramlint.symbolic import classes, passes, registry
from paramlint.symbolic.attribute_names import mentions
from paramlint.symbolic.interpreter import Frame, Interpreter
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.program import ClassValue, SourceFile
from paramlint.symbolic.tensors import is_random, known_shape
from paramlint.symbolic.trace import SourceSite
from paramlint.symbolic.training import GroupValue, OptimizerValue, collect
from paramlint.symbolic.unwritten import uncalled_methods, written_elsewhere
from paramlint.symbolic.values import (
    NONE,
    TRUE,
    Choice,
    Constant,
    Dictionary,
    Function,
    Instance,
    Item,
    Loop,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_data,
    text_of,
)

_DEEPEST = 4


def model_of(run: Interpreter, entry: Entry, file: SourceFile, name: str = "", root: Instance | None = None) -> Model:
    """What a finished run leaves behind.

    Args:
        run: the run.
        entry: what was run.
        file: the file of the entry.
        name: the class or function.
        root: the instance that was built, for a class.
    """
    return _Builder(run, file).model(entry, name, root)


class _Builder:
    """Makes each object of the model once."""

    def __init__(self, run: Interpreter, file: SourceFile) -> None:
        self.run = run
        self.file = file
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []
        run.frames.append(Frame(None, file.module_place, None, ALWAYS))
        run.budget += run.budget // 2  # asking takes steps too

    def model(self, entry: Entry, name: str, root: Instance | None) -> Model:
        run = self.run
        instances = [i for i in run.instances if i.is_module]
        modules = [self.module(i) for i in instances]
        tensors = [self.tensor(t) for t in run.tensors]
        optimizers = [self.optimizer(o) for o in run.optimizers]
        closed = UNKNOWN if run.memo.get("over budget") or run.ledger.fruitless else YES
        model = Model(
            roots=[self.module(root)] if root is not None else [],
            modules=Several(modules, closed),
            all_tensors=Several(tensors, closed),
            optimizers=Several(optimizers, closed),
            loose_groups=[g for d in run.groups if (g := self.loose_group(d)) is not None],
            trace=sorted(run.trace.events, key=lambda event: event.order[0]),
            entry=entry,
            name=name,
            returned=tuple(self.of(value) for value in self._returned()),
        )
        if root is not None:
            self.module(root).is_root = True
        for event in model.trace:
            self.translate(event)
        self._places(model, instances)
        self._histories(model)
        self._name(model, root)
        return model

    def _returned(self) -> Iterator[Value]:
        """What the entry gave back, and what is in it where that is a tuple."""
        for _, value in alternatives(self.run.memo.get("returned", NONE)):
            yield value
            if isinstance(value, SequenceValue):
                yield from (row.value for row in value.items.rows)

    # Objects

    def of(self, value: Any) -> Any:
        """The object of the model that a value of the interpreter is; other values stay."""
        if isinstance(value, Instance) and value.is_module:
            return self.module(value)
        if isinstance(value, TensorValue):
            return self.tensor(value)
        if isinstance(value, OptimizerValue):
            return self.optimizer(value)
        if isinstance(value, Unknown) and value in self.run.stand_ins:
            return self.module(self.run.stand_ins[value])
        return value

    def module(self, value: Instance) -> Module:
        known = self.made.get(id(value))
        if known is None:
            known = self.made[id(value)] = _Module(self, value)
        return known

    def tensor(self, value: TensorValue) -> Tensor:
        known = self.made.get(id(value))
        if known is None:
            known = self.made[id(value)] = _Tensor(self, value)
        return known

    def optimizer(self, value: OptimizerValue) -> Optimizer:
        known = self.made.get(id(value))
        if known is None:
            known = Optimizer("")
            self.made[id(value)] = known
            groups = [self.group(known, group) for group in value.groups]
            known.groups = Several(groups, UNKNOWN if value.escaped else YES)
        return known

    def group(self, optimizer: Optimizer, value: GroupValue) -> Group:
        tensors = [self.tensor(member.tensor) for member in value.members]
        known = YES if value.known else UNKNOWN
        events = (e for e in self.run.trace.events if e.kind == "grouped" and e.get("group") is value)
        site = next((e.site for e in events), SourceSite(self.file.module_place, value.node))
        module = None
        if value.source is not None and value.source[0] in ("parameters", "named_parameters"):
            held = self.of(value.source[1])
            module = held if isinstance(held, Module) else None
        options = {key: plain(option) for key, option in value.options.items()}
        sure = tuple(self.tensor(m.tensor) for m in value.members if not m.guard)
        group = Group(optimizer, Several(tensors, known), site, options, module, sure, value.guard)
        for tensor in tensors:
            tensor.groups = Several([*tensor.groups.seen, group], YES)
        return group

    def loose_group(self, dictionary: Dictionary) -> Group | None:
        """A group that was made and given to no optimizer, and to nothing unknown."""
        if dictionary.is_given or dictionary.escaped or dictionary.made is None:
            return None
        cell = dictionary.cells.get("params")
        value = self.run.read(cell) if cell else None
        if value is None:
            return None
        members = collect(self.run, value)
        tensors = Several([self.tensor(m.tensor) for m in members.members], YES if members.known else UNKNOWN)
        return Group(None, tensors, dictionary.made, order=dictionary.order)

    # Events

    def translate(self, event: Event) -> None:
        """Let an event speak of the model's objects."""
        event.of = self.of(event.of)
        for key, value in event.data.items():
            if isinstance(value, list):
                event.data[key] = [self.of(one) for one in value]
            elif key != "arguments":
                event.data[key] = self.of(value)
        if event.kind in ("written", "called", "wrapped") and event.get("arguments") is not None:
            event.data["given"] = tuple(_flat(self, event.arguments.values()))

    def _places(self, model: Model, instances: list[Instance]) -> None:
        open_places: dict[tuple[int, str], list[Place]] = {}
        for event in model.trace:
            if event.kind == "registered":
                holder, key = event.data["holder"], event.data["key"]
                self._end(open_places, holder, key, event, event.of)
                place = self._place(event, holder, key, event.of)
                open_places.setdefault((id(holder), key), []).append(place)
            elif event.kind in ("bound", "rebound") and isinstance(event.of, Module) and "name" in event.data:
                self._end(open_places, event.of, event.data["name"], event, event.get("value"))
                self._bind(event, open_places)
        for instance in instances:
            self._containers(instance)

    def _end(
        self, open_places: dict[tuple[int, str], list[Place]], holder: Any, key: str, event: Event, what: Any
    ) -> None:
        for place in open_places.get((id(holder), key), ()):
            if place.until is None and place.what is not what and place.guard.fits(event.guard):
                if event.inside != place.since.inside:
                    continue  # another method does it, where somebody calls that
                if place.guard.implies(event.guard) and not key.startswith("["):
                    place.until = event

    def _place(self, event: Event, holder: Module, key: str, what: Any) -> Place:
        loops: tuple[Loop, ...] = event.data.get("loops", ())
        extra = [lp for lp in loops if lp not in what.loops]
        is_item = key.startswith("[") or "{" in key or event.get("how") in ("item", "appended")
        each_round = any(lp in holder.loops or is_item for lp in extra) and what.value.made is not None
        kind: PlaceKind = event.data["role"]
        place = Place(holder, key, kind, what, event, None, each_round, event.get("how", ""), event.guard)
        what.places = Several([*what.places.seen, place], YES if not what.escaped else UNKNOWN)
        holder.holds = Several([*holder.holds.seen, place], holder.known)
        return place

    def _bind(self, event: Event, open_places: dict[tuple[int, str], list[Place]]) -> None:
        """A plain tensor kept as an attribute."""
        for guard, value in (
            alternatives(event.data["value"])
            if isinstance(event.get("value"), Value)
            else [(ALWAYS, event.get("value"))]
        ):
            what = self.of(value)
            if isinstance(what, Tensor) and what.role == "plain":
                place = Place(
                    event.of, event.data["name"], "attribute", what, event, guard=event.guard & guard or event.guard
                )
                what.places = Several([*what.places.seen, place], YES if not what.escaped else UNKNOWN)
                event.of.holds = Several([*event.of.holds.seen, place], event.of.known)
                open_places.setdefault((id(event.of), event.data["name"]), []).append(place)

    def _containers(self, instance: Instance) -> None:
        """What plain containers, kept as attributes until the end, hold."""
        holder = self.module(instance)
        bound: dict[str, list[Event]] = {}
        for event in self.run.trace.events:
            if event.kind == "bound" and event.of is holder and "name" in event.data:
                bound.setdefault(event.data["name"], []).append(event)
        for name, events in bound.items():
            cell = instance.attributes.get(name)
            value = self.run.read(cell) if cell else None
            for guard, one in alternatives(value) if value is not None else ():
                if isinstance(one, (SequenceValue, Dictionary)):
                    event = next((e for e in events if _has(e.get("value"), one)), events[-1])
                    for item in _items(one):
                        self._contained(holder, name, event, item, guard, one)

    def _contained(self, holder: Module, name: str, event: Event, item: Item, guard: Guard, container: Value) -> None:
        what = self.of(item.value)
        if not isinstance(what, (Module, Tensor)) or (isinstance(what, Tensor) and what.role == "gradient"):
            return
        joined = guard & item.guard
        loops: tuple[Loop, ...] = item.loops
        each_round = any(loop not in what.loops for loop in loops) and what.value.made is not None  # type: ignore[union-attr]
        kind = container.kind if isinstance(container, SequenceValue) else "dict"
        how = "repeated" if getattr(container, "repeated", False) else kind
        place = Place(holder, name, "container", what, event, None, each_round, how, joined or ALWAYS)
        what.places = Several([*what.places.seen, place], YES if not what.escaped else UNKNOWN)
        holder.holds = Several([*holder.holds.seen, place], holder.known)

    def _histories(self, model: Model) -> None:
        """The events of each object."""
        by: dict[tuple[str, int], list[Event]] = {}
        for event in model.trace:
            if event.kind in (
                "written",
                "read",
                "flagged",
                "called",
                "mode",
                "stepped",
                "cleared",
                "allocated",
                "optimizer",
            ):
                by.setdefault((event.kind, id(event.of)), []).append(event)
        closed = model.modules.closed
        for tensor in model.all_tensors:
            open_ = UNKNOWN if tensor.escaped else closed
            tensor.writes = Several(by.get(("written", id(tensor)), ()), open_)
            tensor.reads = Several(by.get(("read", id(tensor)), ()), UNKNOWN)
            tensor.flags = Several(by.get(("flagged", id(tensor)), ()), open_)
            tensor.made = next(iter(by.get(("allocated", id(tensor)), ())), tensor.made)
            if not tensor.groups.seen:
                tensor.groups = Several((), model.optimizers.closed)
        for module in model.modules:
            open_ = UNKNOWN if module.escaped else closed
            module.calls = Several(by.get(("called", id(module)), ()), open_)
            module.modes = Several(by.get(("mode", id(module)), ()), open_)
            module.made = next(iter(by.get(("allocated", id(module)), ())), None)
        for optimizer in model.optimizers:
            optimizer.steps = Several(by.get(("stepped", id(optimizer)), ()), closed)
            optimizer.clears = Several(by.get(("cleared", id(optimizer)), ()), closed)
            optimizer.made = next(iter(by.get(("optimizer", id(optimizer)), ())), None)

    def _name(self, model: Model, root: Instance | None) -> None:
        """Names as the user's code reads: `self.head.weight` from the class that is built, a variable elsewhere."""
        for event in model.trace:
            if event.kind != "bound" or "name" not in event.data:
                continue
            if "value" not in event.data:
                named, name = event.of, event.data["name"]
            else:
                named, name = event.data["value"], f"self.{event.data['name']}"
            if isinstance(named, (Module, Tensor)):
                named.name = named.name or name
            elif isinstance(named, Optimizer) and not named.name:
                named.name = name
        for value, optimizer in zip(self.run.optimizers, model.optimizers, strict=True):
            optimizer.name = optimizer.name or value.kind.rpartition(".")[2]
        if root is not None:
            self.module(root).name = "self"
        for start in [*model.roots, *(m for m in model.modules if m.name)]:
            self._name_below(start, start.name, set())

    def _name_below(self, module: Module, name: str, seen: set[int]) -> None:
        if id(module) in seen or len(seen) > 500:
            return
        seen.add(id(module))
        for place in module.holds:
            what = place.what
            if isinstance(what, (Module, Tensor)) and (not what.name or what.name.count(".") > name.count(".") + 1):
                key = place.key.strip("[]")
                what.name = f"{name}.{key}" if place.kind != "container" else f"{name}.{key}[...]"
            if isinstance(what, Module):
                self._name_below(what, what.name, seen)


def _has(value: Any, one: Value) -> bool:
    """Whether something is an alternative of a value."""
    return isinstance(value, Value) and any(alternative is one for _, alternative in alternatives(value))


def _items(container: SequenceValue | Dictionary, depth: int = 0) -> Iterator[Item]:
    """What is in a plain container, and in containers in it."""
    if isinstance(container, SequenceValue):
        rows: Iterable[Item] = container.items.rows
    else:
        rows = [Item(guard, (), value) for cell in container.cells.values() for guard, value in cell]
        rows = [*rows, *container.rest]
    for row in rows:
        for guard, value in alternatives(row.value):
            joined = guard & row.guard
            if joined is None:
                continue
            if isinstance(value, (SequenceValue, Dictionary)) and depth < _DEEPEST:
                for inner in _items(value, depth + 1):
                    both = joined & inner.guard
                    if both is not None:
                        yield Item(both, row.loops + inner.loops, inner.value)
            else:
                yield Item(joined, row.loops, value)


def _flat(builder: _Builder, sources: Sequence[Value], depth: int = 0) -> Iterator[Any]:
    """Tensors and modules that a tensor was computed from, those in containers too; NOT_KNOWN for what may be one."""
    for source in sources:
        for _, one in alternatives(source):
            if isinstance(one, (SequenceValue, Dictionary)):
                if depth < _DEEPEST:
                    yield from _flat(builder, [item.value for item in _items(one)], depth + 1)
                if not (one.items.known if isinstance(one, SequenceValue) else one.known):
                    yield NOT_KNOWN
            elif isinstance(one, Unknown):
                known = builder.of(one)
                yield known if known is not one else _DATA if is_data(one) else NOT_KNOWN
            else:
                yield builder.of(one)


#: What a loop over something unknown gives: a batch, which nothing is trained through.
_DATA = object()


def plain(value: Value) -> Any:
    """A value as a rule reads it: a Python value, or NOT_KNOWN."""
    return value.value if isinstance(value, Constant) else NOT_KNOWN


class _Module(Module):
    """A module of a run; what is not asked is not worked out."""

    def __init__(self, builder: _Builder, value: Instance) -> None:
        self._builder = builder
        self.value = value
        self.name = value.text
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
    def methods(self) -> frozenset[str]:  # type: ignore[override]
        if self.value.cls is None:
            return frozenset()
        order = classes.mro(self._builder.run, self.value.cls)
        return frozenset(
            n for c in order if isinstance(c, ClassValue) and not c.file.is_stub for n in c.outline.methods
        )

    def mentions(self, key: str) -> Answer:
        return mentions(self._builder.run, self.value, key)

    @cached_property
    def uncalled(self) -> frozenset[str]:  # type: ignore[override]
        return uncalled_methods(self.value)

    @cached_property
    def arguments(self) -> dict[str, Any]:  # type: ignore[override]
        given, cls = self.value.arguments, self.value.cls
        if given is None or cls is None:
            return {}
        from paramlint.symbolic.calls import parameters_of

        init = classes.member(self._builder.run, cls, "__init__", self.value)
        names: list[str] = []
        if isinstance(init, Function):
            positional, _, _, _ = parameters_of(init.node)
            names = [p.name.value for p in positional[1:]]
        found = {name: self._argument(value) for name, value in zip(names, given.positional, strict=False)}
        return found | {name: self._argument(value) for name, value in given.keywords.items()}

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


class _Tensor(Tensor):
    """A tensor of a run."""

    def __init__(self, builder: _Builder, value: TensorValue) -> None:
        self._builder = builder
        self.value = value
        self.role = value.role
        self.name = value.text
        self.made = None
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
        return tuple(_flat(self._builder, self.value.sources[1:])) if self.pass_of is not None else ()

    @cached_property
    def made_from(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(_flat(self._builder, passes.sources_of(self._builder.run, self.value)))

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
        last = next((w for w in reversed(writes) if w.get("part") is None), None)
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
        given = [e for e in self._builder.run.trace.events if e.kind == "escaped" and e.of in (self, self.value)]
        if any(isinstance(p.holder, Module) and p.holder.escaped for p in self.places):
            return UNKNOWN
        rest: Guard | None = self.value.guard
        events: list[Event] = []
        for write in sorted([*storage.writes, *given], key=lambda event: event.order[:1]):
            if write.get("part") is not None:
                return UNKNOWN if not events else YES
            events.append(write)
            guard = write.guard.without_loops()
            if rest is not None:
                if rest.implies(guard):
                    return Answer("yes", tuple(events))
                gone = guard.minus(rest).negated()
                rest = rest & gone if gone is not None else rest
        if rest is None or (self.value.escaped and not given):
            return Answer("yes" if rest is None else "unknown", tuple(events))
        allocated = (storage.allocated,) if storage.allocated is not None else ()
        return Answer("no", allocated, rest if events else ALWAYS)
