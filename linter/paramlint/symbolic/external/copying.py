"""Copies: `copy.deepcopy` gives objects of their own with equal values, `copy.copy` shares what is inside."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library import registry
from paramlint.symbolic.values import (
    Arguments,
    Cell,
    Choice,
    Dictionary,
    Instance,
    Item,
    Items,
    Loop,
    Object,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
)

_MAX_COPIED = 2_000


def deep_copy(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`copy.deepcopy(value)`."""
    value = arguments.get(0, "x")
    if value is None:
        return run.unknown_call("deepcopy()")
    copies = _Copies()

    def copied(one: Value) -> Value:
        copies.root = one.loops if isinstance(one, Object) else ()
        return _deep(run, one, node, copies)

    return run.each(value, copied)


class _Copies(dict[int, Value]):
    """The copies that one call makes, by the `id` of what they are copies of, and the loops around the first."""

    root: tuple[Loop, ...] = ()

    def made(self, run: Interpreter, value: Object, node: Any) -> dict[str, Any]:
        """What the copy of an object is told: there is one for each round of the loops inside what is copied, too."""
        inner = tuple(loop for loop in value.loops if loop not in self.root)
        made = run.made(node)
        return made | {"loops": (*made["loops"], *(loop for loop in inner if loop not in made["loops"]))}


def _deep(run: Interpreter, value: Value, node: Any, copies: _Copies) -> Value:
    run.step()
    if id(value) in copies:
        return copies[id(value)]
    if len(copies) > _MAX_COPIED:
        return run.unknown_call("deepcopy()")
    if isinstance(value, Instance):
        return _copied_instance(run, value, node, copies)
    if isinstance(value, TensorValue):
        return _copied_tensor(run, value, node, copies)
    if isinstance(value, SequenceValue):
        made = SequenceValue(value.kind, **copies.made(run, value, node))
        copies[id(value)] = made
        made.items = _copied_items(run, value.items, node, copies)
        return made
    if isinstance(value, Dictionary):
        other = Dictionary(**copies.made(run, value, node))
        copies[id(value)] = other
        other.cells = {key: _copied_cell(run, cell, node, copies) for key, cell in value.cells.items()}
        other.rest = [Item(r.guard, r.loops, _deep(run, r.value, node, copies), r.key) for r in value.rest]
        other.known, other.why_unknown = value.known, value.why_unknown
        other.by_attribute = value.by_attribute
        if value.source is not None:
            other.source = (f"copied {value.source[0]}", value.source[1])
            run.emit("copied", value, node, to=other, deep=True)
        return other
    if isinstance(value, Unknown):
        from paramlint.symbolic.definitions.attributes import stand_in

        if value in run.stand_ins:
            return _copied_instance(run, stand_in(run, value), node, copies)
        return Unknown(f"deepcopy({value.text})#{run.serial()}", value.loop)
    return value


def _copied_instance(run: Interpreter, value: Instance, node: Any, copies: _Copies) -> Instance:
    run.build(value)
    made = Instance(value.cls, value.is_module, **copies.made(run, value, node))
    copies[id(value)] = made
    run.instances.append(made)
    made.copy_of = value
    made.text = f"deepcopy({value!r})" if value.cls is None else ""
    made.arguments = value.arguments
    made.known, made.why_unknown = value.known, value.why_unknown
    made.registered = dict(value.registered)
    made.attributes = {name: _copied_cell(run, cell, node, copies) for name, cell in value.attributes.items()}
    made.container = value.container
    if value.items is not None:
        made.items = _copied_items(run, value.items, node, copies)
    if value.is_module:
        run.emit("copied", value, node, to=made, deep=True)
        for held in registry.held_by(run, made):
            if held.is_tensor or held.is_child:
                role = "child" if held.is_child else held.value.role  # type: ignore[attr-defined]
                with run.at(run.guard, tuple(dict.fromkeys((*made.loops, *held.loops)))):
                    run.emit("registered", held.value, node, holder=made, key=held.name, how="copied", role=role)
    return made


def _copied_cell(run: Interpreter, cell: Cell, node: Any, copies: _Copies) -> Cell:
    return [(guard, _copied_value(run, value, node, copies)) for guard, value in cell]


def _copied_value(run: Interpreter, value: Value, node: Any, copies: _Copies) -> Value:
    if isinstance(value, Choice):
        return Choice([(guard, _copied_value(run, one, node, copies)) for guard, one in value.options])
    if isinstance(value, (Instance, TensorValue, SequenceValue, Dictionary)):
        return _deep(run, value, node, copies)
    return value


def _copied_items(run: Interpreter, items: Items, node: Any, copies: _Copies) -> Items:
    rows = [Item(r.guard, r.loops, _copied_value(run, r.value, node, copies), r.key) for r in items.rows]
    return Items(rows, items.known, items.why_unknown, items.ordered)


def _copied_tensor(run: Interpreter, value: TensorValue, node: Any, copies: _Copies) -> TensorValue:
    made = run.new_tensor(node, filled=True, role=value.role, shape=value.shape, factory=value.factory)
    made.loops = copies.made(run, value, node)["loops"]
    copies[id(value)] = made
    made.requires_grad, made.dtype = value.requires_grad, value.dtype
    made.storage.filled = value.storage.filled
    made.storage.allocated = value.storage.allocated
    made.storage.writes = list(value.storage.writes)
    run.emit("copied", value, node, to=made, deep=True)
    return made


def shallow_copy(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`copy.copy(value)`."""
    value = arguments.get(0, "x")
    if value is None:
        return run.unknown_call("copy()")

    def copied(one: Value) -> Value:
        if isinstance(one, Instance):
            run.build(one)
            made = Instance(one.cls, one.is_module, **run.made(node))
            run.instances.append(made)
            made.known, made.why_unknown = one.known, one.why_unknown
            made.registered, made.items, made.container = dict(one.registered), one.items, one.container
            made.attributes = {name: list(cell) for name, cell in one.attributes.items()}
            run.emit("copied", one, node, to=made, deep=False)
            return made
        if isinstance(one, SequenceValue):
            return SequenceValue(one.kind, one.items.copy(), **run.made(node))
        if isinstance(one, Dictionary):
            from paramlint.symbolic.collections.containers import update

            other = Dictionary(**run.made(node))
            update(run, other, one)
            other.source = one.source
            other.known, other.why_unknown = one.known, one.why_unknown
            run.emit("copied", one, node, to=other, deep=False)
            return other
        if isinstance(one, Unknown):  # whether it is a module shows in what is done with it
            same = Unknown(f"copy({one.text})#{run.serial()}", one.loop, annotation=one.annotation)
            run.emit("copied", one, node, to=same, deep=False)
            return same
        return one

    return run.each(value, copied)
