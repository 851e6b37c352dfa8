"""`owner[index]` of lists, tuples, dictionaries, module containers and others: reading, replacing and deleting."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections.carried import OTHER_ROUNDS
from paramlint.symbolic.collections.containers import OWN, add, append, entry_without, row_without, set_entry
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_UNROLLED
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
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

# Reading


def get_item(run: Interpreter, owner: Value, index: Value, node: Any) -> Value:
    """`owner[index]`."""
    if isinstance(index, Choice) and not isinstance(owner, TensorValue):
        return run.each(index, lambda one: get_item(run, owner, one, node))
    if isinstance(owner, SequenceValue):
        return _item_of(run, owner.items, index, node, owner.kind, text_of(owner))
    if isinstance(owner, Dictionary):
        from paramlint.symbolic.library.training_calls import state_entry

        return (
            state_entry(run, owner, index, node) or _own_table(run, owner, index, node) or entry_of(run, owner, index)
        )
    if isinstance(owner, Constant):
        return _item_of_constant(run, owner, index)
    if isinstance(owner, TensorValue):
        from paramlint.symbolic.library.tensors import indexed

        return indexed(run, owner, index, node)
    if isinstance(owner, Instance):
        return _item_of_instance(run, owner, index, node)
    if owner.__class__.__name__ in ("ClassValue", "External"):
        return owner  # a generic class or annotation
    if isinstance(owner, Unknown):
        held = run.stand_ins.get(owner)
        if held is not None and held.slots:
            return stand_in_item(run, held, index)
        loop = owner.loop or (index.loop if isinstance(index, Unknown) else 0)
        return Unknown(f"{formulas.owner(owner.text)}[{text_of(index)}]", loop)
    return run.unknown_call(f"{text_of(owner)}[{text_of(index)}]")


def _own_table(run: Interpreter, owner: Dictionary, index: Value, node: Any) -> Value | None:
    """`module.__dict__["_parameters"]`, and so for the other tables that a module has of its own."""
    from paramlint.symbolic.definitions.attributes import get_attribute

    kind, module = owner.source or ("", NONE)
    if kind == "__dict__" and isinstance(index, Constant) and index.value in OWN - {"__dict__"}:
        return get_attribute(run, module, str(index.value), node)
    return None


def _item_of_instance(run: Interpreter, owner: Instance, index: Value, node: Any) -> Value:
    from paramlint.symbolic.definitions.attributes import get_member
    from paramlint.symbolic.library.module_containers import entry_named, part_of_container

    run.build(owner)
    method = get_member(run, owner, "__getitem__")
    if method is not None:
        return run.call(method, Arguments([index]), node)
    if not owner.container or owner.items is None:
        return stand_in_item(run, owner, index)
    if isinstance(index, Constant) and isinstance(index.value, str):
        return entry_named(run, owner, index.value) or run.unknown_call(f"{text_of(owner)}[{index!r}]")
    if _slice_of(index) is not None or (isinstance(index, Unknown) and ":" in index.text):
        return part_of_container(run, owner, _item_of(run, owner.items, index, node, "list", text_of(owner)), node)
    item = _item_of(run, owner.items, index, node, "list", text_of(owner))
    if isinstance(item, Unknown) and not owner.container.startswith("Parameter"):
        run.memo["part of modules", item] = owner
    return item


def stand_in_item(run: Interpreter, owner: Instance, index: Value) -> Value:
    """An item of something unknown: the same for the same index."""
    key = f"[{text_of(index)}]"
    if key not in owner.slots:
        owner.slots[key] = Unknown(f"{text_of(owner)}{key}", index.loop if isinstance(index, Unknown) else 0)
    return owner.slots[key]


def _item_of_constant(run: Interpreter, owner: Constant, index: Value) -> Value:
    if isinstance(index, Constant):
        at: Any = _slice_of(index) or index.value
        try:
            return owner.giving(owner.value[at])  # type: ignore[index]
        except (TypeError, LookupError, ValueError):
            return run.unknown_call("?")
    return Unknown(f"{owner!r}[{text_of(index)}]", index.loop if isinstance(index, Unknown) else 0)


def _slice_of(index: Value) -> slice | None:
    return getattr(index.value, "slice", None) if isinstance(index, Constant) else None


def _item_of(run: Interpreter, items: Items, index: Value, node: Any, kind: str, text: str) -> Value:
    plain = items.plain
    if isinstance(index, Constant):
        at = index.value
        if isinstance(at, int) and plain is not None:
            return plain[at] if -len(plain) <= at < len(plain) else run.unknown_call("?")
        if isinstance(at, int):
            return _item_at(run, items, at, text)
        sliced = _slice_of(index)
        if sliced is not None:
            rows = _sliced(items, sliced)
            taken = Items(rows) if rows is not None else some_of(run, items, f"{text}[{at!r}]")
            return SequenceValue(kind, taken, **run.made(node))
    if isinstance(index, Unknown) and ":" in index.text:
        return SequenceValue(kind, some_of(run, items, f"{text}[{index.text}]", index.loop), **run.made(node))
    if plain is not None and isinstance(index, Unknown) and 0 < len(plain) <= MAX_UNROLLED:
        if all(v is plain[0] or v == plain[0] for v in plain):
            return plain[0]
        options = []
        for place, value in enumerate(plain):
            guard, _ = run.equality(index, [place])
            if guard is not None:
                options.append((guard, value))
        return run.choice(options) or run.unknown_call("?")
    if len(items.rows) == 1 and items.known and items.rows[0].loops:
        if isinstance(index, Unknown) and index.loop:
            run.memo.setdefault(("in turn", id(items.rows[0].value)), set()).add(index.loop)
        return items.rows[0].value
    return Unknown(f"{text}[{text_of(index)}]#{run.serial()}", index.loop if isinstance(index, Unknown) else 0)


def _is_sure(row: Item) -> bool:
    return not row.guard and not row.loops


def _item_at(run: Interpreter, items: Items, at: int, text: str) -> Value:
    """The item at a constant index, where the ones on the way to it are there for sure."""
    if len(items.rows) == 1 and items.known and not items.rows[0].guard and items.rows[0].loops and at in (0, -1):
        return items.rows[0].value  # the first and last of many that are alike
    if at < 0 and items.why_unknown.startswith(OTHER_ROUNDS) and len(items.rows) + at >= (items.ordered or 0):
        last = items.rows[at:]  # what other rounds have put there stands before them
        if all(run.guard.implies(row.guard) for row in last) and all(
            set(row.loops) <= set(run.loops) for row in last[1:]
        ):
            return last[0].value
    rows = items.rows[: items.ordered] if at >= 0 else items.rows[::-1] if items.known and items.ordered is None else []
    steps = at if at >= 0 else -at - 1
    for row in rows:
        rounds = row.loops[0].count if len(row.loops) == 1 else None
        if row.guard or (row.loops and not (rounds is not None and steps < rounds)):
            break
        if row.loops or steps == 0:
            return row.value
        steps -= 1
    return run.unknown_call(f"{text}[{at}]")


def _sliced(items: Items, part: slice) -> list[Item] | None:
    """The rows of a slice, where those that are counted are there for sure; None where that cannot be told."""
    if items.plain is not None:
        return items.rows[part]
    if not items.known or items.ordered is not None or part.step not in (None, 1):
        return None
    rows = items.rows
    ends = []
    for end, otherwise in ((part.start, 0), (part.stop, len(rows))):
        if end is None:
            ends.append(otherwise)
            continue
        counted = rows[:end] if end >= 0 else rows[end:]
        if len(counted) < abs(end) or not all(map(_is_sure, counted)):
            return None
        ends.append(end if end >= 0 else len(rows) + end)
    return rows[ends[0] : ends[1]]


def some_of(run: Interpreter, items: Items, text: str, loop: int = 0) -> Items:
    """Items of which it is not known which are taken; in each round of a loop, by its number, others."""
    found = Items([], items.known, items.why_unknown, items.ordered)
    for place, row in enumerate(items.rows):
        guard, _ = run.opaque(f"{text} has {place}#{run.serial()}", loop)
        joined = row.guard & guard if guard is not None else None
        if joined is not None:
            add(run, found, Item(joined, row.loops, row.value, row.key))
    return found


def entry_of(run: Interpreter, owner: Dictionary, index: Value) -> Value:
    """The entry of a dictionary under a key."""
    if isinstance(index, Constant):
        try:
            cell = owner.cells.get(index.value)
        except TypeError:
            cell = None
        if cell:
            return run.read(cell) or run.unknown_call("?")
    elif not owner.rest and 0 < len(owner.cells) <= 12 and isinstance(index, Unknown):
        options = []
        for key, cell in owner.cells.items():
            guard, _ = run.equality(index, [key])
            held = run.read(cell)
            if guard is not None and held is not None:
                options.append((guard, held))
        is_registry = all(isinstance(held, ClassValue) for _, held in options)
        _, other = run.equality(index, list(owner.cells)) if not owner.known and is_registry else (None, None)
        if other is not None:  # what other files have put there
            options.append((other, run.unknown_call(f"{text_of(owner)}[{text_of(index)}]")))
        found = run.choice(options) if owner.known or is_registry else None
        if found is not None:
            return found
    if len(owner.rest) == 1 and not owner.cells and owner.known:
        return owner.rest[0].value
    if owner.maker is not None and not owner.escaped:
        return _made_entry(run, owner, index)
    return run.unknown_call(f"{text_of(owner)}[{text_of(index)}]")


def _made_entry(run: Interpreter, owner: Dictionary, index: Value) -> Value:
    """The entry of a `defaultdict`: the one that it made for this key, or one that it makes now."""
    for row in owner.rest:
        if row.key == index:
            return row.value
    assert owner.maker is not None and owner.made is not None
    value = run.call(owner.maker, Arguments(), owner.made.node)
    loops = run.loops[len(owner.loops) :]
    owner.rest.append(Item(run.guard.minus(owner.guard), loops, value, index))
    return value


# Replacing


def set_item(run: Interpreter, owner: Value, index: Value, value: Value, node: Any) -> None:
    """`owner[index] = value`."""
    if isinstance(owner, Dictionary):
        set_entry(run, owner, index, value)
        if isinstance(value, Object):
            run.emit("kept", value, node, how="entry", container=owner)
    elif isinstance(owner, SequenceValue):
        replace(run, owner, owner.items, index, value)
        if isinstance(value, Object):
            run.emit("kept", value, node, how="entry", container=owner)
    elif isinstance(owner, Unknown):
        from paramlint.symbolic.external.unknown_calls import escape

        escape(run, Arguments([value]), node)
    elif isinstance(owner, Instance):
        from paramlint.symbolic.definitions.attributes import get_member

        run.build(owner)
        method = get_member(run, owner, "__setitem__")
        if method is not None:
            run.call(method, Arguments([index, value]), node)
        elif owner.container:
            from paramlint.symbolic.library.module_containers import put_item

            put_item(run, owner, index, value, node)
        else:
            owner.slots[f"[{text_of(index)}]"] = value


def replace(run: Interpreter, holder: Object, items: Items, index: Value, value: Value) -> None:
    """Put a value in the place of an item."""
    plain, at = items.plain, index.value if isinstance(index, Constant) else None
    if plain is not None and isinstance(at, int) and not run.loops[len(holder.loops) :]:
        if -len(plain) <= at < len(plain):
            guard = run.guard.minus(holder.guard)
            gone = guard.negated()
            held = run.choice([(guard, value), (gone, plain[at])]) if gone is not None else value
            items.rows[at] = Item(items.rows[at].guard, (), held or value, items.rows[at].key)
        return
    items.rows[:] = some_of(run, items, "kept").rows
    append(run, holder, items, value)
    items.forget("its items are replaced")
    items.shuffle()


# Deleting


def delete_item(run: Interpreter, owner: Value, index: Value, node: Any) -> Value:
    """`del owner[index]`."""
    if isinstance(owner, Dictionary):
        delete_entry(run, owner, index, node)
    elif isinstance(owner, SequenceValue):
        take_out(run, owner, owner.items, index)
    elif isinstance(owner, Instance):
        from paramlint.symbolic.library.module_containers import delete_child

        run.build(owner)
        if owner.container:
            delete_child(run, owner, index, node)
    return NONE


def delete_entry(run: Interpreter, owner: Dictionary, key: Value, node: Any) -> None:
    """`del dictionary[key]`."""
    from paramlint.symbolic.definitions.attributes import delete_attribute

    if owner.source is not None and owner.source[0] in OWN and isinstance(key, Constant) and isinstance(key.value, str):
        delete_attribute(run, owner.source[1], key.value, node)
    try:
        held = owner.cells.get(key.value) if isinstance(key, Constant) else None
    except TypeError:
        held = None
    if isinstance(key, Constant) and held is not None and not run.loops[len(owner.loops) :]:
        held[:] = entry_without(run.guard, held)
        if not held:
            del owner.cells[key.value]
    else:
        owner.forget("entries are deleted")


def take_out(run: Interpreter, holder: Object, items: Items, index: Value) -> Value | None:
    """Take an item out of a list; gives it, None where it is not known which it is."""
    at = index.value if isinstance(index, Constant) else None
    part = _slice_of(index)
    if not run.loops[len(holder.loops) :]:
        guard = run.guard.minus(holder.guard)
        if part is not None and items.plain is not None and not guard:
            del items.rows[part]
            return NONE
        is_last = at == -1 and items.known and items.ordered is None and bool(items.rows) and _is_sure(items.rows[-1])
        if isinstance(at, int) and (is_last or (items.plain is not None and -len(items.rows) <= at < len(items.rows))):
            row = items.rows[at]
            left = row_without(guard, row)
            if left is not None:
                items.rows[at] = left
            else:
                del items.rows[at]
            return row.value
    items.rows[:] = some_of(run, items, "left").rows
    if run.loops[len(holder.loops) :]:
        items.forget("items are taken out")
    return None
