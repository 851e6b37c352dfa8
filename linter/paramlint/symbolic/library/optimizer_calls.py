"""Optimizers: what makes them, unknown code too, what is in their groups, and what their methods do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from paramlint.knowledge import OPTIMIZERS
from paramlint.knowledge.foreign import makes_optimizer_of
from paramlint.model import Misfit
from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections.containers import go_through
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.tensors import as_tensor
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Dictionary,
    Item,
    Loop,
    Native,
    Object,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_text,
    text_of,
)


@dataclass(frozen=True)
class Member:
    """A tensor in a group of an optimizer: under which guard, once for each round of which loops."""

    tensor: TensorValue
    guard: Guard
    loops: tuple[Loop, ...]


@dataclass(repr=False)
class GroupValue:
    """A group of an optimizer: its tensors, whether these are all, and its options.

    `pairs` counts the tensors that were given with their names; `misfits` are what an optimizer refuses.
    """

    members: list[Member]
    known: bool
    options: dict[str, Value]
    node: Any
    guard: Guard
    source: tuple[str, Value] | None = None
    given: Value | None = None
    is_added: bool = False
    pairs: int = 0
    misfits: list[Misfit] = field(default_factory=list)


class OptimizerValue(Object):
    """An optimizer of torch, of another library by its name, or of a class of the project that inherits from one."""

    __slots__ = ("arguments", "cls", "groups", "kind")
    holds_nothing = True

    def __init__(self, kind: str, arguments: Arguments, cls: ClassValue | None = None, **made: Any) -> None:
        super().__init__(**made)
        self.kind = kind
        self.cls = cls
        self.arguments = arguments
        self.groups: list[GroupValue] = []

    def __repr__(self) -> str:
        return f"<{self.kind.rpartition('.')[2]} {self.number}>"


@dataclass
class Collected:
    """What an iterable of parameters gives; of one of a group it is sure that it holds no groups itself."""

    members: list[Member] = field(default_factory=list)
    known: bool = True
    of_group: bool = False
    pairs: int = 0
    misfits: list[Misfit] = field(default_factory=list)

    def note(self, value: Value, holder: SequenceValue) -> None:
        """Note an item of a container that an optimizer refuses there."""
        for _, one in alternatives(value):
            if isinstance(one, SequenceValue) and one.kind != "tuple":
                self.misfits.append(Misfit("iterable", one.made or holder.made, holder.made))
            elif is_text(one):
                self.misfits.append(Misfit("name", holder.made, holder.made))


def make_optimizer(
    run: Interpreter, name: str, arguments: Arguments, node: Any, cls: ClassValue | None = None
) -> Value:
    """`torch.optim.Adam(parameters, ...)`."""
    made = OptimizerValue(name, arguments, cls, **run.made(node))
    given = arguments.get(0, "params") or arguments.get(0, "named_parameters")
    names = OPTIMIZERS.get(name, ())[1:]
    options = {k: v for k, v in arguments.keywords.items() if k != "params"}
    for option, value in zip(names, arguments.positional[1:], strict=False):
        if not isinstance(value, Item):
            options[option] = value
    run.optimizers.append(made)
    run.emit("optimizer", made, node, arguments=arguments, options=options, algorithm=name)
    if given is not None:
        run.each(given, lambda one: _take(run, made, one, options, node))
    return made


def _take(run: Interpreter, optimizer: OptimizerValue, given: Value, options: dict[str, Value], node: Any) -> Value:
    """What an optimizer is made of; a lone dictionary there is gone through by its keys."""
    add_groups(run, optimizer, given, options, node)
    if isinstance(given, Dictionary) and not given.cells.get("params") and given.source is None:
        optimizer.groups[-1].misfits.append(Misfit("keys", given.made, run.site(node)))
    return NONE


def add_groups(
    run: Interpreter, optimizer: OptimizerValue, given: Value, options: dict[str, Value], node: Any
) -> Value:
    """Give an optimizer an iterable of parameters, or of groups."""
    rows = given.items.rows if isinstance(given, SequenceValue) else [Item(ALWAYS, (), given)]
    dictionaries: list[tuple[Guard, Dictionary]] = []
    for row in rows:
        for guard, one in alternatives(row.value):
            joined = guard & row.guard
            if isinstance(one, Dictionary) and joined is not None:
                dictionaries.append((joined, one))
    if not dictionaries:
        _add_group(run, optimizer, given, options, node)
        return NONE
    for guard, dictionary in dictionaries:
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            cell = dictionary.cells.get("params")
            inner = dict(options)
            for key, held in dictionary.cells.items():
                value = run.read(held)
                if isinstance(key, str) and key != "params" and value is not None:
                    inner[key] = value
            dictionary.is_given = True
            params = run.read(cell) if cell else None
            where = dictionary.made.node if dictionary.made is not None else node
            _add_group(run, optimizer, params or run.unknown_call("params"), inner, where, dictionary)
    if isinstance(given, SequenceValue) and not given.items.known:
        optimizer.groups.append(GroupValue([], False, options, node, run.guard))
    return NONE


def replace_groups(run: Interpreter, optimizer: Value, given: Value, node: Any) -> None:
    """Give an optimizer other groups in the place of those that it has: `optimizer.param_groups = []`."""
    assert isinstance(optimizer, OptimizerValue)
    gone = run.guard.negated()
    left = [(group, group.guard & gone) for group in optimizer.groups] if gone is not None else []
    optimizer.groups = [replace(group, guard=guard) for group, guard in left if guard is not None]
    if not isinstance(given, SequenceValue) or given.items.plain != []:
        run.each(given, lambda one: add_groups(run, optimizer, one, {}, node))


def _add_group(
    run: Interpreter, optimizer: OptimizerValue, given: Value, options: dict[str, Value], node: Any, made: Any = None
) -> None:
    collected = Collected(of_group=made is not None)
    _collect(run, given, ALWAYS, (), collected, node)
    source = given.source if isinstance(given, SequenceValue) else None
    if isinstance(given, SequenceValue) and given.kind in ("iterator", "parameters"):
        if made is None:
            go_through(run, given, node)
        else:  # the dictionary may stand in another function
            given.used.append(node)
    group = GroupValue(collected.members, collected.known, options, node, run.guard, source, given)
    group.pairs, group.misfits = collected.pairs, collected.misfits
    optimizer.groups.append(group)
    run.emit("grouped", optimizer, node, group=group, given=given, dictionary=made)


def collect(run: Interpreter, value: Value) -> Collected:
    """The tensors that an iterable of parameters gives."""
    found = Collected()
    _collect(run, value, ALWAYS, (), found, None)
    return found


def _collect(
    run: Interpreter, value: Value, guard: Guard, loops: tuple[Loop, ...], found: Collected, node: Any, depth: int = 0
) -> None:
    run.step()
    for inner, one in alternatives(value):
        joined = guard & inner
        if joined is None or depth > 6:
            continue
        if isinstance(one, TensorValue):
            found.members.append(Member(one, joined, loops))
        elif isinstance(one, SequenceValue):
            for row in one.items.rows:
                both = joined & row.guard
                if both is None:
                    continue
                item = row.value
                plain = item.items.plain if isinstance(item, SequenceValue) and item.kind == "tuple" else None
                if plain is not None and len(plain) == 2 and isinstance(plain[1], TensorValue):
                    found.pairs += not isinstance(plain[0], TensorValue)
                    _collect(run, plain[1], both, loops + row.loops, found, node, depth + 1)  # (name, parameter)
                else:
                    found.note(row.value, one)
                    _collect(run, row.value, both, loops + row.loops, found, node, depth + 1)
            if not one.items.known:
                found.known = False
        elif isinstance(one, Dictionary):
            for cell in one.cells.values():
                for held, entry in cell:
                    both = joined & held
                    if both is not None:
                        _collect(run, entry, both, loops, found, node, depth + 1)
            for row in one.rest:
                _collect(run, row.value, joined, loops + row.loops, found, node, depth + 1)
        elif isinstance(one, Unknown):
            if _is_tensor_like(one) or (found.of_group and depth and one.owner is not None and not one.loop):
                found.members.append(Member(as_tensor(run, one, node, is_parameter=True), joined, loops))
            else:
                found.known = False
        else:
            found.known = False


def _is_tensor_like(value: Unknown) -> bool:
    return value.name in ("weight", "bias") or "parameters" in value.text


def optimizer_attribute(run: Interpreter, optimizer: Value, name: str) -> Value:
    """`optimizer.name`."""
    return Native(optimizer, name) if name != "param_groups" else Unknown(f"{optimizer!r}.param_groups")


def optimizer_method(run: Interpreter, optimizer: Value, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of an optimizer."""
    assert isinstance(optimizer, OptimizerValue)
    if name == "step":
        run.emit("stepped", optimizer, node, arguments=arguments)
        closure = arguments.get(0, "closure")
        if closure is not None and closure != NONE:
            run.call(closure, Arguments(), node)
        if optimizer.cls is not None and _clears_by_itself(optimizer.cls):
            run.emit("cleared", optimizer, node, how="step")
        return run.unknown_call("step()")
    if name == "zero_grad":
        run.emit("cleared", optimizer, node, how="zero_grad")
        return NONE
    if name == "add_param_group":
        given = arguments.get(0, "param_group")
        if given is not None:
            before = len(optimizer.groups)
            run.each(given, lambda one: add_groups(run, optimizer, one, {}, node))
            for group in optimizer.groups[before:]:
                group.is_added = True
        return NONE
    if name == "state_dict":
        made = Dictionary(**run.made(node))
        made.forget("state of an optimizer")
        made.source = ("state_dict", optimizer)
        run.emit("taken", optimizer, node, state=made)
        return made
    if name == "load_state_dict":
        run.emit("loaded", optimizer, node, state=arguments.get(0, "state_dict"), arguments=arguments)
        return NONE
    if name not in ("train", "eval", "profile_hook_step", "register_step_pre_hook", "register_step_post_hook"):
        run.emit("escaped", optimizer, node)  # what a method of an optimizer of its own kind does is not known
    return run.unknown_call(f"{optimizer!r}.{name}()")


def _clears_by_itself(cls: ClassValue) -> bool:
    """Whether the `step` of an optimizer of the project clears the gradients too."""
    found = cls.outline.methods.get("step")
    if not found:
        return False
    text = cls.file.facts.source.lines(found[-1].first, found[-1].last)
    return "zero_grad" in text or ".grad = None" in text


# Those that unknown code makes: of a registry, by `getattr`, by what a configuration names


def optimizer_of(run: Interpreter, function: str, arguments: Arguments, node: Any) -> Value | None:
    """What unknown code makes of parameters, where what is said of it is that it makes an optimizer; else None."""
    if arguments.unknown_positional:
        return None
    given = next((v for v in arguments.values() if _are_parameters(v)), None)
    if given is None:
        return None
    others = [text_of(v) for v in arguments.values() if v is not given]
    by_name = arguments.keywords.get("params") is given
    if not makes_optimizer_of(function, [*others, "optimizer"] if by_name else others):
        return None
    options = {k: v for k, v in arguments.keywords.items() if v is not given}
    return make_optimizer(run, function, Arguments([given], options), node)


def _are_parameters(value: Value | Item) -> bool:
    """Whether something is the parameters of a module, or groups of those."""
    if isinstance(value, Item):
        return False
    for _, one in alternatives(value):
        if isinstance(one, Dictionary):
            return any(_are_parameters(v) for _, v in one.cells.get("params", ()))
        if not isinstance(one, SequenceValue):
            return False
        if one.source is not None and one.source[0] in ("parameters", "named_parameters"):
            return True
        held = [row.value for row in one.items.rows]
        if held and all(isinstance(v, TensorValue) and v.role == "parameter" for v in held):
            return True
        return any(isinstance(v, Dictionary) and _are_parameters(v) for v in held)
    return False
