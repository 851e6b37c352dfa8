"""What the walk through a constructor knows: abstract values, and the state on one path."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from paramlint import nodes
from paramlint.facts.paths.tables import Table

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Values in one container, and characters of the text of a value.
MAX_HELD = 1_000
MAX_TEXT = 1_000


@dataclass(frozen=True)
class Tensor:
    """A tensor in memory that was allocated empty, or several of which it may be one; `part` is the index of a view."""

    cells: frozenset[int]
    part: str = ""


@dataclass(frozen=True)
class Items:
    """A list, tuple, dict's values or container of modules, with what it holds.

    Of more than `MAX_HELD`, those in containers in it counted each time, it is only known which memory it holds.
    """

    values: tuple[Value, ...]
    size: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size = 1 + sum(value.size if isinstance(value, Items) else 1 for value in self.values)
        if size > MAX_HELD:
            cells = frozenset(cell for value in self.values for cell in cells_in(value))
            kept: list[Value] = [Tensor(cells) if cells else None]
            kept += [Instance()] if any(map(holds_instance, self.values)) else []
            object.__setattr__(self, "values", tuple(kept))
            size = 1 + len(kept)
        object.__setattr__(self, "size", size)


@dataclass(frozen=True)
class Instance:
    """The module under construction itself."""


@dataclass(frozen=True)
class Constant:
    """A literal number, text, truth value or None."""

    value: str | int | float | bool | None


@dataclass(frozen=True)
class Thing:
    """Something that is certainly not None: a module, a tensor with values."""


@dataclass(frozen=True)
class Function:
    """A function, method or lambda of the project, with what it is already given: the instance, and by keyword."""

    scope: Scope
    node: nodes.FunctionDef | nodes.Lambda
    is_bound: bool = False
    given: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Symbol:
    """A value known only by the text that computes it; equal texts are taken for equal values.

    The rest of a long text is only known by its digest: `x = f(x, x)` would double it again and again.
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > MAX_TEXT:
            digest = blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            object.__setattr__(self, "text", f"{self.text[: MAX_TEXT // 2]}#{digest}")


Value = Tensor | Items | Instance | Constant | Thing | Function | Symbol | None

#: What is known of allocated memory: the parts written so far, or that all of it is, or that it cannot be told.
Cell = frozenset[str] | Literal["written", "unknown"]
EMPTY: Cell = frozenset()

Exit = Literal["", "return", "loop"]


@dataclass
class Path:
    """The state on one path through a constructor.

    Attributes:
        names: the local names of the function being walked.
        attributes: the instance's attributes, as far as they matter.
        cells: what is known of each allocation.
        decided: the conditions that this path takes as true or false.
        exit: how the path left the statements behind it, if it did.
        result: what it returned.
    """

    names: Table[str, Value] = field(default_factory=Table)
    attributes: Table[str, Value] = field(default_factory=Table)
    cells: Table[int, Cell] = field(default_factory=Table)
    decided: Table[str, bool] = field(default_factory=Table)
    exit: Exit = ""
    result: Value = None

    def fork(self) -> Path:
        """A path that goes on from here by itself."""
        tables = self.names.fork(), self.attributes.fork(), self.cells.fork(), self.decided.fork()
        return Path(*tables, self.exit, self.result)

    @property
    def key(self) -> tuple[object, ...]:
        """Paths with equal keys have the same future."""
        tables = (self.names, self.attributes, self.cells, self.decided)
        return (*(table.key for table in tables), self.exit, self.result)

    def write(self, value: Value, *, whole: bool = True, certain: bool = True) -> None:
        """Note that the memory of a value is written."""
        for cell in cells_in(value):
            known = self.cells.get(cell)
            if known is None or known == "written":
                continue
            part = value.part if isinstance(value, Tensor) else ""
            if not certain:
                self.cells[cell] = "unknown"
            elif whole and not part:
                self.cells[cell] = "written"
            elif not isinstance(known, str):
                # Two different parts are taken for all of it: whether they cover it is rarely decidable.
                self.cells[cell] = "written" if known - {part} else known | {part}

    def write_all(self, *, certain: bool = True) -> None:
        """Note that every allocation is, or may be, written."""
        self.write(Tensor(frozenset(self.cells)), certain=certain)

    def decide(self, condition: str, truth: bool) -> None:
        """Take a condition as true or false, with what follows from it."""
        self.decided[condition] = truth
        subject, _, other = condition.partition(" is None")
        if not other and subject != condition:
            if truth:
                self.decided[subject] = False
        elif truth:
            if " " not in condition:
                self.decided[f"{condition} is None"] = False
            self._exclude(condition)

    def _exclude(self, condition: str) -> None:
        """`mode == "a"` is true, so `mode == "b"` is not."""
        subject, found, _ = condition.partition(" == ")
        if not found:
            return
        for known in list(self.decided):
            if known.startswith(f"{subject} == ") and known != condition:
                self.decided[known] = False

    def truth(self, condition: str) -> bool | None:
        """What this path already takes a condition for."""
        known = self.decided.get(condition)
        if known is not None:
            return known
        subject, found, _ = condition.partition(" == ")
        if found and any(v and k.startswith(f"{subject} == ") for k, v in self.decided.items()):
            return False
        return None


def cells_in(value: Value) -> frozenset[int]:
    """The allocations that a value refers to."""
    if isinstance(value, Tensor):
        return value.cells
    if isinstance(value, Items):
        return frozenset(cell for item in value.values for cell in cells_in(item))
    return frozenset()


def holds_instance(value: Value) -> bool:
    """Whether a value is, or holds, the module under construction."""
    if isinstance(value, Items):
        return any(holds_instance(item) for item in value.values)
    if isinstance(value, Function):
        return value.is_bound
    return isinstance(value, Instance)


def one_of(value: Value) -> Value:
    """Any item of a container."""
    if not isinstance(value, Items) or not value.values:
        return None
    if len(set(value.values)) == 1:
        return value.values[0]
    cells = cells_in(value)
    return Tensor(cells) if cells else None
