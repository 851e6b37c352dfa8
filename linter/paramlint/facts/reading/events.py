"""What happens while code is read, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paramlint.facts.reading.values import Value

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts.scopes import Scope

#: A branch that was taken: the statement, and which of its blocks.
Guard = tuple[object, int]


@dataclass(eq=False)
class Event:
    """Something that happens at a place: in which branches, loops and functions, and after how many others."""

    index: int
    scope: Scope
    node: nodes.Node
    guards: tuple[Guard, ...]
    loops: tuple[object, ...]
    stack: tuple[str, ...]
    """The functions that are being run, the outermost first."""
    root: int
    """The number of the method or function that was begun with."""

    def excludes(self, other: Event) -> bool:
        """Whether the two stand in different branches of one statement."""
        taken = dict(self.guards)
        return any(statement in taken and taken[statement] != arm for statement, arm in other.guards)


@dataclass(eq=False)
class Called(Event):
    """A call: of `func`, with these arguments."""

    func: Value
    args: list[Value]
    keywords: dict[str, Value]
    arg_nodes: list[nodes.Arg]
    result: Value = field(default_factory=Value)
    open: bool = False
    """Arguments are spread from what is not known."""
    inner: Value | None = None
    """What the `call` of a layer of the project gave, where it was gone into."""

    def argument(self, name: str, place: int | None = None) -> Value | None:
        """What an argument is given."""
        if name in self.keywords:
            return self.keywords[name]
        return self.args[place] if place is not None and place < len(self.args) else None

    def arg_node(self, name: str) -> nodes.Arg | None:
        """The node of a keyword argument."""
        for node in self.arg_nodes:
            if node.keyword is not None and node.keyword.value == name:
                return node
        return None


@dataclass(eq=False)
class Stored(Event):
    """`owner.name = value`, or an element: then `name` begins with `[`, and `key` is what stands in the brackets."""

    owner: Value
    name: str
    value: Value
    before: Value | None = None
    key: Value | None = None
    augmented: bool = False


@dataclass(eq=False)
class Taken(Event):
    """The variables of something are read: `owner.name`, which is a list as it is now."""

    owner: Value
    name: str


@dataclass(eq=False)
class Rebound(Event):
    """A plain name that a loop gave a value is given another one."""

    name: str
    before: Value
    value: Value


@dataclass(eq=False)
class Repeated(Event):
    """A list or tuple times something."""

    held: Value
    display: nodes.Node
