"""What happened, in order: the trace that a build of a model leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from paramlint.model.guard import ALWAYS, Guard

EventKind = Literal[
    "allocated", "written", "rebound", "registered", "bound", "kept", "flagged", "mode", "moved", "copied", "wrapped",
    "called", "read", "backward", "cleared", "optimizer", "grouped", "stepped", "listed", "taken", "loaded", "saved",
    "escaped", "raised", "tested",
]  # fmt: skip
Author = Literal["user", "torch", "optimizer"]
Order = tuple[int, ...]
"""When something happened; compared as tuples. What happens inside an object that is built late has a longer one."""


class Site(Protocol):
    """A place in source."""

    @property
    def path(self) -> str:
        """The file."""
        raise NotImplementedError

    @property
    def row(self) -> int:
        """The row, from 1."""
        raise NotImplementedError

    @property
    def node(self) -> Any:
        """The syntax node; None for what was recorded live."""
        raise NotImplementedError

    @property
    def function(self) -> str:
        """The name of the function or method around it; empty at module level."""
        raise NotImplementedError

    @property
    def in_class(self) -> bool:
        """Whether it stands in a method or the code of a class."""
        raise NotImplementedError

    @property
    def stack(self) -> tuple[Site, ...]:
        """The calls that led here, outermost first."""
        raise NotImplementedError

    @property
    def statement(self) -> Any:
        """The simple statement that the node is part of; None where there is none."""
        raise NotImplementedError

    @property
    def is_alone(self) -> bool:
        """Whether no other statement stands in its row."""
        raise NotImplementedError

    @property
    def loop(self) -> Any:
        """The `for` of the same function that runs over what the node gives; None where there is none."""
        raise NotImplementedError

    @property
    def in_branch(self) -> bool:
        """Whether it stands under a condition in its function."""
        raise NotImplementedError

    @property
    def is_tried(self) -> bool:
        """Whether a `try` around it, or around a call that led to it, catches what it raises."""
        raise NotImplementedError

    @property
    def gives_back(self) -> bool:
        """Whether its function returns something, on one path at least; what a call returns is up to that call."""
        raise NotImplementedError

    @property
    def class_name(self) -> str:
        """The class in whose code it stands, by its name in the file; empty outside of classes."""
        raise NotImplementedError

    def text(self, node: Any) -> str:
        """The source code of a node of the same function."""
        raise NotImplementedError

    def parentheses(self, node: Any) -> int:
        """How many pairs of parentheses stand around an expression of the same function."""
        raise NotImplementedError

    @property
    def code(self) -> Any:
        """The function, class or module around it; None live."""
        raise NotImplementedError

    @property
    def definition(self) -> Any:
        """The definition of the function or class around it; None at module level and live."""
        raise NotImplementedError

    def spell(self, dotted: str) -> str:
        """How the file writes a dotted name."""
        raise NotImplementedError

    def under_no_grad(self, title: str) -> Any:
        """A fix that puts the statement into a block where autograd is off; None where it cannot be put there."""
        raise NotImplementedError

    def default(self, name: str) -> str:
        """What an argument of the function around it is by default, as it is written; empty where it has none."""
        raise NotImplementedError

    def maker(self, node: Any) -> Any:
        """The expression that makes what one of the same function only passes on, such as a name; else the same."""
        raise NotImplementedError

    def says(self, *words: str) -> bool:
        """Whether a mark of intent stands there: in the statement, its comments, the function's name or a condition."""
        raise NotImplementedError


@dataclass(eq=False)
class Event:
    """Something that happened.

    Attributes:
        kind: what.
        of: the tensor, module, optimizer or state that it happened to.
        site: where.
        order: one number for each time; an event in a loop has two, the second after the loop's body.
        guard: under which conditions.
        grad: whether autograd recorded then.
        author: who did it: the user's code, a layer of torch, or an optimizer's step.
        data: what else belongs to the kind, by name; `event.law` reads `data["law"]`.
    """

    kind: EventKind
    of: Any
    site: Site
    order: tuple[Order, ...] = ()
    guard: Guard = ALWAYS
    grad: bool = True
    author: Author = "user"
    data: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["data"][name]
        except KeyError:
            raise AttributeError(name) from None

    def get(self, name: str, default: Any = None) -> Any:
        """A field of the kind, or the default."""
        return self.data.get(name, default)

    @property
    def way(self) -> tuple[Site, ...]:
        """The calls that led there, outermost first, and the place itself."""
        return (*self.site.stack, self.site)

    @property
    def repeats(self) -> bool:
        """Whether it happens in a loop, and so more than once."""
        return len(self.order) > 1

    def __repr__(self) -> str:
        return f"{self.site.row}:{self.kind}({self.of})"
