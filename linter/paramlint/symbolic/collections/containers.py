"""Lists, tuples, sets, dictionaries and iterators: what is in them, and under which guards."""

from __future__ import annotations

from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.interpreter import Interpreter, Test, one_of
from paramlint.symbolic.limits import MAX_ITEMS, MAX_UNROLLED, MAX_UNROLLED_ITEMS
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Cell,
    Choice,
    Constant,
    Dictionary,
    External,
    Function,
    Instance,
    Item,
    Items,
    Loop,
    Object,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    text_of,
)

#: Dictionaries that are an object's own: what is written there is written to the object.
OWN = frozenset({"__dict__", "_modules", "_parameters", "_buffers"})

# Adding


def add(run: Interpreter, items: Items, item: Item) -> None:
    """Put one item at the end."""
    run.step()
    if len(items.rows) >= MAX_ITEMS:
        items.forget("too many items to tell apart")
        return
    if run.unordered:
        items.shuffle(len(items.rows))
    items.rows.append(item)


def row_without(guard: Guard, row: Item) -> Item | None:
    """An item that is no longer there under a guard; None where it is gone for sure."""
    rest = guard.negated()
    left = row.guard & rest if rest is not None else None
    return Item(left, row.loops, row.value, row.key) if left is not None else None


def entry_without(guard: Guard, cell: Cell) -> Cell:
    """What a cell holds where a guard does not hold."""
    rest = guard.negated()
    return [(left, value) for held, value in cell if (left := held & rest) is not None] if rest is not None else []


def append(run: Interpreter, container: Object, items: Items, value: Value) -> None:
    """Put a value at the end of a container, as often and under the conditions that this code runs."""
    add(run, items, Item(run.guard.minus(container.guard), run.loops[len(container.loops) :], value))


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
    if made.source is not None and made.source[0] in OWN and isinstance(made.source[1], Instance):
        from paramlint.symbolic.library.registration import set_own

        set_own(run, made.source[1], made.source[0], key, value, made.made.node if made.made is not None else None)
    if key == Constant("params"):
        _keep_for_group(run, made, value)
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
                    for condition, held in list(cell):  # an entry that is there under a condition stays so
                        with run.under(condition) as is_there:
                            if is_there:
                                set_entry(run, made, Constant(key), held)
                made.rest.extend(alternative.rest[:MAX_ITEMS])
                if not alternative.known:
                    made.forget(alternative.why_unknown)
            elif isinstance(alternative, SequenceValue):
                _update_from_pairs(run, made, alternative.items)
            elif isinstance(alternative, Instance) and alternative.container.endswith("Dict"):
                _update_from_container(run, made, alternative)
            elif isinstance(alternative, Unknown) and ("class of items said", alternative) in run.memo:
                from paramlint.symbolic.definitions.annotations import item_said

                loop = new_loop(run, f"len({text_of(alternative)})")
                item = item_said(run, alternative, Unknown(f"{alternative.text}[...]", loop.number), loop)
                made.rest.append(Item(ALWAYS, (loop,), item, Unknown(f"each of {alternative.text}", loop.number)))
            else:
                made.forget(text_of(alternative))


def _update_from_container(run: Interpreter, made: Dictionary, module: Instance) -> None:
    run.build(module)
    items = module.items or Items()
    for row in items.rows:
        if isinstance(row.key, Constant) and not row.loops:
            with run.under(row.guard) as is_possible:
                if is_possible:
                    set_entry(run, made, row.key, row.value)
        else:
            made.rest.append(row)
    if not items.known:
        made.forget(items.why_unknown)


def _update_from_pairs(run: Interpreter, made: Dictionary, items: Items) -> None:
    for row in items.rows:
        pair = row.value.items.plain if isinstance(row.value, SequenceValue) else None
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
        if isinstance(alternative, (SequenceValue, Constant, Instance)):
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
            alternative.is_spread = True
            for key, cell in alternative.cells.items():
                held = run.read(cell)
                if isinstance(key, str) and held is not None:
                    if isinstance(value, Choice) or any(not run.guard.implies(g) for g, _ in cell[-1:]):
                        arguments.unknown_keywords = True
                    arguments.keywords[key] = held
            if alternative.rest or not alternative.known:
                arguments.unknown_keywords = True
                arguments.spread.append(alternative)


def _keep_for_group(run: Interpreter, made: Dictionary, value: Value) -> None:
    """Note that a dictionary is a group of an optimizer, which will go through an iterator that is in it."""
    if made not in run.groups:
        run.groups.append(made)
    for _, one in alternatives_of(value):
        if isinstance(one, SequenceValue) and one.is_iterator and made.made is not None:
            node = made.made.node
            run.emit(
                "read", one, node, how="kept for a group", made=one.made, again=False, gives=_gives(one), group=made
            )


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
    if isinstance(value, SequenceValue):
        items = value.items
        if value.is_iterator:
            go_through(run, value, node)
            use_up(run, value)
        if value.kind == "set" and len(items.rows) > 1:
            items = items.copy()
            items.shuffle()
        if items.known and len(items.rows) > MAX_UNROLLED_ITEMS:
            if all(isinstance(row.value, Constant) and not row.loops for row in items.rows):
                return one_for_each(run, str(len(items.rows)), len(items.rows))
        return items
    if isinstance(value, Constant):
        return _items_of_constant(run, value)
    if isinstance(value, Dictionary):
        rows = [Item(_guard_of(cell), (), Constant(key)) for key, cell in value.cells.items() if cell]
        rows += [Item(row.guard, row.loops, row.key or run.unknown_call("key")) for row in value.rest]
        return Items(rows, value.known, value.why_unknown)
    if isinstance(value, Instance):
        run.build(value)
        from paramlint.symbolic.definitions.attributes import get_member

        method = get_member(run, value, "__iter__")
        if method is not None:
            result = run.call(method, Arguments(), node)
            if isinstance(result, SequenceValue):
                return items_of(run, result, node)
        elif value.container and value.items is not None:
            if value.container.endswith("Dict"):
                keys = [Item(r.guard, r.loops, r.key or run.unknown_call("key")) for r in value.items.rows]
                return Items(keys, value.items.known, value.items.why_unknown, value.items.ordered)
            return value.items.copy()
        return one_for_each(run, f"len({text_of(value)})", item=f"{text_of(value)}[...]")
    if isinstance(value, Choice):
        found = Items()
        extend(run, found, value, node)
        return found
    if isinstance(value, TensorValue):
        loop = new_loop(run, f"len({text_of(value)})")
        row = run.view(value, "index", node, value.item_shape)
        row.part = Constant(...)  # all of it, one after the other
        return Items([Item(ALWAYS, (loop,), row)])
    found = one_for_each(run, f"len({text_of(value)})", item=f"{text_of(value)}[...]")
    if isinstance(value, Unknown) and ("class of items said", value) in run.memo:
        from paramlint.symbolic.definitions.annotations import item_said

        item = found.rows[0]
        assert isinstance(item.value, Unknown)
        item_said(run, value, item.value, item.loops[0])
    return found


def go_through(run: Interpreter, value: SequenceValue, node: Any) -> None:
    """Note that an iterator gives all that it has left."""
    value.used.append(node)
    again = [loop for loop in run.loops if loop not in value.begun and loop not in run.loops_of_fill]
    run.emit("read", value, node, how="gone through", made=value.made, again=bool(again), gives=_gives(value))


def _gives(value: SequenceValue) -> str:
    """`parameters` where an iterator gives parameters of a module, or pairs with one."""
    rows = [row.value for row in value.items.rows[:4]]
    parts = [p for row in rows for p in (row.items.plain or () if isinstance(row, SequenceValue) else (row,))]
    is_of_parameters = value.source is not None or any(
        isinstance(p, TensorValue) and p.role == "parameter" for p in parts
    )
    return "parameters" if is_of_parameters else ""


def use_up(run: Interpreter, value: SequenceValue) -> None:
    """Nothing is left in an iterator that was gone through."""
    if run.guard.minus(value.guard) or run.loops[len(value.loops) :]:
        value.items = Items([], known=False, why_unknown="what an iterator has left")
    else:
        value.items = Items()


def _guard_of(cell: Cell) -> Guard:
    return one_of([guard for guard, _ in cell]) or ALWAYS


def _items_of_constant(run: Interpreter, value: Constant) -> Items:
    held = value.value
    if isinstance(held, range):
        if len(held) <= MAX_UNROLLED:
            return Items([Item(ALWAYS, (), Constant(i)) for i in held])
        return one_for_each(run, str(len(held)), len(held))
    if isinstance(held, (str, bytes, tuple)):
        if len(held) <= MAX_UNROLLED_ITEMS:
            whole = value if isinstance(held, str) and len(held) > 1 else None
            return Items([Item(ALWAYS, (), Constant(x, whole)) for x in held])
        return one_for_each(run, str(len(held)), len(held))
    return one_for_each(run, text_of(value))


# Operations


def truth_of_container(run: Interpreter, value: Value) -> Test:
    """Whether a container has items; other things on the heap are true."""
    items: Items | None = None
    if isinstance(value, SequenceValue):
        items = value.items
    elif isinstance(value, Dictionary):
        rows = [Item(_guard_of(cell), (), NONE) for cell in value.cells.values()] + value.rest
        items = Items(rows, value.known)
    elif isinstance(value, Instance):
        return _truth_of_instance(run, value)
    elif isinstance(value, TensorValue):
        return run.opaque(f"{value!r}")
    if items is None:
        return ALWAYS, None
    if any(not row.guard and not row.loops for row in items.rows):
        return ALWAYS, None
    if not items.rows and items.known:
        return None, ALWAYS
    if items.known and not any(row.loops for row in items.rows):
        true = one_of([row.guard for row in items.rows])
        assert true is not None
        return true, true.negated()
    return run.opaque(f"{value!r}@{value.number}" if isinstance(value, Object) else repr(value))


def _truth_of_instance(run: Interpreter, value: Instance) -> Test:
    """Containers are true where they have items; others are, unless their class says when."""
    from paramlint.symbolic.definitions.attributes import get_member

    if value.container:
        run.build(value)
        items = value.items or Items()
        return truth_of_container(run, SequenceValue("list", items, guard=value.guard, loops=value.loops))
    if not value.made:
        return run.opaque(text_of(value))
    for name in ("__bool__", "__len__"):
        method = get_member(run, value, name)
        if method is not None:
            return run.truth(run.call(method, Arguments(), value.made.node))
    return ALWAYS, None


def repeated(run: Interpreter, value: SequenceValue, times: Value, node: Any) -> Value:
    """`[...] * n`: the same items in every round."""
    made = SequenceValue(value.kind, **run.made(node))
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
            for guard, one in alternatives_of(row.value):
                with run.under(guard) as is_possible:
                    if is_possible and isinstance(one, Object):
                        run.emit("kept", one, node, how="repeated", container=made, times=times)
    else:
        made.items.rows = list(rows) if count == 1 else []
    if not value.items.known:
        made.items.forget(value.items.why_unknown)
    if not value.items.known or value.items.ordered is not None:
        made.items.shuffle()
    return made


def _holds_objects(rows: list[Item]) -> bool:
    return any(isinstance(row.value, (Instance, TensorValue, Choice)) for row in rows)


def joined(run: Interpreter, left: SequenceValue, right: Value, node: Any) -> Value:
    """`left + right`."""
    made = SequenceValue(left.kind, left.items.copy(), **run.made(node))
    if len(made.items.rows) > MAX_ITEMS:
        made.items.forget("too many items to tell apart")
    run.step(len(made.items.rows))
    extend(run, made.items, right, node)
    return made


def unite(items: Items) -> None:
    """Equal values are one in a set."""
    rows: list[Item] = []
    for row in items.rows:
        is_there = any(other.value is row.value or other.value == row.value for other in rows if not other.guard)
        if not is_there:
            rows.append(row)
    items.rows = rows
    if any(not isinstance(row.value, (Constant, ClassValue, External, Function)) for row in rows) and len(rows) > 1:
        items.forget("equal values are one in a set")


def pair(run: Interpreter, first: Value, second: Value, node: Any) -> SequenceValue:
    """A tuple of two."""
    return SequenceValue("tuple", Items([Item(ALWAYS, (), first), Item(ALWAYS, (), second)]), **run.made(node))
