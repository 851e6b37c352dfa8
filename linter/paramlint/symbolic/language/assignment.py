"""What an assignment does to its target: names, attributes, items, and the parts of what is unpacked."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.collections import containers, indexing
from paramlint.symbolic.definitions.attributes import set_attribute, stand_in
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.language.expressions import index_of
from paramlint.symbolic.library import tensors
from paramlint.symbolic.values import (
    NONE,
    Constant,
    Environment,
    Instance,
    Item,
    Items,
    Object,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    formulas,
    text_of,
)


def store_name(run: Interpreter, name: str, value: Value, env: Environment) -> None:
    """Bind a name."""
    if name in env.globals:
        run.global_writes += 1
        run.write(run.global_cells.setdefault(env.place.file.path, {}).setdefault(name, []), value)
        return
    run.write(env.cells.setdefault(name, []), value)


def store(run: Interpreter, target: Any, value: Value, env: Environment, node: Any) -> None:
    """Give an assignment's target a value."""
    run.step()
    kind = target.__class__.__name__
    if kind == "Name":
        if isinstance(value, Unknown) and value.text.startswith("?"):
            value = Unknown(f"{target.value}#{run.serial()}", value.loop)
        store_name(run, target.value, value, env)
        _note_binding(run, target.value, value, node)
    elif kind in ("Tuple", "List"):
        _unpack(run, list(target.elements), value, env, node)
    elif kind == "Attribute":
        owner = run.evaluate(target.value, env)
        run.each(owner, lambda one: set_attribute(run, one, target.attr.value, value, target))
    elif kind == "Subscript":
        owner, index = run.evaluate(target.value, env), index_of(run, target, env)
        run.each(owner, lambda one: _set_item(run, one, index, value, target))
    elif kind == "StarredElement":
        store(run, target.value, value, env, node)


def _note_binding(run: Interpreter, name: str, value: Value, node: Any) -> None:
    if run.is_torch:
        return
    for _, one in containers.alternatives_of(value):
        if isinstance(one, Unknown) and (one in run.stand_ins or one.annotation.rpartition(".")[2] == "Module"):
            run.emit("bound", stand_in(run, one), node, name=name)
        elif (isinstance(one, Object) and not isinstance(one, SequenceValue)) or _may_be_module(one):
            run.emit("bound", one, node, name=name)


def _may_be_module(value: Value) -> bool:
    """Whether what unknown code made, or what that was moved to, may show to be a module later."""
    return isinstance(value, Unknown) and not value.loop and _MADE.search(value.text) is not None


#: How the result of a call reads, cut off where it is long.
_MADE = re.compile(r"\)(?:#\d+)?$|\(.*\.\.\.[0-9a-f]{8}$")


def _set_item(run: Interpreter, owner: Value, index: Value, value: Value, node: Any) -> Value:
    if isinstance(owner, TensorValue):
        tensors.set_item(run, owner, index, value, node)
    else:
        indexing.set_item(run, owner, index, value, node)
    return NONE


def _unpack(run: Interpreter, elements: list[Any], value: Value, env: Environment, node: Any) -> None:
    star = next((i for i, e in enumerate(elements) if e.__class__.__name__ == "StarredElement"), None)
    plain: list[Value] | None = None
    if isinstance(value, SequenceValue):
        plain = containers.items_of(run, value, node).plain
    elif isinstance(value, Constant) and isinstance(value.value, (tuple, str)):
        plain = [Constant(x) for x in value.value]
    elif isinstance(value, Instance) and value.container:
        plain = containers.items_of(run, value, node).plain
    elif value.__class__.__name__ == "Choice":
        # Each alternative gives its own parts.
        count = len(elements)
        parts = [run.each(value, partial(_part_at, run, place, count, star)) for place in range(count)]
        for element, part in zip(elements, parts, strict=True):
            store(run, element.value, part, env, node)
        return
    if plain is not None and star is not None and len(plain) >= len(elements) - 1:
        behind = len(elements) - 1 - star
        middle = plain[star : len(plain) - behind]
        rest = SequenceValue("list", Items([Item(ALWAYS, (), v) for v in middle]), **run.made(node))
        plain = [*plain[:star], rest, *(plain[len(plain) - behind :] if behind else [])]
    if plain is not None and len(plain) != len(elements) and run.is_torch:
        nothing: list[Value] = [NONE]
        plain = nothing * len(elements)  # torch takes any number of sizes here and is not asked what it makes of it
    if plain is None or len(plain) != len(elements):
        plain = [_part(run, value, i, len(elements), star) for i in range(len(elements))]
    for element, part in zip(elements, plain, strict=True):
        store(run, element.value, part, env, node)


def _part_at(run: Interpreter, place: int, count: int, star: int | None, value: Value) -> Value:
    return _part(run, value, place, count, star)


def _part(run: Interpreter, value: Value, place: int, count: int, star: int | None) -> Value:
    if isinstance(value, SequenceValue) and value.items.plain is not None and len(value.items.plain) == count:
        return value.items.plain[place]
    if isinstance(value, Constant) and isinstance(value.value, tuple) and len(value.value) == count:
        return Constant(value.value[place])
    if star is not None and place >= star:
        return run.unknown_call(f"{text_of(value)}[{place}:]")
    if isinstance(value, TensorValue):
        if not run.frames:
            return value
        view = run.view(value, "index", None, value.item_shape)
        view.part = Constant(place)
        return view
    loop = value.loop if isinstance(value, Unknown) else 0
    return Unknown(f"{formulas.owner(text_of(value))}[{place}]", loop)
