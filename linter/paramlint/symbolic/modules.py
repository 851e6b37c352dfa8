"""What `nn.Module` and its containers do: registering, going through, freezing, switching modes, moving."""

from __future__ import annotations

from typing import Any

from paramlint.knowledge import MODULE_METHODS, MODULE_SELF_METHODS
from paramlint.model.guard import ALWAYS
from paramlint.symbolic import classes, containers
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.loops import repeating
from paramlint.symbolic.registry import Below, modules_of, parameters_of
from paramlint.symbolic.tensors import flag_after
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Constant,
    Dictionary,
    Instance,
    Item,
    Items,
    Sequence_,
    Super,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)

_CONTAINER_METHODS = frozenset(
    {"append", "extend", "insert", "pop", "items", "keys", "values", "update", "clear", "get", "setdefault", "popitem"}
)
METHODS = frozenset(MODULE_METHODS) | _CONTAINER_METHODS | {"register_module", "reset_parameters", "to_empty"}
_MOVES = frozenset(MODULE_SELF_METHODS) - {"apply", "train", "eval", "requires_grad_"} | {"to_empty"}

# Registering


def assign(run: Interpreter, module: Instance, name: str, value: Value, node: Any, how: str = "assigned") -> None:
    """`module.name = value`, as `nn.Module.__setattr__` does it."""
    cell = module.attributes.setdefault(name, [])
    was_buffer = module.registered.get(name, "").startswith("buffer")
    for guard, one in alternatives(value):
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            if isinstance(one, TensorValue) and one.role == "plain" and was_buffer:
                one.role = "buffer"
            register(run, module, name, one, node, how)
    run.write(cell, value)


def register(run: Interpreter, module: Instance, name: str, value: Value, node: Any, how: str) -> None:
    """Note what a module holds from now on under a name."""
    if isinstance(value, TensorValue) and value.role in ("parameter", "buffer"):
        module.registered.setdefault(name, value.role)
        run.emit("registered", value, node, holder=module, key=name, how=how, role=value.role)
    elif isinstance(value, Instance) and value.is_module:
        module.registered[name] = "child"
        run.emit("registered", value, node, holder=module, key=name, how=how, role="child")
    elif isinstance(value, Unknown) and value in run.stand_ins:
        run.emit("registered", run.stand_ins[value], node, holder=module, key=name, how=how, role="child")
    else:
        run.emit("bound", module, node, name=name, value=value, how=how)


def unregister(run: Interpreter, module: Instance, name: str, node: Any) -> None:
    """`del module.name`."""
    run.emit("rebound", module, node, name=name, deleted=True)
    if run.guard.minus(module.guard):
        run.write(module.attributes.setdefault(name, []), NONE)
    else:
        module.attributes.pop(name, None)
        module.registered.pop(name, None)


def set_under(run: Interpreter, module: Instance, name: Value, value: Value, node: Any, how: str) -> None:
    """Register under a name that may not be known."""
    for guard, one in alternatives(name):
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            if isinstance(one, Constant) and isinstance(one.value, str):
                assign(run, module, one.value, value, node, how)
            else:
                if module.items is None:
                    module.items = Items()
                loops = run.loops[len(module.loops) :]
                containers.add(run, module.items, Item(run.guard.minus(module.guard), loops, value, one))
                for _, held in alternatives(value):
                    register(run, module, text_of(one), held, node, how)


# Containers


def fill_container(run: Interpreter, module: Instance, kind: str, arguments: Arguments, node: Any) -> None:
    """The constructor of `Sequential`, `ModuleList`, `ModuleDict`, `ParameterList`, `ParameterDict`."""
    module.items = items = Items() if module.items is None or not module.items.rows else module.items
    given = arguments.positional
    if kind.endswith("Sequential"):
        first = arguments.get(0)
        if len(given) == 1 and isinstance(first, Dictionary):
            _take_entries(run, module, first)
        else:
            for value in given:
                item = value if isinstance(value, Item) else Item(ALWAYS, (), value)
                containers.add(run, items, item)
        if arguments.unknown_positional:
            items.forget(", ".join(text_of(v) for v in arguments.spread) or "its arguments")
    elif given or arguments.keywords:
        first = arguments.get(0, "modules") or arguments.get(0, "parameters") or arguments.get(0, "values")
        if first is not None and first != NONE:
            if kind.endswith("Dict"):
                for guard, one in alternatives(first):
                    with run.under(guard) as is_possible:
                        if is_possible:
                            _take_entries(run, module, one)
            else:
                containers.extend(run, items, first, node, module)
    elif arguments.unknown:
        items.forget("its arguments")
    if kind.endswith(("ParameterList", "ParameterDict")):
        items.rows = [Item(r.guard, r.loops, _as_parameter(run, r.value, node), r.key) for r in items.rows]
    _register_rows(run, module, items.rows, node)


def _register_rows(run: Interpreter, module: Instance, rows: list[Item], node: Any) -> None:
    """Note the items of a container, each under its guard and in its loops."""
    for place, row in enumerate(rows):
        key = text_of(row.key) if row.key is not None else f"[{place}]"
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if is_possible:
                for guard, value in alternatives(row.value):
                    with run.under(guard) as is_there:
                        if is_there:
                            register(run, module, key, value, node, "item")


def _as_parameter(run: Interpreter, value: Value, node: Any) -> Value:
    """Parameter containers turn plain tensors into parameters."""
    if isinstance(value, TensorValue) and value.role == "plain":
        from paramlint.symbolic.tensors import make_parameter

        return make_parameter(run, Arguments([value]), node)
    return value


def _take_entries(run: Interpreter, module: Instance, given: Value) -> None:
    assert module.items is not None
    if isinstance(given, Dictionary):
        for key, cell in given.cells.items():
            for guard, value in cell:
                containers.add(run, module.items, Item(guard.minus(module.guard), (), value, Constant(key)))
        module.items.rows.extend(given.rest)
        if not given.known:
            module.items.forget(given.why_unknown)
    elif isinstance(given, Instance) and given.items is not None:
        module.items.rows.extend(given.items.rows)
    elif isinstance(given, Sequence_):
        for row in given.items.rows:
            pair = row.value.items.plain if isinstance(row.value, Sequence_) else None
            if pair is not None and len(pair) == 2:
                containers.add(run, module.items, Item(row.guard, row.loops, pair[1], pair[0]))
            else:
                module.items.forget("its entries are not known")
        if not given.items.known:
            module.items.forget(given.items.why_unknown)
    elif given != NONE:
        module.items.forget(text_of(given))


def put_item(run: Interpreter, module: Instance, index: Value, value: Value, node: Any) -> None:
    """`module[index] = value` on a container."""
    assert module.items is not None
    is_dict = module.cls is not None and module.cls.name.endswith("Dict")
    if (
        module.cls is not None
        and module.cls.name == "ParameterDict"
        or module.cls is not None
        and module.cls.name == "ParameterList"
    ):
        value = _as_parameter(run, value, node)
    plain = module.items.plain
    if not is_dict and plain is not None and isinstance(index, Constant) and isinstance(index.value, int):
        if -len(plain) <= index.value < len(plain) and not run.guard.minus(module.guard):
            module.items.rows[index.value] = Item(ALWAYS, (), value)
        else:
            module.items.forget("its items are replaced")
    elif not is_dict:
        module.items.forget("its items are replaced")
    else:
        guard, loops = run.guard.minus(module.guard), run.loops[len(module.loops) :]
        if isinstance(index, Constant) and not guard and not loops:
            module.items.rows = [row for row in module.items.rows if row.key != index]
        containers.add(run, module.items, Item(guard, loops, value, index))
    for _, one in alternatives(value):
        register(run, module, text_of(index), one, node, "item")


def extend_container(run: Interpreter, module: Instance, value: Value, node: Any) -> None:
    """`container.extend(value)`, `container += value`."""
    assert module.items is not None
    start = len(module.items.rows)
    containers.extend(run, module.items, value, node, module)
    _register_rows(run, module, module.items.rows[start:], node)


def _container_method(run: Interpreter, module: Instance, name: str, arguments: Arguments, node: Any) -> Value | None:
    items = module.items
    if items is None:
        return None
    first = arguments.get(0)
    if name == "append" and first is not None:
        if module.cls is not None and module.cls.name == "ParameterList":
            first = _as_parameter(run, first, node)
        containers.append(run, module, items, first)
        for _, one in alternatives(first):
            register(run, module, f"[{len(items.rows) - 1}]", one, node, "appended")
        return module
    if name == "extend" and first is not None:
        extend_container(run, module, first, node)
        return module
    if name == "insert" and len(arguments.positional) == 2:
        at, value = arguments.get(0), arguments.get(1)
        assert value is not None
        place = at.value if isinstance(at, Constant) and isinstance(at.value, int) else len(items.rows)
        items.rows.insert(place, Item(run.guard.minus(module.guard), run.loops[len(module.loops) :], value))
        register(run, module, f"[{place}]", value, node, "inserted")
        return module
    if name == "update" and first is not None:
        start = len(items.rows)
        _take_entries(run, module, first)
        _register_rows(run, module, items.rows[start:], node)
        return NONE
    if name in ("items", "keys", "values"):
        made = Sequence_("list", **run.made(node))
        for row in items.rows:
            key = row.key or run.unknown_call("key")
            value = (
                row.value if name == "values" else key if name == "keys" else containers.pair(run, key, row.value, node)
            )
            made.items.rows.append(Item(row.guard, row.loops, value))
        if not items.known:
            made.items.forget(items.why_unknown)
        return made
    if name in ("pop", "clear", "popitem", "setdefault"):
        if name == "pop" and first is not None and items.plain is not None and run.guard == module.guard:
            return containers.sequence_method(run, _as_list(module), "pop", arguments, node)
        items.forget("items are taken out")
        return run.unknown_call(f"{text_of(module)}.{name}()")
    return None


def _as_list(module: Instance) -> Sequence_:
    """A list over the very items of a container."""
    assert module.items is not None
    return Sequence_("list", module.items, guard=module.guard, loops=module.loops)


# Methods


def module_method(run: Interpreter, owner: Instance | Super, name: str, arguments: Arguments, node: Any) -> Value:
    """A method that `nn.Module` or one of its containers has; of other objects nothing is known."""
    if isinstance(owner, Super):
        instance = owner.instance
        if not isinstance(instance, Instance):
            return _of_class(run, instance, name, arguments, node)
    else:
        instance = owner
    if not instance.is_module:
        return run.unknown_call(f"{text_of(instance)}.{name}()") if name != "__init__" else NONE
    if name == "__init__":
        return _initialize(run, instance, arguments, node)
    if name in _CONTAINER_METHODS or (name == "__setitem__" and instance.items is not None):
        run.build(instance)
        known = _container_method(run, instance, name, arguments, node)
        if known is not None:
            return known
    handler = _HANDLERS.get(name)
    if handler is not None:
        if instance.build is not None and instance not in run.building:
            run.build(instance)
        return handler(run, instance, arguments, node)
    if name in _MOVES:
        run.emit("moved", instance, node, how=name, arguments=arguments)
        return instance
    if name.endswith("_hook"):
        return run.unknown_call(f"{text_of(instance)}.{name}()")
    if name in ("forward", "__call__"):
        from paramlint.symbolic.calls import call_instance

        return call_instance(run, instance, arguments, node)
    return run.unknown_call(f"{text_of(instance)}.{name}()")


def _of_class(run: Interpreter, cls: Value, name: str, arguments: Arguments, node: Any) -> Value:
    """`super().from_pretrained(...)` in a class method."""
    from paramlint.symbolic.program import ClassValue

    if isinstance(cls, ClassValue) and name == "__new__":
        made = Instance(cls, classes.is_module(run, cls), **run.made(node))
        run.instances.append(made)
        return made
    return run.unknown_call(f"super().{name}()")


def _initialize(run: Interpreter, instance: Instance, arguments: Arguments, node: Any) -> Value:
    run.emit("mode", instance, node, author="torch", how="init", value=TRUE)
    if instance.cls is not None and arguments.values():
        kind = classes.container_base(run, instance.cls)
        if kind:
            fill_container(run, instance, kind, arguments, node)
    return NONE


def _register_parameter(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "param")
    if name is not None:
        set_under(run, module, name, value if value is not None else NONE, node, "register_parameter")
    return NONE


def _register_buffer(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "tensor")
    persistent = arguments.get(2, "persistent")
    if name is None or value is None:
        return NONE
    made: list[Value] = []
    for _, one in alternatives(value):
        if isinstance(one, TensorValue):
            if one.role == "plain":
                one.role = "buffer"
        elif isinstance(one, Unknown):
            made.append(one)
    if made and not isinstance(value, TensorValue):
        value = run.each(value, lambda one: _buffer_of(run, one, node))
    set_under(run, module, name, value, node, "register_buffer")
    for _, one in alternatives(name):
        if isinstance(one, Constant) and isinstance(one.value, str):
            if persistent == FALSE:
                module.registered[one.value] = "buffer:passing"
            else:
                module.registered[one.value] = "buffer" if persistent in (None, TRUE) else "buffer:unsure"
    return NONE


def _buffer_of(run: Interpreter, value: Value, node: Any) -> Value:
    """A buffer made of something that is not known but must be a tensor, or None."""
    if not isinstance(value, Unknown):
        return value
    made = run.new_tensor(node, filled=True, role="buffer", factory="?")
    made.sources = (value,)
    return made


def _add_module(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "module")
    if name is not None and value is not None:
        set_under(run, module, name, value, node, "add_module")
    return NONE


def _going_through(
    run: Interpreter, module: Instance, rows: list[Below], why: str, named: bool, node: Any, rest: Value, kind: str
) -> Sequence_:
    made = Sequence_(kind, **run.made(node))
    for row in rows:
        assert row.held is not None
        value: Value = row.held.value
        if named:
            name = Unknown(row.name) if "{" in row.name else Constant(row.name)
            value = containers.pair(run, name, value, node)
        containers.add(run, made.items, Item(row.guard, row.loops, value))
    if why:
        loop = containers.new_loop(run, f"rest of {text_of(module)}")
        shown = containers.pair(run, Unknown("name", loop.number), rest, node) if named else rest
        containers.add(run, made.items, Item(ALWAYS, (loop,), shown))
    run.emit("listed", module, node, what=kind, sequence=made)
    return made


def _parameters(run: Interpreter, module: Instance, arguments: Arguments, node: Any, named: bool = False) -> Value:
    rows, why = parameters_of(run, module)
    made = _going_through(run, module, rows, why, named, node, rest_of_parameters(run, module), "parameters")
    made.source = ("named_parameters" if named else "parameters", module)
    return made


def rest_of_parameters(run: Interpreter, module: Instance) -> TensorValue:
    """The one tensor that stands for those parameters of a module that are not known."""
    known = module.slots.get("*parameters")
    if known is None:
        from paramlint.symbolic.values import Storage

        tensor = TensorValue("parameter", Storage(True))
        tensor.text = f"{text_of(module)}.parameters()"
        tensor.requires_grad = None
        module.slots["*parameters"] = known = tensor
        run.tensors.append(tensor)
    assert isinstance(known, TensorValue)
    return known


def rest_of_modules(run: Interpreter, module: Instance) -> Unknown:
    """What stands for those modules of a module that are not known."""
    return Unknown(f"{text_of(module)}.modules()")


def _buffers(run: Interpreter, module: Instance, arguments: Arguments, node: Any, named: bool = False) -> Value:
    rows, why = parameters_of(run, module, buffers=True)
    made = _going_through(run, module, rows, why, named, node, Unknown(f"{text_of(module)}.buffers()"), "list")
    made.source = ("buffers", module)
    return made


def _modules(
    run: Interpreter,
    module: Instance,
    arguments: Arguments,
    node: Any,
    named: bool = False,
    only_children: bool = False,
) -> Value:
    from paramlint.symbolic.attributes import stand_in

    rows, why = modules_of(run, module)
    if only_children:
        rows = [row for row in rows if row.held is not None and row.held.holder is module]
    rest = stand_in(run, rest_of_modules(run, module)) if why else NONE
    made = _going_through(run, module, rows, why, named, node, rest, "list")
    if not only_children:
        value: Value = containers.pair(run, Constant(""), module, node) if named else module
        made.items.rows.insert(0, Item(ALWAYS, (), value))
    made.source = ("children" if only_children else "modules", module)
    return made


def _apply(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    """`module.apply(function)`: the children first, then itself."""
    from paramlint.symbolic.attributes import stand_in

    function = arguments.get(0, "fn")
    if function is None:
        return module
    rows, why = modules_of(run, module)
    run.emit("listed", module, node, what="apply")
    for row in reversed(rows):
        assert row.held is not None
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if is_possible:
                run.call(function, Arguments([row.held.value]), node)
    if why:
        loop = containers.new_loop(run, f"rest of {text_of(module)}")
        with repeating(run, (loop,)):
            run.call(function, Arguments([stand_in(run, rest_of_modules(run, module))]), node)
    run.call(function, Arguments([module]), node)
    return module


def _mode(run: Interpreter, module: Instance, value: Value, node: Any) -> Value:
    run.emit("mode", module, node, value=value, how="train")
    return module


def _requires_grad(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    flag = arguments.get(0, "requires_grad") or TRUE
    run.emit("flagged", module, node, value=flag)
    rows, why = parameters_of(run, module)
    tensors = [(row, row.held.value) for row in rows if row.held is not None]
    for row, tensor in tensors:
        assert isinstance(tensor, TensorValue)
        with run.under(row.guard) as is_possible, repeating(run, row.loops):
            if is_possible:
                run.emit("flagged", tensor, node, value=flag, through=module)
                tensor.requires_grad = flag_after(run, tensor, flag)
    if why:
        rest = rest_of_parameters(run, module)
        run.emit("flagged", rest, node, value=flag, through=module)
        rest.requires_grad = flag_after(run, rest, flag)
    return module


def _zero_grad(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    run.emit("cleared", module, node, how="zero_grad")
    return NONE


def _state_dict(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    made = Dictionary(**run.made(node))
    made.forget("state of a model")
    made.source = ("state_dict", module)
    run.emit("taken", module, node, state=made)
    return made


def _load_state_dict(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    run.emit("loaded", module, node, state=arguments.get(0, "state_dict"), arguments=arguments)
    return run.unknown_call("load_state_dict()")


def _get_submodule(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.attributes import get_attribute

    name = arguments.get(0, "target")
    if isinstance(name, Constant) and isinstance(name.value, str):
        value: Value = module
        for part in name.value.split(".") if name.value else ():
            value = run.each(value, lambda one, p=part: get_attribute(run, one, p, node))
        return value
    return run.unknown_call(f"{text_of(module)}.get_submodule()")


def _set_attribute(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0), arguments.get(1)
    if isinstance(name, Constant) and isinstance(name.value, str) and value is not None:
        assign(run, module, name.value, value, node)
    return NONE


def _reset(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    """`reset_parameters()` of a class that is not known: its parameters have values then."""
    run.emit("written", module, node, law="reset_parameters")
    return NONE


_HANDLERS = {
    "register_parameter": _register_parameter,
    "register_buffer": _register_buffer,
    "add_module": _add_module,
    "register_module": _add_module,
    "parameters": _parameters,
    "named_parameters": lambda r, m, a, n: _parameters(r, m, a, n, named=True),
    "buffers": _buffers,
    "named_buffers": lambda r, m, a, n: _buffers(r, m, a, n, named=True),
    "modules": _modules,
    "named_modules": lambda r, m, a, n: _modules(r, m, a, n, named=True),
    "children": lambda r, m, a, n: _modules(r, m, a, n, only_children=True),
    "named_children": lambda r, m, a, n: _modules(r, m, a, n, named=True, only_children=True),
    "apply": _apply,
    "train": lambda r, m, a, n: _mode(r, m, a.get(0, "mode") or TRUE, n),
    "eval": lambda r, m, a, n: _mode(r, m, FALSE, n),
    "requires_grad_": _requires_grad,
    "zero_grad": _zero_grad,
    "state_dict": _state_dict,
    "load_state_dict": _load_state_dict,
    "get_submodule": _get_submodule,
    "get_parameter": _get_submodule,
    "__setattr__": _set_attribute,
    "reset_parameters": _reset,
}
