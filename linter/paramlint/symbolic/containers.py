"""Lists, tuples, sets, dictionaries and iterators: what is in them, and under which guards."""

from __future__ import annotations

from typing import Any

from paramlint.model.guard import ALWAYS, Condition, Guard
from paramlint.symbolic.interpreter import Interpreter, Test
from paramlint.symbolic.limits import MAX_ITEMS, MAX_UNROLLED, MAX_UNROLLED_ITEMS
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Cell,
    Choice,
    Constant,
    Dictionary,
    Instance,
    Item,
    Items,
    Loop,
    Object,
    Sequence_,
    TensorValue,
    Unknown,
    Value,
    text_of,
)

# Adding


def add(run: Interpreter, items: Items, item: Item) -> None:
    """Put one item at the end."""
    run.step()
    if len(items.rows) >= MAX_ITEMS:
        items.forget("too many items to tell apart")
        return
    items.rows.append(item)


def append(run: Interpreter, container: Object, items: Items, value: Value, key: Value | None = None) -> None:
    """Put a value at the end of a container, as often and under the conditions that this code runs."""
    add(run, items, Item(run.guard.minus(container.guard), run.loops[len(container.loops) :], value, key))


def extend(run: Interpreter, items: Items, value: Value, node: Any, container: Object | None = None) -> None:
    """Put what an iterable gives at the end."""
    for guard, alternative in alternatives_of(value):
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            given = items_of(run, alternative, node)
            base = run.guard.minus(container.guard) if container is not None else guard
            loops = run.loops[len(container.loops) :] if container is not None else ()
            for row in given.rows[:MAX_ITEMS]:
                joined = base & row.guard
                if joined is not None:
                    add(run, items, Item(joined, loops + row.loops, row.value, row.key))
            if not given.known:
                items.forget(given.why_unknown)


def alternatives_of(value: Value) -> tuple[tuple[Guard, Value], ...]:
    """The alternatives of a value; one where there is no choice."""
    return value.options if isinstance(value, Choice) else ((ALWAYS, value),)


def set_entry(run: Interpreter, made: Dictionary, key: Value, value: Value, guard: Guard | None = None) -> None:
    """Give an entry of a dictionary a value."""
    run.step()
    if key == Constant("params") and made not in run.groups:
        run.groups.append(made)
    if isinstance(key, Constant) and not run.loops[len(made.loops) :]:
        try:
            cell = made.cells.setdefault(key.value, [])
        except TypeError:
            made.forget("its keys are not known")
            return
        if len(made.cells) > MAX_ITEMS:
            made.forget("too many entries to tell apart")
        run.write(cell, value)
        return
    if isinstance(key, Choice):
        for option, alternative in key.options:
            with run.under(option) as is_possible:
                if is_possible:
                    set_entry(run, made, alternative, value)
        return
    if len(made.rest) < MAX_ITEMS:
        made.rest.append(Item(run.guard.minus(made.guard), run.loops[len(made.loops) :], value, key))
    else:
        made.forget("too many entries to tell apart")


def update(run: Interpreter, made: Dictionary, value: Value) -> None:
    """Take over the entries of another dictionary, or pairs."""
    for guard, alternative in alternatives_of(value):
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            if isinstance(alternative, Dictionary):
                for key, cell in list(alternative.cells.items())[:MAX_ITEMS]:
                    held = run.read(cell)
                    if held is not None:
                        set_entry(run, made, Constant(key), held)
                made.rest.extend(alternative.rest[:MAX_ITEMS])
                if not alternative.known:
                    made.forget(alternative.why_unknown)
            elif isinstance(alternative, Sequence_):
                _update_from_pairs(run, made, alternative.items)
            elif isinstance(alternative, Instance) and alternative.items is not None:
                for row in alternative.items.rows:
                    made.rest.append(row)
            else:
                made.forget(text_of(alternative))


def _update_from_pairs(run: Interpreter, made: Dictionary, items: Items) -> None:
    for row in items.rows:
        pair = row.value.items.plain if isinstance(row.value, Sequence_) else None
        if pair is None or len(pair) != 2:
            made.forget("its entries are not known")
        elif row.loops or not isinstance(pair[0], Constant):
            made.rest.append(Item(row.guard, row.loops, pair[1], pair[0]))
        else:
            with run.under(row.guard) as is_possible:
                if is_possible:
                    set_entry(run, made, pair[0], pair[1])
    if not items.known:
        made.forget(items.why_unknown)


# Spreading into calls


def spread(run: Interpreter, arguments: Arguments, value: Value) -> None:
    """`f(*value)`."""
    for guard, alternative in alternatives_of(value):
        if isinstance(alternative, (Sequence_, Constant, Instance)):
            given = items_of(run, alternative, None)
            for row in given.rows[:MAX_ITEMS]:
                run.step()
                joined = guard & row.guard
                if joined is None:
                    continue
                plain = not joined and not row.loops
                arguments.positional.append(row.value if plain else Item(joined, row.loops, row.value))
            if not given.known:
                arguments.unknown_positional = True
                arguments.spread.append(alternative)
        else:
            arguments.unknown_positional = True
            arguments.spread.append(alternative)


def spread_keywords(run: Interpreter, arguments: Arguments, value: Value) -> None:
    """`f(**value)`."""
    for guard, alternative in alternatives_of(value):
        if not isinstance(alternative, Dictionary):
            if alternative != NONE:
                arguments.unknown_keywords = True
                arguments.spread.append(alternative)
            continue
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            for key, cell in alternative.cells.items():
                held = run.read(cell)
                if isinstance(key, str) and held is not None:
                    if isinstance(value, Choice) or any(not run.guard.implies(g) for g, _ in cell[-1:]):
                        arguments.unknown_keywords = True
                    arguments.keywords[key] = held
            if alternative.rest or not alternative.known:
                arguments.unknown_keywords = True
                arguments.spread.append(alternative)


# Going through


def new_loop(run: Interpreter, text: str, number_of_rounds: int | None = None) -> Loop:
    """A loop whose rounds are not told apart."""
    return Loop(run.serial(), text, number_of_rounds)


def one_for_each(run: Interpreter, text: str, count: int | None = None, item: str = "") -> Items:
    """The items of an iterable of which only the number, or its text, is known."""
    loop = new_loop(run, text, count)
    return Items([Item(ALWAYS, (loop,), Unknown(item or f"each of {text}", loop.number))])


def items_of(run: Interpreter, value: Value, node: Any) -> Items:
    """What an iterable gives, in order."""
    run.step()
    if isinstance(value, Sequence_):
        if value.kind in ("iterator", "parameters"):
            value.used.append(node)
        if value.items.known and len(value.items.rows) > MAX_UNROLLED_ITEMS:
            if all(isinstance(row.value, Constant) and not row.loops for row in value.items.rows):
                return one_for_each(run, str(len(value.items.rows)), len(value.items.rows))
        return value.items
    if isinstance(value, Constant):
        return _items_of_constant(run, value)
    if isinstance(value, Dictionary):
        rows = [Item(_guard_of(cell), (), Constant(key)) for key, cell in value.cells.items() if cell]
        rows += [Item(row.guard, row.loops, row.key or run.unknown_call("key")) for row in value.rest]
        return Items(rows, value.known, value.why_unknown)
    if isinstance(value, Instance):
        run.build(value)
        if value.items is not None:
            if value.cls is not None and "Dict" in value.cls.name:
                keys = [Item(r.guard, r.loops, r.key or run.unknown_call("key")) for r in value.items.rows]
                return Items(keys, value.items.known, value.items.why_unknown)
            return value.items
        from paramlint.symbolic.attributes import get_member

        method = get_member(run, value, "__iter__")
        if method is not None:
            result = run.call(method, Arguments(), node)
            if isinstance(result, Sequence_):
                return items_of(run, result, node)
        return one_for_each(run, f"len({text_of(value)})", item=f"{text_of(value)}[...]")
    if isinstance(value, Choice):
        found = Items()
        extend(run, found, value, node)
        return found
    if isinstance(value, TensorValue):
        loop = new_loop(run, f"len({text_of(value)})")
        row = run.view(value, "index", node)
        return Items([Item(ALWAYS, (loop,), row)])
    return one_for_each(run, f"len({text_of(value)})", item=f"{text_of(value)}[...]")


def _guard_of(cell: Cell) -> Guard:
    return ALWAYS if any(not guard for guard, _ in cell) else cell[-1][0]


def _items_of_constant(run: Interpreter, value: Constant) -> Items:
    held = value.value
    if isinstance(held, range):
        if len(held) <= MAX_UNROLLED:
            return Items([Item(ALWAYS, (), Constant(i)) for i in held])
        return one_for_each(run, str(len(held)), len(held))
    if isinstance(held, (str, bytes, tuple)):
        if len(held) <= MAX_UNROLLED_ITEMS:
            return Items([Item(ALWAYS, (), Constant(x)) for x in held])
        return one_for_each(run, str(len(held)), len(held))
    return one_for_each(run, text_of(value))


# Operations


def truth_of_container(run: Interpreter, value: Value) -> Test:
    """Whether a container has items; other things on the heap are true."""
    items: Items | None = None
    if isinstance(value, Sequence_):
        items = value.items
    elif isinstance(value, Dictionary):
        rows = [Item(_guard_of(cell), (), NONE) for cell in value.cells.values()] + value.rest
        items = Items(rows, value.known)
    elif isinstance(value, Instance):
        items = value.items
        if not value.made and items is None:
            return run.opaque(text_of(value))
    elif isinstance(value, TensorValue):
        return run.opaque(f"{value!r}")
    if items is None:
        return ALWAYS, None
    if any(not row.guard and not row.loops for row in items.rows):
        return ALWAYS, None
    if not items.rows and items.known:
        return None, ALWAYS
    guards = [row.guard for row in items.rows if not row.loops]
    if items.known and len(guards) == len(items.rows) == 1:
        false = guards[0].negated()
        if false is not None:
            return guards[0], false
    return run.opaque(f"{value!r}@{value.number}" if isinstance(value, Object) else repr(value))


def repeated(run: Interpreter, value: Sequence_, times: Value, node: Any) -> Value:
    """`[...] * n`: the same items in every round."""
    made = Sequence_(value.kind, **run.made(node))
    made.repeated = True
    count = times.value if isinstance(times, Constant) and isinstance(times.value, int) else None
    rows = value.items.rows
    if count is not None and count * len(rows) <= MAX_UNROLLED_ITEMS and not _holds_objects(rows):
        for _ in range(max(count, 0)):
            made.items.rows.extend(rows)
    elif count is None or count > 1:
        loop = new_loop(run, text_of(times), count)
        made.items.rows = [Item(row.guard, (*row.loops, loop), row.value, row.key) for row in rows]
        for row in rows:
            if isinstance(row.value, Object):
                run.emit("kept", row.value, node, how="repeated", container=made, times=times)
    else:
        made.items.rows = list(rows) if count == 1 else []
    if not value.items.known:
        made.items.forget(value.items.why_unknown)
    return made


def _holds_objects(rows: list[Item]) -> bool:
    return any(isinstance(row.value, (Instance, TensorValue, Choice)) for row in rows)


def joined(run: Interpreter, left: Sequence_, right: Value, node: Any) -> Value:
    """`left + right`."""
    made = Sequence_(left.kind, left.items.copy(), **run.made(node))
    if len(made.items.rows) > MAX_ITEMS:
        made.items.forget("too many items to tell apart")
    run.step(len(made.items.rows))
    extend(run, made.items, right, node)
    return made


def get_item(run: Interpreter, owner: Value, index: Value, node: Any) -> Value:
    """`owner[index]`."""
    if isinstance(index, Choice) and not isinstance(owner, TensorValue):
        return run.each(index, lambda one: get_item(run, owner, one, node))
    if isinstance(owner, Sequence_):
        return _item_of(run, owner.items, index, node, owner.kind, text_of(owner))
    if isinstance(owner, Dictionary):
        return _entry_of(run, owner, index)
    if isinstance(owner, Constant):
        return _item_of_constant(run, owner, index)
    if isinstance(owner, TensorValue):
        from paramlint.symbolic.tensors import indexed

        return indexed(run, owner, index, node)
    if isinstance(owner, Instance):
        run.build(owner)
        if owner.items is not None:
            if any(row.key is not None for row in owner.items.rows) and isinstance(index, Constant):
                if isinstance(index.value, str):
                    return _entry_of_container(run, owner, index)
            return _item_of(run, owner.items, index, node, "list", text_of(owner))
        from paramlint.symbolic.attributes import get_member

        method = get_member(run, owner, "__getitem__")
        if method is not None:
            return run.call(method, Arguments([index]), node)
        return stand_in_item(run, owner, index)
    if owner.__class__.__name__ in ("ClassValue", "External"):
        return owner  # a generic class or annotation
    if isinstance(owner, Unknown):
        held = run.stand_ins.get(owner)
        if held is not None and held.slots:
            return stand_in_item(run, held, index)
        loop = owner.loop or (index.loop if isinstance(index, Unknown) else 0)
        return Unknown(f"{owner.text}[{text_of(index)}]", loop)
    return run.unknown_call(f"{text_of(owner)}[{text_of(index)}]")


def stand_in_item(run: Interpreter, owner: Instance, index: Value) -> Value:
    """An item of something unknown: the same for the same index."""
    key = f"[{text_of(index)}]"
    if key not in owner.slots:
        owner.slots[key] = Unknown(f"{text_of(owner)}{key}", index.loop if isinstance(index, Unknown) else 0)
    return owner.slots[key]


def _item_of_constant(run: Interpreter, owner: Constant, index: Value) -> Value:
    if isinstance(index, Constant):
        at: Any = getattr(index.value, "slice", index.value)
        try:
            return Constant(owner.value[at])  # type: ignore[index]
        except (TypeError, LookupError, ValueError):
            return run.unknown_call("?")
    return Unknown(f"{owner!r}[{text_of(index)}]", index.loop if isinstance(index, Unknown) else 0)


def _item_of(run: Interpreter, items: Items, index: Value, node: Any, kind: str, text: str) -> Value:
    plain = items.plain
    if isinstance(index, Constant):
        at = index.value
        if isinstance(at, int) and plain is not None:
            return plain[at] if -len(plain) <= at < len(plain) else run.unknown_call("?")
        if isinstance(at, int):
            return _item_at(run, items, at, text)
        sliced = getattr(at, "slice", None)
        if sliced is not None:
            made = Sequence_(kind, **run.made(node))
            if plain is not None:
                made.items.rows = items.rows[sliced]
            else:
                made.items = _some_of(run, items, f"{text}[{at!r}]")
            return made
    if isinstance(index, Unknown) and ":" in index.text:
        return Sequence_(kind, _some_of(run, items, f"{text}[{index.text}]"), **run.made(node))
    if plain is not None and isinstance(index, Unknown) and 0 < len(plain) <= MAX_UNROLLED:
        if len(plain) == 1 or all(v == plain[0] for v in plain):
            return plain[0]
        options = []
        for place, value in enumerate(plain):
            guard, _ = run.literal(Condition(f"{index.text} == {place}", index.text, place, index.loop))
            if guard is not None:
                options.append((guard, value))
        return run.choice(options) or run.unknown_call("?")
    if len(items.rows) == 1 and items.known and items.rows[0].loops:
        return items.rows[0].value
    return Unknown(f"{text}[{text_of(index)}]#{run.serial()}", index.loop if isinstance(index, Unknown) else 0)


def _item_at(run: Interpreter, items: Items, at: int, text: str) -> Value:
    """The item at a constant index, where the ones on the way to it are there for sure."""
    rows = items.rows if at >= 0 else items.rows[::-1]
    steps = at if at >= 0 else -at - 1
    for row in rows:
        if row.guard or (row.loops and not (row.loops[0].count and steps < row.loops[0].count and len(row.loops) == 1)):
            if row.loops and not row.guard and at in (0, -1) and len(items.rows) == 1 and items.known:
                return row.value
            break
        if row.loops:
            return row.value
        if steps == 0:
            if at < 0 and not items.known:
                break
            return row.value
        steps -= 1
    return run.unknown_call(f"{text}[{at}]")


def _some_of(run: Interpreter, items: Items, text: str) -> Items:
    """Items of which it is not known which are taken."""
    found = Items([], items.known, items.why_unknown)
    for place, row in enumerate(items.rows):
        guard, _ = run.opaque(f"{text} has {place}#{run.serial()}")
        joined = row.guard & guard if guard is not None else None
        if joined is not None:
            add(run, found, Item(joined, row.loops, row.value, row.key))
    return found


def _entry_of(run: Interpreter, owner: Dictionary, index: Value) -> Value:
    if isinstance(index, Constant):
        try:
            cell = owner.cells.get(index.value)
        except TypeError:
            cell = None
        if cell:
            return run.read(cell) or run.unknown_call("?")
    elif owner.known and not owner.rest and 0 < len(owner.cells) <= 12 and isinstance(index, Unknown):
        options = []
        for key, cell in owner.cells.items():
            guard, _ = run.literal(Condition(f"{index.text} == {key!r}", index.text, key, index.loop))
            held = run.read(cell)
            if guard is not None and held is not None:
                options.append((guard, held))
        found = run.choice(options)
        if found is not None:
            return found
    if len(owner.rest) == 1 and not owner.cells and owner.known:
        return owner.rest[0].value
    return run.unknown_call(f"{text_of(owner)}[{text_of(index)}]")


def _entry_of_container(run: Interpreter, owner: Instance, index: Constant) -> Value:
    assert owner.items is not None
    found = [(row.guard, row.value) for row in owner.items.rows if row.key == index]
    return run.choice(found[::-1]) or run.unknown_call(f"{text_of(owner)}[{index!r}]")


def set_item(run: Interpreter, owner: Value, index: Value, value: Value, node: Any) -> None:
    """`owner[index] = value`."""
    if isinstance(owner, Dictionary):
        set_entry(run, owner, index, value)
        if isinstance(value, Object):
            run.emit("kept", value, node, how="entry", container=owner)
    elif isinstance(owner, Sequence_):
        plain = owner.items.plain
        if plain is not None and isinstance(index, Constant) and isinstance(index.value, int) and not run.guard.minus(owner.guard):
            if -len(plain) <= index.value < len(plain) and not run.loops[len(owner.loops) :]:
                owner.items.rows[index.value] = Item(ALWAYS, (), value)
        else:
            append(run, owner, owner.items, value)
            owner.items.forget("its items are replaced")
        if isinstance(value, Object):
            run.emit("kept", value, node, how="entry", container=owner)
    elif isinstance(owner, Instance):
        run.build(owner)
        if owner.items is not None:
            from paramlint.symbolic.modules import put_item

            put_item(run, owner, index, value, node)
            return
        from paramlint.symbolic.attributes import get_member

        method = get_member(run, owner, "__setitem__")
        if method is not None:
            run.call(method, Arguments([index, value]), node)
        else:
            owner.slots[f"[{text_of(index)}]"] = value


# Methods


def sequence_method(run: Interpreter, owner: Sequence_, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of a list, tuple, set or iterator."""
    values = arguments.values()
    first = values[0] if values else None
    if name in ("append", "add") and first is not None:
        append(run, owner, owner.items, first)
        for _, one in alternatives_of(first):
            if isinstance(one, (Instance, TensorValue)):
                run.emit("kept", one, node, how="appended", container=owner)
        return NONE
    if name in ("extend", "update") and first is not None:
        extend(run, owner.items, first, node, owner)
        return NONE
    if name == "insert" and len(values) == 2:
        item = Item(run.guard.minus(owner.guard), run.loops[len(owner.loops) :], values[1])
        at = values[0].value if isinstance(values[0], Constant) and isinstance(values[0].value, int) else None
        owner.items.rows.insert(at if at is not None else len(owner.items.rows), item)
        return NONE
    if name == "pop":
        plain = owner.items.plain
        at = first.value if isinstance(first, Constant) else -1 if first is None else None
        if plain and isinstance(at, int) and -len(plain) <= at < len(plain) and run.guard == owner.guard:
            if not run.loops[len(owner.loops) :]:
                return owner.items.rows.pop(at).value
        owner.items.forget("items are taken out")
        return run.unknown_call(f"{text_of(owner)}.pop()")
    if name in ("clear", "remove", "discard"):
        if name == "clear" and run.guard == owner.guard:
            owner.items.rows.clear()
        else:
            owner.items = _some_of(run, owner.items, text_of(owner))
        return NONE
    if name in ("copy", "__iter__"):
        return Sequence_(owner.kind, owner.items.copy(), **run.made(node))
    if name == "reverse":
        owner.items.rows.reverse()
        return NONE
    if name in ("sort", "__len__", "index", "count"):
        return NONE if name == "sort" else Unknown(f"{name}({text_of(owner)})#{owner.number}")
    if name == "__next__" or name == "next":
        return owner.items.rows[0].value if owner.items.rows else run.unknown_call("next()")
    return run.unknown_call(f"{text_of(owner)}.{name}()")


def dictionary_method(run: Interpreter, owner: Dictionary, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of a dictionary."""
    values = arguments.values()
    if name in ("items", "values", "keys"):
        return _view_of(run, owner, name, node)
    if name in ("get", "pop", "setdefault", "__getitem__") and values:
        otherwise = values[1] if len(values) > 1 else NONE
        key = values[0]
        found = _entry_or(run, owner, key, otherwise, name)
        if name == "pop" and isinstance(key, Constant):
            try:
                cell = owner.cells.get(key.value)
                if cell is not None and run.guard == owner.guard:
                    del owner.cells[key.value]
            except TypeError:
                pass
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
        owner.cells.clear()
        owner.rest.clear()
        return NONE
    return run.unknown_call(f"{text_of(owner)}.{name}()")


def _entry_or(run: Interpreter, owner: Dictionary, key: Value, otherwise: Value, name: str) -> Value:
    if isinstance(key, Constant):
        try:
            cell = owner.cells.get(key.value)
        except TypeError:
            cell = None
        if cell:
            return run.read(cell, lambda: otherwise) or otherwise
        if owner.known and not owner.rest:
            if name == "setdefault":
                set_entry(run, owner, key, otherwise)
            return otherwise
        if name == "setdefault":
            set_entry(run, owner, key, otherwise)
            return otherwise
        return Unknown(f"{text_of(owner)}.get({text_of(key)})#{owner.number}")
    if isinstance(key, Unknown) and owner.known and not owner.rest and 0 < len(owner.cells) <= 12:
        return _entry_of(run, owner, key)
    return run.unknown_call(f"{text_of(owner)}.{name}({text_of(key)})")


def _view_of(run: Interpreter, owner: Dictionary, name: str, node: Any) -> Value:
    made = Sequence_("list", **run.made(node))
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


def pair(run: Interpreter, first: Value, second: Value, node: Any) -> Sequence_:
    """A tuple of two."""
    return Sequence_("tuple", Items([Item(ALWAYS, (), first), Item(ALWAYS, (), second)]), **run.made(node))

