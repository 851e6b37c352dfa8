"""Names and attributes: what they stand for, and what giving one a value does."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from paramlint.facts.memo import remember
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.program import ClassValue, SourceFile
from paramlint.symbolic.collections import indexing
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.module_code import behind_decorators, known_value, module_name
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.name_families import family_of
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    Environment,
    External,
    FileValue,
    Function,
    Instance,
    Item,
    Native,
    Partial,
    SequenceValue,
    Super,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    formulas,
    text_of,
)
from paramlint.symbolic.values.inputs import clears_gradient

#: What a line may give a value as an attribute: `.name`, before an `=` that no bracket parts from it, or its text.
_STORE = re.compile(r"\.(\w+)\b(?=[^=\n()\[\]]{0,200}=(?!=))|[\"'](\w+)[\"']")

# Names


def look_up(run: Interpreter, name: str, env: Environment) -> Value:
    """What a name stands for."""
    scope: Environment | None = env
    while scope is not None:
        if name in scope.globals:
            break
        cell = scope.cells.get(name)
        if cell is not None:
            found = run.read(cell)
            if found is not None:
                return found
        unit = scope.place.unit
        if unit.kind == "function" and name in scope.place.file.facts.outline.local_classes:
            local = scope.place.file.facts.outline.classes.get(f"{_qualname(unit)}.<locals>.{name}")
            if local:
                made = behind_decorators(run, scope.place.file.class_value(local[-1], scope))
                scope.cells[name] = [(ALWAYS, made)]
                return made
        scope = scope.outer
    file = env.place.file
    cells = run.global_cells.get(file.path)
    if cells is not None and name in cells:
        found = run.read(cells[name], lambda: module_name(run, file, name) or Unknown(name))
        if found is not None:
            return found
    if env.place.unit.kind == "function" and _replaces_import(file, name):
        return Unknown(name)
    return module_name(run, file, name) or Unknown(name)


def _replaces_import(file: SourceFile, name: str) -> bool:
    """Whether a module gives what a call returns the name of an import: `net = net.Net()`. Functions see that."""
    if name not in file.facts.outline.imports or name not in file.facts.outline.assigned:
        return False
    return any(getattr(one, "value", None).__class__.__name__ == "Call" for one in file.assigned.get(name, ()))


def _qualname(unit: Any) -> str:
    return f"{unit.cls.qualname}.{unit.name}" if unit.cls is not None else unit.name


# Attributes


def get_attribute(run: Interpreter, value: Value, name: str, node: Any) -> Value:
    """`value.name`."""
    run.step()
    if isinstance(value, Instance):
        return _of_instance(run, value, name, node)
    if isinstance(value, Unknown):
        return _of_unknown(run, value, name)
    if isinstance(value, External):
        return run.program.external(f"{value.name}.{name}")
    if isinstance(value, FileValue):
        cells = run.global_cells.get(value.file.path, {})
        held = run.read(cells[name]) if name in cells else None
        found = held or known_value(run, run.program.member(value.file, name))
        return found or Unknown(f"{value.file.module}.{name}")
    if isinstance(value, ClassValue):
        if name == "__name__":
            return Constant(value.name)
        return classes.member(run, value, name) or Native(value, name)
    if isinstance(value, Super):
        return _of_super(run, value, name)
    if isinstance(value, TensorValue):
        from paramlint.symbolic.library.tensors import attribute

        return attribute(run, value, name, node)
    if isinstance(value, Dictionary) and value.by_attribute and not hasattr(dict, name):
        return indexing.entry_of(run, value, Constant(name))
    if isinstance(value, SequenceValue) and name in value.fields:
        return value.items.rows[value.fields.index(name)].value
    if isinstance(value, Partial) and name == "func":
        return value.function
    if isinstance(value, Constant) and name in ("value", "real"):
        return value  # a member of an enumeration
    if isinstance(value, Function) and name in ("__name__", "__qualname__"):
        return Constant(value.node.name.value) if hasattr(value.node, "name") else Unknown("<lambda>")
    if value.__class__.__name__ == "OptimizerValue":
        from paramlint.symbolic.library.optimizer_calls import optimizer_attribute

        return optimizer_attribute(run, value, name)
    return Native(value, name)


def _of_unknown(run: Interpreter, value: Unknown, name: str) -> Value:
    known = run.stand_ins.get(value)
    run.asked.setdefault(value, set()).add(name)
    plain = Unknown(f"{formulas.owner(value.text)}.{name}", value.loop, owner=value, name=name)
    if known is not None and name in known.attributes:
        return run.read(known.attributes[name], lambda: plain) or plain
    return plain


def stand_in(run: Interpreter, value: Unknown) -> Instance:
    """The object that an unknown value is: one for each text, the same whenever it is asked for."""
    known = run.stand_ins.get(value)
    if known is None:
        known = Instance(None, True)
        known.text, known.annotation = value.text, value.annotation
        known.forget(value.text)
        run.stand_ins[value] = known
        run.instances.append(known)
    return known


def _of_instance(run: Interpreter, value: Instance, name: str, node: Any) -> Value:
    if value.build is not None and not (value.cls is not None and classes.has_method(run, value.cls, name)):
        run.build(value)
    cell = value.attributes.get(name)
    if cell is not None:
        beyond = None if _is_set_once(run, value, name) else lambda: _beyond_attributes(run, value, name, node)
        found = run.read(cell, beyond)
        if found is not None and not (value.is_module and _is_behind_method(found, name)):
            return found
    return _beyond_attributes(run, value, name, node)


def _is_set_once(run: Interpreter, value: Instance, name: str) -> bool:
    """Whether one statement alone gives an object an attribute: where that was not reached, to read it raises."""
    cls = value.cls
    if cls is None or not value.known or value.container:
        return False
    file = cls.file.facts
    stores = remember(
        file, "stores of attributes", lambda: Counter(a or b for a, b in _STORE.findall(file.source.text))
    )
    is_declared = stores[name] != 1 or classes.member(run, cls, name) is not None
    return not is_declared and not classes.has_method(run, cls, "__getattr__")


def _is_behind_method(held: Value, name: str) -> bool:
    """Whether Python finds a method before a child of its name, which is kept where `__getattr__` looks it up."""
    from paramlint.symbolic.library.modules import METHODS

    return isinstance(held, Instance) and held.is_module and name in METHODS


def _beyond_attributes(run: Interpreter, value: Instance, name: str, node: Any) -> Value:
    """What an attribute is that the instance itself has not: of its class, of Module, or unknown."""
    if name == "__class__" and value.cls is not None:
        return value.cls
    if name == "__dict__" or (value.is_module and name in ("_modules", "_parameters", "_buffers")):
        return _dictionary_of(run, value, name, node)
    if value.cls is not None:
        found = get_member(run, value, name, node)
        if found is not None:
            return found
    if value.container:
        from paramlint.symbolic.library.module_containers import entry_named

        item = entry_named(run, value, name)
        if item is not None:
            return item
    if value.is_module:
        from paramlint.symbolic.library.modules import METHODS

        if name in METHODS:
            return Native(value, name)
        row = None if value.container else family_of(value, name)
        if row is not None:
            return row.value
    if value.cls is not None and value.known and "__getattr__" not in run.busy:
        getter = get_member(run, value, "__getattr__", node)
        if getter is not None:
            run.busy.add("__getattr__")
            try:
                return run.call(getter, Arguments([Constant(name)]), node)
            finally:
                run.busy.discard("__getattr__")
    key = f".{name}"
    if key not in value.slots:
        value.slots[key] = Unknown(f"{text_of(value)}.{name}", owner=_as_unknown(value), name=name)
        run.lacking[id(value.slots[key])] = value
    return value.slots[key]


def _as_unknown(value: Instance) -> Unknown:
    return Unknown(text_of(value))


def _dictionary_of(run: Interpreter, value: Instance, name: str, node: Any) -> Value:
    """`value._modules`, `_parameters`, `_buffers` and `__dict__`."""
    from paramlint.symbolic.library.registry import held_by

    made = Dictionary(**run.made(node))
    made.known, made.why_unknown = value.known, value.why_unknown
    made.source = (name, value)
    kind = {"_modules": "child", "_parameters": "parameter", "_buffers": "buffer"}.get(name)
    for attribute, cell in value.attributes.items():
        registered = value.registered.get(attribute, "plain")
        if registered.startswith(kind) if kind is not None else registered == "plain":
            made.cells[attribute] = list(cell)
    if value.items is not None and kind is not None:
        for held in held_by(run, value):
            is_wanted = held.is_child if kind == "child" else held.is_tensor and kind == "parameter"
            if held.name not in value.attributes and is_wanted:
                key = Unknown(held.name) if "{" in held.name else Constant(held.name)
                made.rest.append(Item(held.guard, held.loops, held.value, key))
        if not value.items.known:
            made.forget(value.items.why_unknown)
    return made


def get_member(run: Interpreter, value: Instance, name: str, node: Any = None) -> Value | None:
    """What the class of an instance defines under a name: a method bound to it, what a property gives, a value."""
    if value.cls is None:
        return None
    return classes.member(run, value.cls, name, value, node)


def _of_super(run: Interpreter, value: Super, name: str) -> Value:
    instance = value.instance
    cls = instance.cls if isinstance(instance, Instance) else instance
    if isinstance(cls, ClassValue):
        found = classes.member_behind(run, cls, value.after, name, instance)
        if found is not None:
            return found
    return Native(value, name)


def set_attribute(run: Interpreter, owner: Value, name: str, value: Value, node: Any) -> Value:
    """`owner.name = value`."""
    run.step()
    if isinstance(owner, Unknown):
        if name == "grad" and clears_gradient(value):  # of whichever parameter it is
            run.emit("cleared", owner, node, how="grad = None")
            return NONE
        owner, value = _in_unknown(run, owner, name, value, node)
    if isinstance(owner, Instance):
        if owner.build is not None and owner not in run.building:
            run.build(owner)
        if owner.cls is not None and not (owner.is_module and _is_registered(value)):
            setter = classes.setter(run, owner.cls, name, owner)
            if setter is not None:
                run.call(setter, Arguments([value]), node)
                return NONE
        if owner.is_module:
            from paramlint.symbolic.library.registration import assign

            assign(run, owner, name, value, node)
            return NONE
        run.write(owner.attributes.setdefault(name, []), value)
        run.emit("bound", owner, node, name=name, value=value)
    elif isinstance(owner, Dictionary) and owner.by_attribute:
        indexing.set_item(run, owner, Constant(name), value, node)
    elif isinstance(owner, TensorValue):
        from paramlint.symbolic.library.tensors import set_tensor_attribute

        set_tensor_attribute(run, owner, name, value, node)
    elif owner.__class__.__name__ == "OptimizerValue" and name == "param_groups":
        from paramlint.symbolic.library.optimizer_calls import replace_groups

        replace_groups(run, owner, value, node)
    elif isinstance(owner, ClassValue):
        run.memo[owner, name] = value
        run.emit("bound", owner, node, name=name, value=value)
    elif isinstance(owner, FileValue):
        run.write(run.global_cells.setdefault(owner.file.path, {}).setdefault(name, []), value)
    return NONE


def _in_unknown(run: Interpreter, owner: Unknown, name: str, value: Value, node: Any) -> tuple[Value, Value]:
    """Who gets what by `owner.name = value`, where nothing is known of the owner but what the code does with it."""
    from paramlint.symbolic.library.registration import parameter_found, place_found

    tensor = parameter_found(run, owner, node) if name in ("data", "requires_grad") else owner
    if tensor is not owner or (isinstance(value, Unknown) and name == value.name):
        value = parameter_found(run, value, node)
    if tensor is not owner:
        return tensor, value
    module = stand_in(run, owner)
    if isinstance(value, TensorValue) and value.role == "parameter":
        place_found(run, module, owner, node)
    return module, value


def _is_registered(value: Value) -> bool:
    """Whether it is a parameter or module, which `nn.Module` keeps itself: no setter of a property sees it."""
    return all(
        (isinstance(one, TensorValue) and one.role == "parameter") or (isinstance(one, Instance) and one.is_module)
        for _, one in alternatives(value)
    )


def delete_attribute(run: Interpreter, owner: Value, name: str, node: Any) -> Value:
    """`del owner.name`."""
    if isinstance(owner, Unknown):
        owner = stand_in(run, owner)
    if isinstance(owner, Instance):
        run.build(owner)
        if owner.is_module:
            from paramlint.symbolic.library.registration import unregister

            unregister(run, owner, name, node)
        elif run.guard == owner.guard:
            owner.attributes.pop(name, None)
    return NONE
