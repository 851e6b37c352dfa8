"""Attributes whose names are values: `getattr`, `setattr`, `hasattr`, `delattr` and `object.__setattr__`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Handler, Interpreter, one_of
from paramlint.symbolic.library.name_families import buffers_named, family_of, holds_tensors, is_buffer
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Constant,
    Instance,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)


def _getattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.definitions.attributes import get_attribute

    owner, name = arguments.get(0), arguments.get(1)
    if owner is None or name is None:
        return run.unknown_call("getattr()")

    def of_name(one: Value) -> Value:
        if isinstance(one, Constant) and isinstance(one.value, str):
            value = one.value
            return run.each(owner, lambda o: get_attribute(run, o, value, node))
        if isinstance(one, Unknown) and isinstance(owner, Instance) and (known := _put_together(run, owner, one)):
            return known
        return Unknown(f"getattr({text_of(owner)}, {text_of(one)})", one.loop if isinstance(one, Unknown) else 0)

    return run.each(name, of_name)


def _put_together(run: Interpreter, module: Instance, name: Unknown) -> Value | None:
    """The attribute of a module under a name of which the form is known: what a loop registered, or a buffer."""
    if not module.is_module or module.container:
        return None
    run.build(module)
    row = family_of(module, name)
    if row is not None:
        return row.value
    options = []
    for buffer in buffers_named(module, name):
        guard, _ = run.equality(name, [buffer])
        held = run.read(module.attributes[buffer]) if buffer in module.attributes else None
        if guard is not None and held is not None:
            options.append((guard, held))
    return run.choice(options)


def _set_put_together(run: Interpreter, module: Instance, name: Unknown, value: Value, node: Any) -> bool:
    """Give buffers another tensor, under a name of which the form is known; says whether it stands for some."""
    from paramlint.symbolic.library.registration import assign, register

    if not module.is_module or module.container or not holds_tensors(value):
        return False
    row = family_of(module, name)
    if row is not None and is_buffer(module, row):
        module.registered.setdefault(text_of(name), module.registered[text_of(row.key or name)])
        run.each(value, lambda one: register(run, module, text_of(name), one, node, "assigned"))
        return True
    buffers = buffers_named(module, name)
    for buffer in buffers:
        guard, _ = run.equality(name, [buffer])
        with run.under(guard) as is_possible:
            if is_possible:
                assign(run, module, buffer, value, node)
    return bool(buffers)


def _setattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.definitions.attributes import set_attribute
    from paramlint.symbolic.library.registration import set_under

    if len(arguments.positional) != 3:
        return NONE
    owner, name, value = arguments.get(0), arguments.get(1), arguments.get(2)
    assert owner is not None and name is not None and value is not None

    def of_name(one: Value) -> Value:
        if isinstance(one, Constant) and isinstance(one.value, str):
            attribute = one.value
            run.each(owner, lambda o: set_attribute(run, o, attribute, value, node))
        else:
            for _, instance in alternatives(owner):
                if isinstance(instance, Instance) and instance.is_module:
                    if isinstance(one, Unknown) and _set_put_together(run, instance, one, value, node):
                        continue
                    set_under(run, instance, one, value, node, "setattr")
        return NONE

    return run.each(name, of_name)


def _delattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.definitions.attributes import delete_attribute

    owner, name = arguments.get(0), arguments.get(1)
    if owner is not None and isinstance(name, Constant) and isinstance(name.value, str):
        attribute = name.value
        run.each(owner, lambda o: delete_attribute(run, o, attribute, node))
    return NONE


def _vars(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`vars(x)` is `x.__dict__`."""
    from paramlint.symbolic.definitions.attributes import get_attribute

    owner = arguments.get(0)
    if owner is None:
        return run.unknown_call("vars()")
    return run.each(owner, lambda one: get_attribute(run, one, "__dict__", node))


def _hasattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    owner, name = arguments.get(0), arguments.get(1)
    if not isinstance(name, Constant) or not isinstance(name.value, str) or owner is None:
        return run.unknown_call("hasattr()")
    attribute = name.value

    def has(one: Value) -> Value:
        if isinstance(one, Instance):
            run.build(one)
            cell = one.attributes.get(attribute)
            if cell and run.guard.implies(one_of([guard for guard, _ in cell]) or ALWAYS):
                return TRUE
            if cell is None and one.known and one.cls is not None:
                if classes.member(run, one.cls, attribute) is not None:
                    return TRUE
                if one.items is None or not any(row.key == name for row in one.items.rows):
                    if not one.is_module or attribute in ("weight", "bias") or not _has_module_method(attribute):
                        return FALSE
        if isinstance(one, TensorValue):
            return TRUE if attribute in ("data", "grad", "shape", "device") else run.unknown_call("hasattr()")
        return Unknown(f"hasattr({text_of(one)}, {attribute!r})")

    return run.each(owner, has)


def _has_module_method(name: str) -> bool:
    from paramlint.symbolic.library.modules import METHODS

    return name in METHODS


def _super_setattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`object.__setattr__(self, name, value)`: past what Module does, so nothing is registered."""
    from paramlint.symbolic.library.registration import hide

    owner, name, value = arguments.get(0), arguments.get(1), arguments.get(2)
    if owner is not None and isinstance(name, Constant) and isinstance(name.value, str) and value is not None:
        attribute = name.value
        for guard, one in alternatives(owner):
            with run.under(guard) as is_possible:
                if is_possible and isinstance(one, Instance):
                    hide(run, one, attribute, value, node)
    return NONE


HANDLERS: Mapping[str, Handler] = {
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "hasattr": _hasattr,
    "vars": _vars,
    "object.__setattr__": _super_setattr,
}
