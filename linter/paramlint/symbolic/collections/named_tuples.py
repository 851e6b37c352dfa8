"""`collections.namedtuple`: a class that is made by a call, and the tuples that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.collections import containers
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Item,
    Items,
    SequenceValue,
    Value,
)


@dataclass(frozen=True, eq=False)
class NamedTuple(Value):
    """A class of tuples whose items have names, with the defaults of the last of these."""

    name: str
    fields: tuple[str, ...]
    defaults: tuple[Value, ...]

    def __repr__(self) -> str:
        return self.name


def make_class(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`namedtuple("Point", "x y", defaults=(0,))`."""
    name, fields = arguments.get(0, "typename"), arguments.get(1, "field_names")
    names = _names(run, fields, node) if fields is not None else None
    defaults = arguments.keywords.get("defaults", NONE)
    known = [] if defaults == NONE else containers.items_of(run, defaults, node).plain
    if not isinstance(name, Constant) or names is None or known is None or "rename" in arguments.keywords:
        return run.unknown_call("namedtuple()")
    return NamedTuple(str(name.value), names, tuple(known))


def _names(run: Interpreter, fields: Value, node: Any) -> tuple[str, ...] | None:
    """The names of the fields, given as one text or as several; None where they are not known."""
    if isinstance(fields, Constant) and isinstance(fields.value, str):
        return tuple(fields.value.replace(",", " ").split())
    plain = containers.items_of(run, fields, node).plain or ()
    names = tuple(one.value for one in plain if isinstance(one, Constant) and isinstance(one.value, str))
    return names if names and len(names) == len(plain) else None


def make(run: Interpreter, cls: NamedTuple, arguments: Arguments, node: Any) -> Value:
    """`Point(1, y=2)`."""
    without = len(cls.fields) - len(cls.defaults)
    values: list[Value] = []
    for place, name in enumerate(cls.fields):
        value = arguments.get(place, name)
        if value is None and place >= without and not arguments.unknown:
            value = cls.defaults[place - without]
        values.append(value if value is not None else run.unknown_call(f"{cls.name}.{name}"))
    made = SequenceValue("tuple", Items([Item(ALWAYS, (), value) for value in values]), **run.made(node))
    made.fields = cls.fields
    return made
