"""`Sequential`, `ModuleList`, `ModuleDict`, `ParameterList` and `ParameterDict`: what they hold under which names."""

from __future__ import annotations

from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.containers import pair, row_without
from paramlint.symbolic.collections.indexing import get_item, replace, take_out
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.registration import register
from paramlint.symbolic.library.registry import positions_of
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    Instance,
    Item,
    Items,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)

METHODS = frozenset(
    {"append", "extend", "insert", "pop", "items", "keys", "values", "update", "clear", "get", "setdefault", "popitem",
     "copy"}
)  # fmt: skip


def items_in(module: Instance) -> Items:
    """The items of a container."""
    if module.items is None:
        module.items = Items()
    return module.items


# Constructors


def fill(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> None:
    """The constructor of a container."""
    items, kind, given = items_in(module), module.container, arguments.positional
    start = len(items.rows)
    if kind == "Sequential":
        first = arguments.get(0)
        if len(given) == 1 and isinstance(first, Dictionary):
            _take_entries(run, module, first)
        else:
            for value in given:
                containers.add(run, items, value if isinstance(value, Item) else Item(ALWAYS, (), value))
        if arguments.unknown_positional:
            items.forget(", ".join(text_of(v) for v in arguments.spread) or "its arguments")
    elif given or arguments.keywords:
        first = arguments.get(0, "modules") or arguments.get(0, "parameters") or arguments.get(0, "values")
        if first is not None and first != NONE:
            if kind.endswith("Dict"):
                _update(run, module, first)
            else:
                containers.extend(run, items, first, node, module)
    elif arguments.unknown:
        items.forget("its arguments")
    _settle(run, module, start, node, "item")


def _settle(run: Interpreter, module: Instance, start: int, node: Any, how: str) -> None:
    """Register what was put in from an index on."""
    items = items_in(module)
    for place, row in enumerate(items.rows[start:], start):
        if module.container.startswith("Parameter"):
            row = items.rows[place] = Item(row.guard, row.loops, as_parameter(run, row.value, node), row.key)
        key = _name_of(row.key) if row.key is not None else f"[{place}]"
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if is_possible:
                _register_each(run, module, key, row.value, node, how)


def _name_of(key: Value) -> str:
    """The name under which a key registers: the text itself, without quotes."""
    return key.value if isinstance(key, Constant) and isinstance(key.value, str) else text_of(key)


def _register_each(run: Interpreter, module: Instance, key: str, value: Value, node: Any, how: str) -> None:
    for guard, one in alternatives(value):
        with run.under(guard) as is_there:
            if is_there:
                register(run, module, key, one, node, how)


def as_parameter(run: Interpreter, value: Value, node: Any) -> Value:
    """Parameter containers turn plain tensors into parameters."""

    def wrap(one: Value) -> Value:
        if isinstance(one, TensorValue) and one.role == "plain":
            from paramlint.symbolic.library.leaves import make_parameter

            return make_parameter(run, Arguments([one]), node)
        return one

    return run.each(value, wrap)


def _update(run: Interpreter, module: Instance, given: Value) -> None:
    for guard, one in alternatives(given):
        with run.under(guard) as is_possible:
            if is_possible:
                _take_entries(run, module, one)


def _take_entries(run: Interpreter, module: Instance, given: Value) -> None:
    """The entries of a dictionary, of another container or of pairs."""
    items = items_in(module)
    base = run.guard.minus(module.guard)
    loops = run.loops[len(module.loops) :]
    if isinstance(given, Dictionary):
        cells = list(given.cells.items())
        if module.container == "ParameterDict" and not given.is_ordered and all(isinstance(k, str) for k, _ in cells):
            cells.sort(key=lambda entry: str(entry[0]))
        for key, cell in cells:
            for guard, value in cell:
                joined = base & guard.minus(module.guard)
                if joined is not None:
                    put_named(run, module, Constant(key), value, joined, loops)
        for row in given.rest:
            put_named(run, module, row.key or run.unknown_call("key"), row.value, base & row.guard, loops + row.loops)
        if not given.known:
            items.forget(given.why_unknown)
    elif isinstance(given, Instance) and given.container.endswith("Dict"):
        run.build(given)
        for row in items_in(given).rows:
            put_named(run, module, row.key or run.unknown_call("key"), row.value, base & row.guard, loops + row.loops)
        if not items_in(given).known:
            items.forget(items_in(given).why_unknown)
    elif isinstance(given, SequenceValue):
        for row in containers.items_of(run, given, None).rows:
            plain = row.value.items.plain if isinstance(row.value, SequenceValue) else None
            if plain is not None and len(plain) == 2:
                put_named(run, module, plain[0], plain[1], base & row.guard, loops + row.loops)
            else:
                items.forget("its entries are not known")
        if not given.items.known:
            items.forget(given.items.why_unknown)
    elif given != NONE:
        items.forget(text_of(given))


def put_named(
    run: Interpreter, module: Instance, key: Value, value: Value, guard: Guard | None, loops: tuple[Any, ...]
) -> None:
    """Put something in under a key, in the place of what is there under it."""
    if guard is None:
        return
    items = items_in(module)
    for one_guard, one in alternatives(key):
        joined = guard & one_guard
        if joined is None:
            continue
        place = next((i for i, row in enumerate(items.rows) if row.key == one and not row.loops), None)
        if place is None or loops or not isinstance(one, Constant):
            containers.add(run, items, Item(joined, loops, value, one))
            continue
        held = items.rows[place]
        left = row_without(joined, held)
        if left is None:
            items.rows[place] = Item(joined, (), value, one)
        else:
            both = run.choice([(joined, value), (left.guard, held.value)]) or value
            items.rows[place] = Item(joined | left.guard, (), both, one)


# Reading


def entry_named(run: Interpreter, module: Instance, name: str) -> Value | None:
    """The item of a container that has a name; None where there is none."""
    items = items_in(module)
    found = [(row.guard, row.value) for row in items.rows if row.key == Constant(name)]
    if not found and name.isdigit() and not module.container.endswith("Dict") and items.rows:
        return get_item(
            run, SequenceValue("list", items, guard=module.guard, loops=module.loops), Constant(int(name)), None
        )
    return run.choice(found[::-1])


def part_of_container(run: Interpreter, module: Instance, part: Value, node: Any) -> Value:
    """A slice of a container: one of its kind; a `Sequential` keeps the names."""
    items = items_in(module)
    if not isinstance(part, SequenceValue) or module.cls is None:
        return part
    if module.container != "Sequential":
        return run.call(module.cls, Arguments([part]), node)
    names = [names[0][1] if len(names) == 1 else "{i}" for names in positions_of(items)]
    of_row = {id(row): name for row, name in zip(items.rows, names, strict=True)}
    taken = part.items.rows
    if len(taken) == len(names):
        of_row = {id(row): name for row, name in zip(taken, names, strict=True)}
    entries = Dictionary(**run.made(node))
    entries.is_ordered = True
    for row in taken:
        name = of_row.get(id(row), "{i}")
        if "{" in name or row.loops:
            entries.rest.append(Item(row.guard, row.loops, row.value, Unknown(name)))
        else:
            entries.cells[name] = [(run.guard & row.guard or run.guard, row.value)]
    if not part.items.known:
        entries.forget(part.items.why_unknown)
    return run.call(module.cls, Arguments([entries]), node)


def joined(run: Interpreter, left: Instance, right: Value, node: Any) -> Value:
    """`left + right`: a new container of torch's own class."""
    made = run.call(run.program.external(f"torch.nn.{left.container}"), Arguments(), node)
    if isinstance(made, Instance):
        run.build(made)
        extend(run, made, left, node)
        extend(run, made, right, node)
    return made


# Changing


def put_item(run: Interpreter, module: Instance, index: Value, value: Value, node: Any) -> None:
    """`module[index] = value`."""
    items = items_in(module)
    if module.container.startswith("Parameter"):
        value = as_parameter(run, value, node)
    if module.container.endswith("Dict"):
        put_named(run, module, index, value, run.guard.minus(module.guard), run.loops[len(module.loops) :])
    else:
        replace(run, module, items, index, value)
    _register_each(run, module, _name_of(index), value, node, "item")


def put_child(run: Interpreter, module: Instance, name: str, value: Value, node: Any, how: str) -> None:
    """`module.name = child` on a container: it is one of its items then."""
    items = items_in(module)
    is_next = items.plain is not None and name == str(len(items.rows)) and not module.container.endswith("Dict")
    if is_next:
        containers.append(run, module, items, value)
    elif (
        name.isdigit() and items.plain is not None and int(name) < len(items.rows) and items.rows[int(name)].key is None
    ):
        replace(run, module, items, Constant(int(name)), value)
    else:
        put_named(run, module, Constant(name), value, run.guard.minus(module.guard), run.loops[len(module.loops) :])
    _register_each(run, module, name, value, node, how)


def extend(run: Interpreter, module: Instance, value: Value, node: Any) -> None:
    """`container.extend(value)`, `container += value`."""
    start = len(items_in(module).rows)
    containers.extend(run, items_in(module), value, node, module)
    _settle(run, module, start, node, "item")


def delete_child(run: Interpreter, module: Instance, index: Value, node: Any) -> Value | None:
    """`del container[index]`; gives what was there, None where that is not known. The others are numbered anew."""
    run.emit("rebound", module, node, name=_name_of(index))
    items = items_in(module)
    if module.container.endswith("Dict"):
        return _delete_named(run, module, index)
    was_named = any(row.key is not None for row in items.rows)
    taken = take_out(run, module, items, index)
    if was_named:
        items.rows[:] = [Item(row.guard, row.loops, row.value) for row in items.rows]
        if run.guard.minus(module.guard):
            items.shuffle()
    return taken


def delete_named(run: Interpreter, module: Instance, name: str) -> bool:
    """`del container.name`; gives whether there is such an item."""
    if not any(row.key == Constant(name) for row in items_in(module).rows):
        return False
    _delete_named(run, module, Constant(name))
    return True


def _delete_named(run: Interpreter, module: Instance, key: Value) -> Value | None:
    items = items_in(module)
    if not isinstance(key, Constant) or run.loops[len(module.loops) :]:
        items.forget("items are taken out")
        items.shuffle()
        for place, row in enumerate(items.rows):
            guard, _ = run.opaque(f"{text_of(module)} has {place}#{run.serial()}")
            items.rows[place] = Item(row.guard & guard or row.guard, row.loops, row.value, row.key) if guard else row
        return None
    guard = run.guard.minus(module.guard)
    found = [(row.guard, row.value) for row in items.rows if row.key == key]
    rows = [row if row.key != key else row_without(guard, row) for row in items.rows]
    items.rows[:] = [row for row in rows if row is not None]
    return run.choice(found)


# Methods


def container_method(run: Interpreter, module: Instance, name: str, arguments: Arguments, node: Any) -> Value | None:
    """A method of a container; None for what every module has."""
    items = items_in(module)
    first = arguments.get(0)
    if name == "append" and first is not None:
        start = len(items.rows)
        containers.append(run, module, items, first)
        _settle(run, module, start, node, "appended")
        return module
    if name == "extend" and first is not None:
        extend(run, module, first, node)
        return module
    if name == "insert" and len(arguments.positional) == 2:
        return _insert(run, module, arguments, node)
    if name == "update" and first is not None:
        start = len(items.rows)
        _update(run, module, first)
        _settle(run, module, start, node, "item")
        return NONE
    if name in ("items", "keys", "values"):
        return _view_of(run, module, name, node)
    if name == "pop" and (first is not None or not module.container.endswith("Dict")):
        taken = delete_child(run, module, first if first is not None else Constant(-1), node)
        return taken or run.unknown_call(f"{text_of(module)}.pop()")
    if name == "clear":
        guard = run.guard.minus(module.guard)
        items.rows[:] = [left for row in items.rows if (left := row_without(guard, row)) is not None]
        if run.loops[len(module.loops) :]:
            items.forget("items are taken out")
        return NONE
    if name in ("get", "setdefault") and isinstance(first, Constant) and isinstance(first.value, str):
        found = entry_named(run, module, first.value)
        if found is None and items.known:
            if name == "setdefault":
                put_item(run, module, first, arguments.get(1) or NONE, node)
            return arguments.get(1) or NONE
        return found or run.unknown_call(f"{text_of(module)}.{name}()")
    if name in ("popitem", "get", "setdefault"):
        if name != "get":
            items.forget("items are taken out")
            items.shuffle()
        return run.unknown_call(f"{text_of(module)}.{name}()")
    return None


def _insert(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.collections.container_methods import put_in

    at, value = arguments.get(0), arguments.get(1)
    assert at is not None and value is not None
    items = items_in(module)
    if any(row.key is not None for row in items.rows):
        items.shuffle()  # items that have names are moved under numbers
    if module.container == "ModuleList" and isinstance(at, Constant) and isinstance(at.value, int) and at.value < 0:
        items.forget("ModuleList.insert takes a negative index for a name")
    put_in(run, module, at, value)
    place = next((i for i, row in enumerate(items.rows) if row.value is value), 0)
    _register_each(run, module, f"[{place}]", value, node, "inserted")
    return module if module.container == "Sequential" else NONE


def _view_of(run: Interpreter, module: Instance, name: str, node: Any) -> SequenceValue:
    made = SequenceValue("list", **run.made(node))
    items = items_in(module)
    for row in items.rows:
        key = row.key or run.unknown_call("key")
        value = row.value if name == "values" else key if name == "keys" else pair(run, key, row.value, node)
        made.items.rows.append(Item(row.guard, row.loops, value))
    if not items.known:
        made.items.forget(items.why_unknown)
    if items.ordered is not None:
        made.items.shuffle(items.ordered)
    return made
