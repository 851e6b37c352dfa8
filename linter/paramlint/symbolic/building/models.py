"""From a run of the interpreter to the model that rules ask: its objects, their places, and the trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from paramlint.model import (
    ALWAYS,
    NO,
    UNKNOWN,
    YES,
    Event,
    Group,
    Guard,
    Model,
    Module,
    Optimizer,
    Place,
    Several,
    Site,
    Tensor,
)
from paramlint.model.model import Entry
from paramlint.model.objects import PlaceKind
from paramlint.symbolic.building.model_objects import BuiltModule, BuiltTensor, are_alike, flat, items_in, plain
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.code.program import SourceFile
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.definitions.annotations import of_class
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.optimizer_calls import Collected, GroupValue, OptimizerValue, collect
from paramlint.symbolic.limits import MAX_ITEMS, MAX_PLACES
from paramlint.symbolic.values import (
    Choice,
    Dictionary,
    Instance,
    Item,
    Loop,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
)


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


#: What becomes an object of the model, or may.
_MADE = frozenset({Instance, TensorValue, OptimizerValue, Unknown})


class _Builder:
    """Makes each object of the model once."""

    def __init__(self, run: Interpreter, file: SourceFile) -> None:
        self.run = run
        self.file = file
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []
        self.asked: list[Module] = []
        #: Where each group came to be, by its identity.
        self._grouped: dict[int, Event] = {}
        for event in run.trace.events:
            if event.kind == "grouped":
                self._grouped.setdefault(id(event.get("group")), event)
        run.frames.append(Frame(None, file.module_place, None, ALWAYS))
        run.end_reserve()
        run.budget += run.budget // 2  # asking takes steps too

    def model(self, entry: Entry, name: str, root: Instance | None) -> Model:
        run = self.run
        instances = [i for i in run.instances if i.is_module]
        modules = [self.module(i) for i in instances]
        tensors = [self.tensor(t) for t in run.tensors]
        optimizers = [self.optimizer(o) for o in run.optimizers]
        closed = UNKNOWN if run.memo.get("over budget") or run.ledger.hides else YES
        model = Model(
            roots=[self.module(root)] if root is not None else [],
            modules=Several(modules, closed),
            all_tensors=Several(tensors, closed),
            optimizers=Several(optimizers, closed),
            loose_groups=[g for d in run.groups if (g := self.loose_group(d)) is not None],
            group_sites=[d.made for d in run.groups if d.made is not None],
            trace=sorted([*run.trace.events, *run.trace.tests.values()], key=lambda event: event.order[0]),
            entry=entry,
            name=name,
            returned=tuple(self.of(value) for value in self._returned()),
            is_cut_short="over budget" in run.memo,
            cut_at=run.cut_at,
        )
        if root is not None:
            self.module(root).is_root = True
        for event in model.trace:
            self.translate(event)
        self._places(model, instances)
        model.modules = Several([*model.modules.seen, *self.asked], model.modules.closed)
        self._histories(model)
        self._name(model, root)
        return model

    def _returned(self) -> Iterator[Value]:
        """What the entry gave back, and what is in it where that is a tuple or a dictionary."""
        for value in (one for given in self.run.memo.get("returned", ()) for _, one in alternatives(given)):
            yield value
            if isinstance(value, SequenceValue):
                yield from (row.value for row in value.items.rows)
            elif isinstance(value, Dictionary):
                yield from (held for cell in value.cells.values() for _, held in cell)

    # Objects

    def of(self, value: Any) -> Any:
        """The object of the model that a value of the interpreter is; other values stay."""
        kind = value.__class__
        if kind is Instance:
            return self.module(value) if value.is_module else value
        if kind is TensorValue:
            return self.tensor(value)
        if kind is OptimizerValue:
            return self.optimizer(value)
        if kind is Unknown and value in self.run.stand_ins:
            return self.module(self.run.stand_ins[value])
        return self.made.get(id(value), value) if kind is Dictionary else value

    def module(self, value: Instance) -> Module:
        known = self.made.get(id(value))
        if known is None:
            known = self.made[id(value)] = BuiltModule(self, value)
        return known

    def tensor(self, value: TensorValue) -> Tensor:
        known = self.made.get(id(value))
        if known is None:
            known = self.made[id(value)] = BuiltTensor(self, value)
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
        event = self._grouped.get(id(value))
        dictionary = event.get("dictionary") if event is not None else None
        site: Any = event.site if event is not None else SourceSite(self.file.module_place, value.node)
        if isinstance(dictionary, Dictionary) and dictionary.made is not None:
            site = dictionary.made  # which may stand in another function
        group = self._group(optimizer, value, site, value.given)
        if value.source is not None and value.source[0] in ("parameters", "named_parameters"):
            held = self.of(value.source[1])
            group.module = held if isinstance(held, Module) else None
        group.options = {key: plain(option) for key, option in value.options.items()}
        group.sure = tuple(self.tensor(m.tensor) for m in value.members if not m.guard)
        group.guard, group.is_added = value.guard, value.is_added
        for tensor in group.tensors:
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
        group = self.made[id(dictionary)] = self._group(None, collect(self.run, value), dictionary.made, value)
        group.order = dictionary.order
        return group

    def _group(self, optimizer: Optimizer | None, value: GroupValue | Collected, site: Site, given: Any) -> Group:
        tensors = [self.tensor(member.tensor) for member in value.members]
        group = Group(optimizer, Several(tensors, YES if value.known else UNKNOWN), site)
        group.given = given.made if isinstance(given, SequenceValue) else None
        group.named = YES if value.pairs and value.pairs == len(tensors) else UNKNOWN if value.pairs else NO
        group.misfits = tuple(value.misfits)
        return group

    # Events

    def translate(self, event: Event) -> None:
        """Let an event speak of the model's objects."""
        if event.get("how") == "kept for a group":
            group = event.data.pop("group")
            cell = group.cells.get("params")  # it may have been taken out again
            kept = self.run.read(cell) if cell else None
            event.data["holds"] = not group.is_spread and kept is not None and _has(kept, event.of)
        event.of = self.of(event.of)
        for key, value in event.data.items():
            kind = value.__class__
            if kind is list:
                event.data[key] = [self.of(one) for one in value]
            elif kind in _MADE and key != "arguments":
                event.data[key] = self.of(value)
        if event.kind == "bound" and isinstance(event.get("value"), Choice):
            event.data["options"] = [self.of(one) for _, one in alternatives(event.data["value"])]
        if event.kind in ("written", "called", "wrapped") and event.get("arguments") is not None:
            event.data["given"] = tuple(flat(self, event.arguments.values()))

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
        bound: dict[int, dict[str, list[Event]]] = {}
        for event in model.trace:
            if event.kind == "bound" and "name" in event.data:
                bound.setdefault(id(event.of), {}).setdefault(event.data["name"], []).append(event)
        for instance in instances:
            self._containers(instance, bound.get(id(self.module(instance)), {}))

    def _end(
        self, open_places: dict[tuple[int, str], list[Place]], holder: Any, key: str, event: Event, what: Any
    ) -> None:
        if key.startswith("["):
            return
        places = open_places.get((id(holder), key), [])
        # What happens under conditions that a place does not ask about cannot end it: asking here spares the calls.
        says, is_certain = event.guard.mask, not event.guard
        ended = False
        for place in places:
            if place.what is not what and (is_certain or place.guard.mask & says) and place.guard.implies(event.guard):
                # Where another method does it, somebody has to call that.
                if event.inside == place.since.inside and place.guard.fits(event.guard):
                    place.until = event
                    ended = True
        if ended:
            places[:] = [place for place in places if place.until is None]

    def _place(self, event: Event, holder: Module, key: str, what: Any) -> Place:
        loops: tuple[Loop, ...] = event.data.get("loops", ())
        extra = [lp for lp in loops if lp not in what.loops]
        is_item = key.startswith("[") or "{" in key or event.get("how") in ("item", "appended")
        each_round = any(lp in holder.loops or is_item for lp in extra) and _is_one(what, loops)
        kind: PlaceKind = event.data["role"]
        place = Place(holder, key, kind, what, event, None, each_round, event.get("how", ""), event.guard)
        _keep(place, what, holder)
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
                _keep(place, what, event.of)
                open_places.setdefault((id(event.of), event.data["name"]), []).append(place)

    def _containers(self, instance: Instance, bound: dict[str, list[Event]]) -> None:
        """What plain containers hold that are kept as attributes until the end, or until another method is called."""
        holder = self.module(instance)
        for name, events in bound.items():
            cell = instance.attributes.get(name)
            value = self.run.read(cell) if cell else None
            last = events[-1]
            for event in events[:-1]:
                one = event.get("value")
                if event.inside != last.inside and isinstance(one, (SequenceValue, Dictionary)) and not event.guard:
                    is_flat = are_alike(self.run, one)
                    for item in islice(items_in(one), MAX_ITEMS):
                        self._contained(holder, name, event, item, ALWAYS, one, is_flat=is_flat, until=last)
            for guard, one in alternatives(value) if value is not None else ():
                if isinstance(one, (SequenceValue, Dictionary)):
                    event = next((e for e in events if _has(e.get("value"), one)), events[-1])
                    is_flat = are_alike(self.run, one)
                    for item in islice(items_in(one), MAX_ITEMS):
                        self._contained(holder, name, event, item, guard, one, is_flat=is_flat)
                        self._in_object(holder, name, event, item)
                elif events and events[-1].inside == "__init__":
                    self._in_object(holder, name, events[-1], Item(guard, (), one))

    def _in_object(self, holder: Module, name: str, event: Event, item: Item) -> None:
        """What a plain object holds as attributes that a module keeps, itself or in a container."""
        owner = item.value
        if not isinstance(owner, Instance) or owner.is_module or owner.cls is None or not owner.known:
            return
        for cell in owner.attributes.values():
            for guard, value in cell:
                inside = islice(items_in(value), MAX_ITEMS) if isinstance(value, (SequenceValue, Dictionary)) else ()
                for one in (Item(ALWAYS, (), value), *inside):
                    what, joined = self.of(one.value), guard & item.guard
                    joined = joined & one.guard if joined is not None else None
                    if isinstance(what, (Module, Tensor)) and joined is not None:
                        _keep(Place(holder, name, "object", what, event, None, False, "object", joined), what, holder)

    def _contained(
        self,
        holder: Module,
        name: str,
        event: Event,
        item: Item,
        guard: Guard,
        container: Value,
        *,
        is_flat: bool,
        until: Event | None = None,
    ) -> None:
        what = self._asked(item.value, guard & item.guard) or self.of(item.value)
        if not isinstance(what, (Module, Tensor)) or (isinstance(what, Tensor) and what.role == "gradient"):
            return
        joined = guard & item.guard
        loops: tuple[Loop, ...] = item.loops
        each_round = any(loop not in what.loops for loop in loops) and _is_one(what, loops)
        kind = container.kind if isinstance(container, SequenceValue) else "dict"
        how = "repeated" if getattr(container, "repeated", False) else kind
        place = Place(holder, name, "container", what, event, until, each_round, how, joined or ALWAYS, is_flat)
        _keep(place, what, holder)

    def _asked(self, value: Value, guard: Guard | None) -> Module | None:
        """The module that something unknown is where the code has asked whether it is one."""
        asked = self.run.memo.get(("class asked", value)) if isinstance(value, Unknown) else None
        if asked is None or guard is None or value in self.run.stand_ins or not guard.implies(asked[0]):
            return None
        assert isinstance(value, Unknown)
        self.asked.append(self.module(of_class(self.run, value, asked[1])))
        return self.asked[-1]

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
        named = [event for event in model.trace if not _is_of_loop(event)]
        if root is not None:  # how a method calls what it works with comes after how the object does
            self._name_bound([event for event in named if event.get("inside") == "__init__"])
            self._name_below(self.module(root), "self", set(), set())
        self._name_bound(named)
        for value, optimizer in zip(self.run.optimizers, model.optimizers, strict=True):
            optimizer.name = optimizer.name or value.kind.rpartition(".")[2]
        if root is not None:
            self.module(root).name = "self"
        for _ in range(2):
            told: set[tuple[int, str]] = set()
            for start in [*model.roots, *(m for m in model.modules if m.name)]:
                self._name_below(start, start.name, set(), told)
            self._name_bound(list(model.trace))  # what has no other name is called as the loop over it calls it

    def _name_bound(self, events: Sequence[Event]) -> None:
        """Give what was bound to a name or an attribute that name, where it has none."""
        for event in events:
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

    def _name_below(self, module: Module, name: str, seen: set[int], named: set[tuple[int, str]]) -> None:
        """Name what a module holds, unless that was done from the same name before."""
        if id(module) in seen or (id(module), name) in named or len(seen) > 500:
            return
        seen.add(id(module))
        named.add((id(module), name))
        for place in module.holds:
            what = place.what
            if isinstance(what, (Module, Tensor)) and (not what.name or what.name.count(".") > name.count(".") + 1):
                key = place.key.strip("[]")
                is_inside = place.kind in ("container", "object")
                what.name = f"{name}.{key}[...]" if is_inside else f"{name}.{key}"
            if isinstance(what, Module):
                self._name_below(what, what.name, seen, named)


def _is_of_loop(event: Event) -> bool:
    """Whether a loop or comprehension binds its variable."""
    return event.kind == "bound" and event.site.node.__class__.__name__ in ("Name", "Tuple", "List")


def _keep(place: Place, what: Module | Tensor, holder: Module) -> None:
    """Note a place at what is held and at what holds it; of very many places it is only known that there are more."""
    seen = what.places.seen
    is_told = len(seen) < MAX_PLACES
    what.places = Several((*seen, place) if is_told else seen, YES if is_told and not what.escaped else UNKNOWN)
    holder.holds = Several([*holder.holds.seen, place], holder.known)


def _has(value: Any, one: Value) -> bool:
    """Whether something is an alternative of a value."""
    return isinstance(value, Value) and any(alternative is one for _, alternative in alternatives(value))


def _is_one(what: Any, loops: tuple[Loop, ...]) -> bool:
    """Whether it is made once for what a loop does in all its rounds. What another loop makes stands for many: of
    those, each round may take another one."""
    return what.value.made is not None and all(loop in loops for loop in what.loops)
