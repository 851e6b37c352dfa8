"""Methods of lists, tuples, sets, iterators and dictionaries."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.collections.containers import (
    OWN,
    add,
    alternatives_of,
    append,
    entry_without,
    extend,
    pair,
    row_without,
    set_entry,
    unite,
    update,
)
from paramlint.symbolic.collections.indexing import delete_entry, entry_of, some_of, take_out
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    Instance,
    Item,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    text_of,
)


def sequence_method(run: Interpreter, owner: SequenceValue, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of a list, tuple, set or iterator."""
    values = arguments.values()
    first = values[0] if values else None
    if name in ("append", "add") and first is not None:
        if name == "add" and any(row.value is first or row.value == first for row in owner.items.rows if not row.guard):
            return NONE
        append(run, owner, owner.items, first)
        for _, one in alternatives_of(first):
            if isinstance(one, (Instance, TensorValue)):
                run.emit("kept", one, node, how="appended", container=owner)
        return NONE
    if name in ("extend", "update") and first is not None:
        for value in values:
            extend(run, owner.items, value, node, owner)
        return NONE
    if name == "insert" and len(values) == 2:
        put_in(run, owner, values[0], values[1])
        return NONE
    if name == "pop":
        taken = take_out(
            run, owner, owner.items, first if first is not None else Constant(-1 if owner.kind == "list" else None)
        )
        return taken or run.unknown_call(f"{text_of(owner)}.pop()")
    if name in ("clear", "remove", "discard"):
        _remove(run, owner, first, name)
        return NONE
    if name in ("copy", "__iter__"):
        return SequenceValue(owner.kind if name == "copy" else "iterator", owner.items.copy(), **run.made(node))
    if name in ("reverse", "sort"):
        _reorder(run, owner, name)
        return NONE
    if name in ("__len__", "index", "count"):
        return Unknown(f"{name}({text_of(owner)})#{owner.number}")
    if name in ("__next__", "next"):
        from paramlint.symbolic.collections.iteration import take_next

        return take_next(run, owner, node)
    if name == "union":
        both = SequenceValue("set", owner.items.copy(), **run.made(node))
        for given in arguments.values():
            extend(run, both.items, given, node)
        unite(both.items)
        return both
    if name in ("difference", "intersection", "symmetric_difference"):
        made = SequenceValue("set", **run.made(node))
        made.items.forget(name)
        return made
    return run.unknown_call(f"{text_of(owner)}.{name}()")


def put_in(run: Interpreter, owner: SequenceValue | Instance, index: Value, value: Value) -> None:
    """`owner.insert(index, value)`."""
    items = owner.items
    assert items is not None
    item = Item(run.guard.minus(owner.guard), run.loops[len(owner.loops) :], value)
    at = index.value if isinstance(index, Constant) and isinstance(index.value, int) else None
    before = items.rows[:at] if at is not None else []
    is_placed = at is not None and at >= 0 and items.ordered is None and not any(r.guard or r.loops for r in before)
    if at is None or not (is_placed or (items.plain is not None and at >= -len(items.rows))):
        items.shuffle()
        at = len(items.rows)
    items.rows.insert(at, item)


def _remove(run: Interpreter, owner: SequenceValue, value: Value | None, name: str) -> None:
    items = owner.items
    is_once = not run.loops[len(owner.loops) :]
    guard = run.guard.minus(owner.guard)
    if name == "clear" and is_once:
        items.rows[:] = [left for row in items.rows if (left := row_without(guard, row)) is not None]
        return
    place = next((i for i, row in enumerate(items.rows) if row.value is value), None)
    if place is not None and is_once and items.known and not items.rows[place].loops:
        left = row_without(guard, items.rows[place])
        items.rows[place : place + 1] = [left] if left is not None else []
    else:
        items.rows[:] = some_of(run, items, text_of(owner)).rows
        if not is_once:
            items.forget("items are taken out")


def _reorder(run: Interpreter, owner: SequenceValue, name: str) -> None:
    items = owner.items
    if name == "reverse" and not run.guard.minus(owner.guard) and not run.loops[len(owner.loops) :]:
        items.rows.reverse()
        if not items.known or items.ordered is not None:
            items.shuffle()
    elif len(items.rows) > 1 or not items.known:
        items.shuffle()


# Dictionaries


def dictionary_method(run: Interpreter, owner: Dictionary, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of a dictionary."""
    values = arguments.values()
    if name in ("items", "values", "keys"):
        return _view_of(run, owner, name, node)
    if name in ("get", "pop", "setdefault", "__getitem__") and values:
        otherwise = values[1] if len(values) > 1 else NONE
        key = values[0]
        found = _entry_or(run, owner, key, otherwise, name)
        if name == "pop" and (not isinstance(key, Constant) or _may_have(owner, key) or not owner.known):
            delete_entry(run, owner, key, node)
        return found
    if name == "update":
        for value in arguments.positional:
            update(run, owner, value.value if isinstance(value, Item) else value)
        for keyword, value in arguments.keywords.items():
            set_entry(run, owner, Constant(keyword), value)
        if arguments.unknown:
            owner.forget("it is updated with what is not known")
        return NONE
    if name == "copy":
        made = Dictionary(**run.made(node))
        update(run, made, owner)
        return made
    if name == "clear":
        _clear(run, owner)
        return NONE
    if name == "popitem":
        owner.forget("entries are taken out")
        for cell in owner.cells.values():
            guard, _ = run.opaque(f"left#{run.serial()}")
            cell[:] = [(joined, v) for g, v in cell if guard is not None and (joined := g & guard) is not None]
    return run.unknown_call(f"{text_of(owner)}.{name}()")


def _may_have(owner: Dictionary, key: Constant) -> bool:
    try:
        return key.value in owner.cells or bool(owner.rest)
    except TypeError:
        return True


def _clear(run: Interpreter, owner: Dictionary) -> None:
    if owner.source is not None and owner.source[0] in OWN and isinstance(owner.source[1], Instance):
        owner.source[1].forget("its attributes are cleared")
    if run.loops[len(owner.loops) :]:
        owner.forget("entries are deleted")
        return
    guard = run.guard.minus(owner.guard)
    owner.cells = {key: left for key, cell in owner.cells.items() if (left := entry_without(run.guard, cell))}
    owner.rest = [row for row in (row_without(guard, row) for row in owner.rest) if row is not None]


def _entry_or(run: Interpreter, owner: Dictionary, key: Value, otherwise: Value, name: str) -> Value:
    if isinstance(key, Constant):
        try:
            cell = owner.cells.get(key.value)
        except TypeError:
            cell = None
        if cell:
            found = run.read(cell, lambda: otherwise) or otherwise
            if name == "setdefault":
                set_entry(run, owner, key, found)
            return found
        if name == "setdefault":
            set_entry(run, owner, key, otherwise)
        if (owner.known and not owner.rest) or name == "setdefault":
            return otherwise
        return Unknown(f"{text_of(owner)}.get({text_of(key)})#{owner.number}")
    if isinstance(key, Unknown) and owner.known and not owner.rest and 0 < len(owner.cells) <= 12:
        found = entry_of(run, owner, key)
        _, absent = run.equality(key, list(owner.cells))
        if absent is None or name == "__getitem__":
            return found
        if name == "setdefault":
            with run.under(absent) as is_possible:
                if is_possible:
                    set_entry(run, owner, key, otherwise)
        return run.choice([(absent, otherwise), (absent.negated() or absent, found)]) or found
    if name == "setdefault":  # it may be there already: what is given then is not kept
        set_entry(run, owner, key, otherwise)
    return run.unknown_call(f"{text_of(owner)}.{name}({text_of(key)})")


def _view_of(run: Interpreter, owner: Dictionary, name: str, node: Any) -> Value:
    made = SequenceValue("list", **run.made(node))
    rows = []
    for key, cell in owner.cells.items():
        for guard, value in cell:
            rows.append(Item(guard.minus(owner.guard), (), value, Constant(key)))
    for row in [*rows, *owner.rest]:
        key_value = row.key if row.key is not None else run.unknown_call("key")
        shown: Value = row.value if name == "values" else key_value
        if name == "items":
            shown = pair(run, key_value, row.value, node)
        add(run, made.items, Item(row.guard, row.loops, shown))
    if not owner.known:
        made.items.forget(owner.why_unknown)
    made.source = (name, owner)
    return made
