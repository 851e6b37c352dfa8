"""What can be called, and the names around code that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paramlint.symbolic.values.heap import Arguments, Cell

if TYPE_CHECKING:
    from paramlint.symbolic.code.program import ClassValue, Place
from paramlint.symbolic.values.immutable import Value, text_of


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function, lambda or method of the project, with what it closes over.

    Attributes:
        node: its `FunctionDef` or `Lambda`.
        place: the file and unit that hold the node.
        env: the names around it.
        bound: the object or class that it is bound to.
        owner: the class that defines it.
        wraps: the function in whose place a decorator has put it.
    """

    node: Any
    place: Place
    env: Environment | None = None
    bound: Value | None = None
    owner: ClassValue | None = None
    wraps: Function | None = None

    @property
    def name(self) -> str:
        """Its name; that of a lambda is `<lambda>`."""
        name: str = self.node.name.value if hasattr(self.node, "name") else "<lambda>"
        return name

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Native(Value):
    """A method of something that the interpreter knows: of a module, tensor, container, string, unknown value."""

    owner: Value
    name: str

    def __repr__(self) -> str:
        return f"{text_of(self.owner)}.{self.name}"


@dataclass(frozen=True, eq=False)
class Partial(Value):
    """`functools.partial`: a callable with arguments that are given already."""

    function: Value
    arguments: Arguments

    def __repr__(self) -> str:
        return f"partial({text_of(self.function)})"


@dataclass(frozen=True, eq=False)
class Super(Value):
    """`super()`: the rest of an object's classes behind one of them."""

    instance: Value
    after: ClassValue | None

    def __repr__(self) -> str:
        return "super()"


class Environment:
    """The names of a function or module while it runs.

    Attributes:
        place: the file and unit whose code runs.
        outer: the names around it.
        cells: by name.
        owner, instance: the class whose method runs and its first argument, for `super()`.
        is_comprehension: whether `:=` binds names outside it.
    """

    __slots__ = ("cells", "globals", "instance", "is_comprehension", "outer", "owner", "place", "qualname")

    def __init__(
        self,
        place: Place,
        outer: Environment | None = None,
        owner: ClassValue | None = None,
        instance: Value | None = None,
        qualname: str = "",
    ) -> None:
        self.place = place
        self.outer = outer
        self.cells: dict[str, Cell] = {}
        self.owner = owner
        self.instance = instance
        self.globals: set[str] = set()
        self.is_comprehension = False
        self.qualname = qualname
