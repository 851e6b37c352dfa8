"""Values with an identity: objects, containers and tensors, which code changes and shares; arguments of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count
from operator import or_
from typing import TYPE_CHECKING, Any, Literal

from paramlint.model.event import Order
from paramlint.model.guard import ALWAYS, Guard

if TYPE_CHECKING:
    from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.values.immutable import Constant, Unknown, Value, shortened, text_of

_numbers = count(1)
#: Functions that give a row of numbers, whatever they are given.
_ROWS = {f"torch.{name}" for name in ("arange", "linspace", "logspace", "range")}


Cell = list[tuple[Guard, Value]]
"""What a name or attribute holds: values under guards that exclude each other, newest last."""


@dataclass(frozen=True)
class Loop:
    """A loop whose rounds are not told apart.

    Attributes:
        number: one for each loop that runs.
        text: how often it runs, as the code says it: `depth`.
        count: how often, where that is known.
        target: the names that it binds.
    """

    number: int
    text: str
    count: int | None = None
    target: str = field(default="", compare=False)


class Object(Value):
    """An identity on the heap.

    Attributes:
        made: where and when; None for what stands for something unknown.
        guard: under which conditions it was made.
        loops: the loops in which it was made: there is one for each round.
    """

    __slots__ = ("escaped", "guard", "loops", "made", "number", "order")

    def __init__(
        self, made: Any = None, guard: Guard = ALWAYS, loops: tuple[Loop, ...] = (), order: Order = ()
    ) -> None:
        self.number = next(_numbers)
        self.made = made
        self.guard = guard
        self.loops = loops
        self.order = order
        self.escaped = False


class Instance(Object):
    """An object with attributes: of a class of the project, of torch, or unknown; modules are instances.

    Attributes:
        cls: its class; None where that is unknown.
        attributes: by name.
        registered: `parameter`, `buffer` or `child` by name, for modules.
        arguments: what it was constructed with.
        container: which of torch's module containers it is; empty for other objects.
        items: the items of a module container; of other modules what is registered under names that are not known, or
            None.
        known: whether all of it is known: no unknown base, no budget that ran out.
        why_unknown: what it is that is not known.
        copy_of: the object that it is a deep copy of.
        annotation: what it was said to be, as the code says it, where it is an argument of unknown content.
        build: constructs it when somebody asks for its parts; None once that is done.
    """

    __slots__ = (
        "annotation", "arguments", "attributes", "build", "cls", "container", "copy_of", "is_module", "items", "known",
        "registered", "slots", "text", "why_unknown",
    )  # fmt: skip

    def __init__(self, cls: ClassValue | None, is_module: bool, **made: Any) -> None:
        super().__init__(**made)
        self.cls = cls
        self.is_module = is_module
        self.attributes: dict[str, Cell] = {}
        self.registered: dict[str, str] = {}
        self.arguments: Arguments | None = None
        self.container = ""
        self.items: Items | None = None
        self.known = True
        self.why_unknown = ""
        self.copy_of: Instance | None = None
        self.annotation = ""
        self.build: Callable[[], None] | None = None
        self.text = ""
        self.slots: dict[str, Value] = {}

    def forget(self, why: str) -> None:
        """Say that there may be more to it than is known."""
        if self.known:
            self.known, self.why_unknown = False, why

    def __repr__(self) -> str:
        return self.text or (f"<{self.cls.name} {self.number}>" if self.cls else f"<object {self.number}>")


@dataclass(frozen=True)
class Item:
    """An item of a container: under which guard it is there, and the loops that put one in for each round."""

    guard: Guard
    loops: tuple[Loop, ...]
    value: Value
    key: Value | None = None


class Items:
    """The items of a container in order.

    Attributes:
        known: whether these are all.
        why_unknown: what the others are.
        ordered: how many of the first stand where they are listed; None where all do.
    """

    __slots__ = ("known", "ordered", "rows", "why_unknown")

    def __init__(
        self, rows: Sequence[Item] = (), known: bool = True, why_unknown: str = "", ordered: int | None = None
    ) -> None:
        self.rows = list(rows)
        self.known = known
        self.why_unknown = why_unknown
        self.ordered = ordered

    def forget(self, why: str) -> None:
        """Say that from here on there may be other items."""
        self.shuffle(len(self.rows))
        if self.known:
            self.known, self.why_unknown = False, why

    def shuffle(self, start: int = 0) -> None:
        """Say that items from an index on may stand elsewhere."""
        self.ordered = start if self.ordered is None else min(start, self.ordered)

    def copy(self) -> Items:
        """The same items in another container."""
        return Items(self.rows, self.known, self.why_unknown, self.ordered)

    @property
    def plain(self) -> list[Value] | None:
        """The values, where each is there for sure, once and in its place; else None."""
        if not self.known or self.ordered is not None or any(row.guard or row.loops for row in self.rows):
            return None
        return [row.value for row in self.rows]


class SequenceValue(Object):
    """A list, tuple, set or iterator.

    Attributes:
        kind: `list`, `tuple`, `set`, `iterator`, `parameters` (an iterator over parameters of `source`).
        fill: gives an iterator its items when somebody asks for them; None once that is done.
        source: what its items were taken from.
        repeated: whether it was made by `[...] * n`.
        used_up: events that went through an iterator.
        fields: names of the items, of a named tuple.
        begun: the loops in which it was made, before anybody asked for its items.
    """

    __slots__ = ("_items", "begun", "fields", "fill", "kind", "repeated", "source", "used")

    def __init__(self, kind: str, items: Items | None = None, **made: Any) -> None:
        super().__init__(**made)
        self.kind = kind
        self.begun = self.loops
        self._items = items if items is not None else Items()
        self.fill: Callable[[SequenceValue], None] | None = None
        self.source: tuple[str, Value] | None = None
        self.repeated = False
        self.fields: tuple[str, ...] = ()
        self.used: list[Any] = []

    @property
    def items(self) -> Items:
        """What is in it."""
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return self._items

    @items.setter
    def items(self, items: Items) -> None:
        self._items = items

    @property
    def is_iterator(self) -> bool:
        """Whether going through it uses it up."""
        return self.kind in ("iterator", "parameters")

    def __repr__(self) -> str:
        items = self._items
        return f"{self.kind}({len(items.rows)}{'' if items.known and self.fill is None else ', ...'})"


class Dictionary(Object):
    """A plain dictionary: cells by constant key, and items under keys that are not known.

    Attributes:
        source: what its entries were taken from: an object's `_modules`, `_parameters`, `_buffers` and `__dict__` are
            its own.
        is_ordered: whether it is an `OrderedDict`.
        is_given: whether an optimizer took it for a group.
        is_spread: whether it is given with `**`: then it is no group, whatever its keys are.
        by_attribute: whether its entries are its attributes too, as those of a `Munch` are.
        maker: what makes the entry under a key that is not there, of a `defaultdict`.
    """

    __slots__ = (
        "by_attribute",
        "cells",
        "is_given",
        "is_ordered",
        "is_spread",
        "known",
        "maker",
        "rest",
        "source",
        "why_unknown",
    )

    def __init__(self, **made: Any) -> None:
        super().__init__(**made)
        self.cells: dict[object, Cell] = {}
        self.rest: list[Item] = []
        self.is_given = self.is_spread = self.by_attribute = False
        self.maker: Value | None = None
        self.known = True
        self.why_unknown = ""
        self.source: tuple[str, Value] | None = None
        self.is_ordered = False

    def forget(self, why: str) -> None:
        """Say that there may be other entries."""
        if self.known:
            self.known, self.why_unknown = False, why

    def __repr__(self) -> str:
        return f"dict({len(self.cells) + len(self.rest)}{'' if self.known else ', ...'})"


Role = Literal["parameter", "buffer", "gradient", "plain"]
Shape = tuple[Value, ...]


class Storage:
    """The memory of one or more tensors, and what was written to it.

    Attributes:
        filled: whether it was allocated with values.
        writes: events, in order.
    """

    __slots__ = ("allocated", "filled", "number", "rebound", "writes")

    def __init__(self, filled: bool) -> None:
        self.number = next(_numbers)
        self.filled = filled
        self.allocated: Any = None
        self.writes: list[Any] = []
        self.rebound: list[Any] = []


class TensorValue(Object):
    """A tensor.

    Attributes:
        role: what it is registered as, or would be.
        storage: its memory, shared by views, `.data` and `Parameter(tensor)`.
        shape: its sizes, where their number is known; None otherwise.
        sources: what it was computed from; empty for a leaf.
        view: how it was taken from the tensor whose storage it shares: `data`, `detach`, `index`...; empty otherwise.
        base: that tensor.
        registers_as: of an `nn.Buffer`, which is registered wherever it is assigned, as what that is; else empty.
        requires_grad: a value, None where nobody said.
        recorded: whether autograd recorded when it was made.
        part: of a view, which item or field it is, where that is known.
        is_gathered: of what an index picks, whether it is sure to be a copy.
        text: how it reads, for one that stands for something unknown.
        of_classes: of torch; the module whose attribute such a one is is of one of these, by a condition.
    """

    __slots__ = (
        "base", "dtype", "factory", "grad", "is_gathered", "of_classes", "part", "recorded", "registers_as",
        "requires_grad", "role", "shape", "sources", "storage", "text", "view",
    )  # fmt: skip

    def __init__(
        self, role: Role, storage: Storage, shape: Shape | None = None, sources: tuple[Value, ...] = (), **made: Any
    ) -> None:
        super().__init__(**made)
        self.role: Role = role
        self.storage = storage
        self.shape = shape
        self.sources = sources
        self.view = ""
        self.base: TensorValue | None = None
        self.registers_as = ""
        self.requires_grad: Value | None = None
        self.dtype: Value | None = None
        self.factory = ""
        self.grad: TensorValue | None = None
        self.recorded = True
        self.part: Value | None = None
        self.is_gathered = False
        self.text = ""
        self.of_classes: tuple[str, ...] = ()

    @property
    def item_shape(self) -> Shape | None:
        """The sizes of each item; None where they are not known: one argument may be a tuple of sizes."""
        if not self.shape or (len(self.shape) == 1 and not isinstance(self.shape[0], Constant) and not self._is_row()):
            return None
        return self.shape[1:]

    def _is_row(self) -> bool:
        """Whether it is a row of numbers, or computed from one in the same shape."""
        parts = [part for part in self.sources if isinstance(part, TensorValue)]
        return self.factory in _ROWS or (len(parts) == 1 and parts[0].shape == self.shape and parts[0]._is_row())

    def __repr__(self) -> str:
        return self.text or f"<{self.role} {self.number}>"


@dataclass
class Arguments:
    """What a call is given.

    Attributes:
        positional: values; an `Item` where a starred container gives what is not there for sure.
        keywords: by name.
        rest: more that is not known: unknown starred positional ones, unknown keywords.
        spread: the unknown containers that were starred.
    """

    positional: list[Value | Item] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    unknown_positional: bool = False
    unknown_keywords: bool = False
    spread: list[Value] = field(default_factory=list)

    @property
    def unknown(self) -> bool:
        """Whether there may be more arguments than are known."""
        return self.unknown_positional or self.unknown_keywords

    def values(self) -> list[Value]:
        """All values."""
        found = [a.value if isinstance(a, Item) else a for a in self.positional]
        return [*found, *self.keywords.values(), *self.spread]

    def get(self, place: int, name: str = "") -> Value | None:
        """The argument at a position or of a name, where it is given for sure."""
        if place < len(self.positional) and not any(isinstance(a, Item) for a in self.positional[: place + 1]):
            found = self.positional[place]
            assert not isinstance(found, Item)
            return found
        return self.keywords.get(name)


def one_of_many(values: Sequence[Value], serial: int) -> Unknown:
    """What stands for more values than are told apart; equal to no other."""
    text = " or ".join(dict.fromkeys(text_of(v) for v in values))
    if any(isinstance(v, (Instance, TensorValue)) for v in values):
        text = f"one of ({text})"
    return Unknown(shortened(text) + f"#{serial}")


def one_held(held: Cell, serial: int) -> tuple[Guard, Unknown]:
    """What stands for many values that a cell holds, each under its guard."""
    guards, values = zip(*held, strict=True)
    return reduce(or_, guards), one_of_many(values, serial)


def held_besides(guard: Guard, held: Cell, serial: Callable[[], int]) -> Cell:
    """What a cell still holds when it gets another value under a guard.

    Where it cannot be told whether anything is left for a value, something unknown stands in its place.
    """
    rest = guard.negated()
    if rest is None:
        return []
    left = [(before & rest, value, before.is_known_to_fit(rest)) for before, value in held]
    return [
        (under, value if is_told else one_of_many([value], serial()))
        for under, value, is_told in left
        if under is not None
    ]
