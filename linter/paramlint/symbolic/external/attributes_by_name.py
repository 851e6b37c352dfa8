"""Attributes whose names are values: `getattr`, `setattr`, `hasattr`, `delattr` and `object.__setattr__`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Handler, Interpreter, one_of
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
        return Unknown(f"getattr({text_of(owner)}, {text_of(one)})", one.loop if isinstance(one, Unknown) else 0)

    return run.each(name, of_name)


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
    "object.__setattr__": _super_setattr,
}
