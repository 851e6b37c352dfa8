"""What an expression may be. Two expressions are one object where they are one value here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts.classes import Class
    from paramlint.facts.reading.events import Called
    from paramlint.facts.scopes import Scope


class Value:
    """What an expression may be; by itself, something of which nothing is known."""


UNKNOWN = Value()
#: The name of attributes that `setattr` gives values under names that are not known.
UNNAMED = "[setattr]"
#: What may be one of more than these is not known.
MOST_OPTIONS = 12


@dataclass(eq=False)
class Const(Value):
    """A literal: a number, a text, a truth, `None`."""

    value: object


@dataclass(eq=False)
class Named(Value):
    """A class, function or module outside the project, by its public name."""

    name: str


@dataclass(eq=False)
class ClassValue(Value):
    """A class of the project."""

    cls: Class


@dataclass(eq=False)
class Function(Value):
    """A function of the project, or a method with the instance that it was taken from."""

    scope: Scope
    node: nodes.FunctionDef | nodes.Lambda
    names: dict[str, Value] = field(default_factory=dict)
    """What the names around a nested function stand for."""
    owner: Value | None = None
    cls: Class | None = None
    """The class in whose body it stands."""


@dataclass(eq=False)
class Parameter(Value):
    """An argument of the function at which reading began."""

    name: str
    default: Value | None


@dataclass(eq=False)
class Thing(Value):
    """An object that a call has made: `what` is the public name of its class, or empty for one of the project."""

    what: str
    cls: Class | None
    made: Called

    @property
    def last(self) -> str:
        """The last name of its class."""
        return self.cls.name if self.cls is not None else self.what.rpartition(".")[2]


@dataclass(eq=False)
class Held(Value):
    """A list, tuple, dict or set as it is written, with what is put into it later."""

    kind: str
    items: list[Value]
    keys: list[Value] = field(default_factory=list)
    """Of a dict, as many as items."""
    each: bool = False
    """Made by a comprehension or in a loop: each item stands for any number."""
    repeated: bool = False
    """Made by a times sign: all places hold the same items."""


def flat(value: Value) -> Sequence[Value]:
    """A value, or the items of a container."""
    return value.items if isinstance(value, Held) else [value]


@dataclass(eq=False)
class Part(Value):
    """An attribute of something, not known further: `net.weights`; the name `[]` stands for an element."""

    owner: Value
    name: str


@dataclass(eq=False)
class Result(Value):
    """What a call gives that makes no known object."""

    call: Called


@dataclass(eq=False)
class Derived(Value):
    """What an operator makes of other values; `sign` is that of an operator between two."""

    parts: tuple[Value, ...]
    sign: str = ""


@dataclass(eq=False)
class Choice(Value):
    """One of several, by conditions that are not known."""

    options: tuple[Value, ...]


def options(value: Value) -> Iterator[Value]:
    """The values that a value may be."""
    if isinstance(value, Choice):
        yield from value.options
    else:
        yield value


def either(values: Iterable[Value]) -> Value:
    """One of several values; those that are one value count once."""
    found: dict[int, Value] = {}
    for value in values:
        for option in options(value):
            found.setdefault(id(option), option)
    if not found or len(found) > MOST_OPTIONS:
        return UNKNOWN
    return next(iter(found.values())) if len(found) == 1 else Choice(tuple(found.values()))
