"""What `nn.Module` and its containers do: registering, going through, freezing, switching modes, moving."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from paramlint.knowledge import MODULE_METHODS, MODULE_SELF_METHODS
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.indexing import get_item
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.collections.texts import NAME_BELOW, written
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library import module_containers
from paramlint.symbolic.library.leaves import as_buffer
from paramlint.symbolic.library.registration import set_under
from paramlint.symbolic.library.registry import Below, below, key_text, modules_of, parameters_of
from paramlint.symbolic.library.tensors import flag_after
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Constant,
    Dictionary,
    Function,
    Instance,
    Item,
    Loop,
    SequenceValue,
    Super,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)

METHODS = frozenset(MODULE_METHODS) | module_containers.METHODS | {
    "register_module", "reset_parameters", "to_empty", "__setattr__",
}  # fmt: skip
_DEVICES = ("device", "cuda", "gpu", "cpu", "rank", "xpu", "mps")
_MOVES = frozenset(MODULE_SELF_METHODS) - {"apply", "train", "eval", "requires_grad_"} | {"to_empty"}

# Methods


def names_device(how: str, arguments: Arguments) -> bool:
    """Whether a move surely is one to a device: `.cuda()`, `.to(device)`, and not `.to(torch.float64)`."""
    first = arguments.get(0, "device")
    return how == "cuda" or (first is not None and any(word in text_of(first).lower() for word in _DEVICES))


def module_method(run: Interpreter, owner: Instance | Super, name: str, arguments: Arguments, node: Any) -> Value:
    """A method that `nn.Module` or one of its containers has; of other objects nothing is known."""
    if isinstance(owner, Super):
        instance = owner.instance
        if not isinstance(instance, Instance):
            return _of_class(run, instance, name, arguments, node)
    else:
        instance = owner
    if name == "__setattr__":
        return _set_attribute(run, instance, arguments, node)
    if not instance.is_module:
        return run.unknown_call(f"{text_of(instance)}.{name}()") if name != "__init__" else NONE
    if name == "__init__":
        return _initialize(run, instance, arguments, node)
    if instance.container and name in module_containers.METHODS:
        if instance not in run.building:
            run.build(instance)
        known = module_containers.container_method(run, instance, name, arguments, node)
        if known is not None:
            return known
    if name in ("__setitem__", "__getitem__", "__delitem__", "__len__", "__iter__") and instance.container:
        return _operator(run, instance, name, arguments, node)
    handler = _HANDLERS.get(name)
    if handler is not None:
        if instance.build is not None and instance not in run.building:
            run.build(instance)
        return handler(run, instance, arguments, node)
    if name in _MOVES:
        run.emit("moved", instance, node, how=name, arguments=arguments, to_device=names_device(name, arguments))
        return instance
    if name.endswith("_hook"):
        return run.unknown_call(f"{text_of(instance)}.{name}()")
    if name in ("forward", "__call__"):
        from paramlint.symbolic.definitions.calls import call_instance

        return call_instance(run, instance, arguments, node)
    return run.unknown_call(f"{text_of(instance)}.{name}()")


def _operator(run: Interpreter, module: Instance, name: str, arguments: Arguments, node: Any) -> Value:
    """`super().__getitem__(i)` and the like, past what a container's own class makes of it."""
    values = [v for v in arguments.positional if not isinstance(v, Item)]
    items = SequenceValue("list", module_containers.items_in(module), guard=module.guard, loops=module.loops)
    if name == "__setitem__" and len(values) == 2:
        module_containers.put_item(run, module, values[0], values[1], node)
    elif name == "__delitem__" and values:
        module_containers.delete_child(run, module, values[0], node)
    elif name == "__getitem__" and values:
        key = values[0]
        if isinstance(key, Constant) and isinstance(key.value, str):
            return module_containers.entry_named(run, module, key.value) or run.unknown_call("?")
        return get_item(run, items, key, node)
    elif name == "__iter__":
        return items
    return NONE if name.startswith(("__set", "__del")) else run.unknown_call(f"{name}()")


def _of_class(run: Interpreter, cls: Value, name: str, arguments: Arguments, node: Any) -> Value:
    """`super().from_pretrained(...)` in a class method."""
    from paramlint.symbolic.code.program import ClassValue

    if isinstance(cls, ClassValue) and name == "__new__":
        asked = arguments.get(0)
        made = classes.allocated(run, asked if isinstance(asked, ClassValue) else cls, node)
        if made.is_module:
            run.emit("allocated", made, node)
        return made
    return run.unknown_call(f"super().{name}()")


def _initialize(run: Interpreter, instance: Instance, arguments: Arguments, node: Any) -> Value:
    run.emit("mode", instance, node, author="torch", how="init", value=TRUE)
    if instance.container and arguments.values():
        module_containers.fill(run, instance, arguments, node)
    return NONE


def _register_parameter(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "param")
    if name is not None:
        for _, one in alternatives(name):
            if isinstance(one, Constant) and isinstance(one.value, str):
                module.registered.setdefault(one.value, "parameter")
        set_under(run, module, name, value if value is not None else NONE, node, "register_parameter")
    return NONE


def _register_buffer(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "tensor")
    persistent = arguments.get(2, "persistent")
    if name is None or value is None:
        return NONE
    value = run.each(value, lambda one: _buffer_of(run, one, node))
    for _, one in alternatives(name):
        for text in [one.value] if isinstance(one, Constant) else dict.fromkeys((text_of(one), key_text(one))):
            if isinstance(text, str):
                module.registered[text] = as_buffer(persistent)
    set_under(run, module, name, value, node, "register_buffer")
    return NONE


def _buffer_of(run: Interpreter, value: Value, node: Any) -> Value:
    """A buffer made of something that is not known but must be a tensor, or None."""
    if isinstance(value, TensorValue) and value.role == "plain":
        value.role = "buffer"
    if not isinstance(value, Unknown):
        return value
    made = run.new_tensor(node, filled=True, role="buffer", factory="?")
    made.sources = (value,)
    return made


def _add_module(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    name, value = arguments.get(0, "name"), arguments.get(1, "module")
    if name is not None and value is not None:
        for _, one in alternatives(name):
            if isinstance(one, Constant) and isinstance(one.value, str):
                module.registered.setdefault(one.value, "child")
        set_under(run, module, name, value, node, "add_module")
    return NONE


def _name_of_rest(run: Interpreter, module: Instance, loop: Loop, origin: Instance | None) -> Unknown:
    """A name among those that are not known: what is unknown of a wrapper is all below one name."""
    first = {one.name.partition(".")[0] for one in below(run, module) if one.held is None}
    start = first.pop() if len(first) == 1 else "**"
    pieces = (start, "") if start.isidentifier() else ()
    return Unknown(NAME_BELOW, loop.number, annotation="str", pieces=pieces, origin=origin)


def _going_through(
    run: Interpreter,
    module: Instance,
    rows: list[Below],
    why: str,
    named: bool,
    node: Any,
    rest: Value,
    kind: str,
    is_own: bool = False,
) -> SequenceValue:
    made = SequenceValue(kind, **run.made(node))
    origin = module if kind == "parameters" and not is_own else None
    for row in rows:
        assert row.held is not None
        value: Value = row.held.value
        if named:
            value = containers.pair(run, written(row.name, origin), value, node)
        run.step()
        made.items.rows.append(Item(row.guard, row.loops, value))  # all that the table has, however many
    if why:
        loop = containers.new_loop(run, f"rest of {text_of(module)}")
        shown = containers.pair(run, _name_of_rest(run, module, loop, origin), rest, node) if named else rest
        containers.add(run, made.items, Item(ALWAYS, (loop,), shown))
    held = [row.held.value for row in rows if row.held is not None]
    tensors = held if kind == "parameters" else []
    run.emit("listed", module, node, what=kind, sequence=made, tensors=tensors, rest=rest if why else None, own=is_own)
    return made


def _tensors(
    run: Interpreter, module: Instance, arguments: Arguments, named: bool, buffers: bool = False
) -> tuple[list[Below], str, bool]:
    """The parameters or buffers that a module gives, what of them is not known, and whether they are all of it."""
    recurse = arguments.get(1 if named else 0, "recurse") or TRUE
    is_deep = not isinstance(recurse, Constant) or bool(recurse.value)
    rows, why = parameters_of(run, module, buffers, is_deep=isinstance(recurse, Constant) and is_deep)
    if not isinstance(recurse, Constant):
        why = why or text_of(recurse)  # those of its parts may be among them
    prefix = arguments.get(0, "prefix") if named else None
    if prefix is not None and prefix != Constant(""):
        start = str(prefix.value) if isinstance(prefix, Constant) else "{prefix}"
        rows = [replace(row, name=f"{start}.{row.name}") for row in rows]
    return rows, why, is_deep


def _parameters(run: Interpreter, module: Instance, arguments: Arguments, node: Any, named: bool = False) -> Value:
    rows, why, is_all = _tensors(run, module, arguments, named)
    made = _going_through(
        run, module, rows, why, named, node, rest_of_parameters(run, module), "parameters", not is_all
    )
    if is_all:
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
    rows, why, is_all = _tensors(run, module, arguments, named, buffers=True)
    made = _going_through(run, module, rows, why, named, node, Unknown(f"{text_of(module)}.buffers()"), "list")
    if is_all:
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
    from paramlint.symbolic.definitions.attributes import stand_in

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
    from paramlint.symbolic.definitions.attributes import stand_in

    function = arguments.get(0, "fn")
    if function is None:
        return module
    rows, why = modules_of(run, module)
    visitor = SourceSite(function.place, function.node) if isinstance(function, Function) else None
    run.emit("listed", module, node, what="apply", visitor=visitor)
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
    made.source = ("state_dict" if "keep_vars" not in arguments.keywords else "parameters", module)
    run.emit("taken", module, node, state=made)
    return made


def _load_state_dict(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    run.emit("loaded", module, node, state=arguments.get(0, "state_dict"), arguments=arguments)
    return run.unknown_call("load_state_dict()")


def _part_of(run: Interpreter, name: str, node: Any, value: Value) -> Value:
    from paramlint.symbolic.definitions.attributes import get_attribute

    return get_attribute(run, value, name, node)


def _get_submodule(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:

    name = arguments.get(0, "target")
    if isinstance(name, Constant) and isinstance(name.value, str):
        value: Value = module
        for part in name.value.split(".") if name.value else ():
            value = run.each(value, partial(_part_of, run, part, node))
        return value
    return run.unknown_call(f"{text_of(module)}.get_submodule()")


def _set_attribute(run: Interpreter, owner: Instance, arguments: Arguments, node: Any) -> Value:
    """`self.__setattr__(name, value)`, and so of `super()`."""
    name, value = arguments.get(0), arguments.get(1)
    if name is None or value is None:
        return NONE
    if owner.is_module:
        set_under(run, owner, name, value, node, "assigned")
    elif isinstance(name, Constant) and isinstance(name.value, str):
        run.write(owner.attributes.setdefault(name.value, []), value)
    return NONE


def _reset(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    """`reset_parameters()` of a class that is not known: its parameters have values then."""
    run.emit("written", module, node, law="reset_parameters")
    return NONE


def _resize(run: Interpreter, module: Instance, arguments: Arguments, node: Any) -> Value:
    """A model of transformers puts other embeddings in the place of its own."""
    run.emit("rebound", module, node, how="resized")
    return run.unknown_call(f"{text_of(module)}.resize_token_embeddings()")


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
    "reset_parameters": _reset,
    "resize_token_embeddings": _resize,
}
