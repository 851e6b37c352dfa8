"""What a rule asks of the events of a class, a function or the code of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading.events import Called, Event, Repeated, Stored, Taken
from paramlint.facts.reading.values import Choice, Derived, Held, Named, Part, Result, Thing, Value, options
from paramlint.facts.requirements import keras_generation
from paramlint.finding import Finding, Fix
from paramlint.knowledge.gluon_names import is_block_base
from paramlint.knowledge.keras_names import is_base, is_model, public_name

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts.classes import Class
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope
    from paramlint.syntax.outline import Unit

#: What a rule says, and the scope in which it stands.
Said = tuple["Scope", Finding]
#: Values that are looked through on the way from one to another.
_DEEPEST = 2_000


class Trace:
    """What happens in a class, a function or the code of a module.

    Attributes:
        events: all of it, in order.
        instance: the object whose methods were read, for a class.
        cls: the class.
        heap: what the attributes of objects are in the end.
    """

    def __init__(self, file: File, unit: Unit) -> None:
        self.file = file
        self.unit = unit
        self.events: list[Event] = []
        self.instance: Thing | None = None
        self.cls: Class | None = None
        self.heap: dict[Value, dict[str, Value]] = {}

    @property
    def calls(self) -> Iterator[Called]:
        """The calls, in order."""
        return (event for event in self.events if isinstance(event, Called))

    @property
    def stores(self) -> Iterator[Stored]:
        """Where attributes and elements are given values, in order."""
        return (event for event in self.events if isinstance(event, Stored))

    @property
    def taken(self) -> Iterator[Taken]:
        """Where the variables of something are read."""
        return (event for event in self.events if isinstance(event, Taken))

    @property
    def repeats(self) -> Iterator[Repeated]:
        """Lists times something."""
        return (event for event in self.events if isinstance(event, Repeated))

    @property
    def generation(self) -> str:
        """Which Keras the file is written for, 2 or 3, by its text or its project; empty where that is not known."""
        return keras_generation(self.file)

    def methods(self, owner: Value, *names: str) -> Iterator[Called]:
        """The calls of methods of a value."""
        for call in self.calls:
            for func in options(call.func):
                if is_method(func, *names) and owner in options(receiver(func)):
                    yield call
                    break

    def after(self, event: Event) -> Iterator[Event]:
        """What may happen after something, in the same run."""
        return (e for e in self.events if e.index > event.index and not e.excludes(event))

    def inside(self, model: Value) -> set[Value]:
        """The objects that a model is made of: its arguments, attributes, layers called on the way to its outputs."""
        found: set[Value] = set()
        stack = [model]
        while stack and len(found) < _DEEPEST:
            value = stack.pop()
            if value in found:
                continue
            found.add(value)
            stack.extend(self.below(value))
        return found

    def below(self, value: Value) -> Iterator[Value]:
        """What a value is directly made of."""
        if isinstance(value, Thing):
            yield from value.made.args
            yield from value.made.keywords.values()
            yield from self.heap.get(value, {}).values()
            for call in self.methods(value, "add"):
                yield from call.args
        elif isinstance(value, Held):
            yield from value.items
        elif isinstance(value, (Choice, Derived)):
            yield from value.options if isinstance(value, Choice) else value.parts
        elif isinstance(value, Result):
            yield value.call.func
            yield from value.call.args
            yield from value.call.keywords.values()
        elif isinstance(value, Part):
            yield value.owner


def is_method(func: Value, *names: str) -> bool:
    """Whether what is called is an attribute of one of these names."""
    from paramlint.facts.reading.values import Function

    if isinstance(func, Part):
        return func.name in names
    return isinstance(func, Function) and func.owner is not None and _name(func) in names


def _name(func: Value) -> str:
    from paramlint.facts.reading.values import Function

    if isinstance(func, Function):
        written = getattr(func.node, "name", None)
        return written.value if written is not None else ""
    return ""


def receiver(func: Value) -> Value:
    """The object whose method is called."""
    from paramlint.facts.reading.values import UNKNOWN, Function

    if isinstance(func, Part):
        return func.owner
    if isinstance(func, Function) and func.owner is not None:
        return func.owner
    return UNKNOWN


def root_of(value: Value) -> Value:
    """The object of which a value is an attribute, an element, a layer that is asked for by name, or one of these."""
    for _ in range(50):
        if isinstance(value, Part):
            value = value.owner
        elif isinstance(value, Result) and is_method(value.call.func, "get_layer"):
            value = receiver(value.call.func)
        else:
            break
    return value


def names_of(cls: Class) -> Iterator[str]:
    """The public names of a class's bases outside the project, and of those inside that are Keras's or Gluon's own."""
    for one in cls.mro:
        if one is not cls:
            yield public_name(one.canonical)
        yield from (public_name(base) for base in one.bases if isinstance(base, str))


def is_layer_class(cls: Class) -> bool:
    """Whether a class of the project is a layer or model of Keras."""
    return any(is_base(name) for name in names_of(cls))


def is_model_class(cls: Class) -> bool:
    """Whether it is a model."""
    return any(is_model(name) for name in names_of(cls))


def is_block_class(cls: Class) -> bool:
    """Whether it is a block of Gluon."""
    from paramlint.knowledge.gluon_names import block_name

    return any(is_block_base(block_name(base)) for one in cls.mro for base in one.bases if isinstance(base, str))


def is_called(call: Called, *names: str) -> bool:
    """Whether a call is of something with one of these public names."""
    return any(isinstance(func, Named) and func.name in names for func in options(call.func))


def say(event: Event, message: str, fix: Fix | None = None, node: nodes.Node | None = None) -> Said:
    """What a rule yields: on the node of an event, or on another one of the same scope."""
    return event.scope, Finding(node if node is not None else event.node, message, fix)


def target(event: Stored) -> nodes.Node:
    """What stands left of the equals sign; the whole where there is none."""
    node = event.node
    written = getattr(node, "target", None)
    if written is None and getattr(node, "targets", None):
        written = node.targets[0].target  # type: ignore[attr-defined]
    return written if written is not None else node
