"""What an expression can be. Values are immutable, or identities on the heap; they are shared and never copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal
from zlib import crc32

from paramlint.model.event import Order
from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.limits import MAX_TEXT

if TYPE_CHECKING:
    from paramlint.symbolic.program import ClassValue, Place, SourceFile

_numbers = count(1)


def shortened(text: str) -> str:
    """A text of bounded length: long ones keep their beginning and a checksum, so that they stay different."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 12]}...{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


class Value:
    """Anything that a name or an attribute can hold."""

    __slots__ = ()


class Constant(Value):
    """A number, string, None or another immutable value of Python that is known; equal by type and value."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __repr__(self) -> str:
        return repr(self.value)


NONE: Final = Constant(None)
TRUE: Final = Constant(True)
FALSE: Final = Constant(False)


class Unknown(Value):
    """A value known only by the text that computes it; equal texts are equal values.

    Args:
        text: how it reads.
        loop: the loop that binds it, 0 for none: it differs in each round.
        annotation: what it was said to be, as the code says it, where it is an argument.
        owner, name: the unknown value whose attribute it is, and that attribute's name.
        default: the default of the argument that it is, where that is a plain value.
    """

    __slots__ = ("annotation", "default", "loop", "name", "owner", "text")

    def __init__(
        self,
        text: str,
        loop: int = 0,
        annotation: str = "",
        owner: Unknown | None = None,
        name: str = "",
        default: Constant | None = None,
    ) -> None:
        self.owner = owner
        self.name = name
        self.default = default
        self.text = shortened(text)
        self.loop = loop
        self.annotation = annotation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and self.text == other.text and self.loop == other.loop

    def __hash__(self) -> int:
        return hash((self.text, self.loop))

    def __repr__(self) -> str:
        return self.text


class Choice(Value):
    """Alternatives, each under a guard, the newest first; they exclude each other."""

    __slots__ = ("options",)

    def __init__(self, options: Sequence[tuple[Guard, Value]]) -> None:
        self.options = tuple(options)

    def __repr__(self) -> str:
        return " | ".join(f"{value!r} if {guard}" if guard else repr(value) for guard, value in self.options)


class External(Value):
    """Something outside the project and the stubs, by its dotted name: a module, a function, a class."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, External) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class FileValue(Value):
    """A module of the project."""

    file: SourceFile

    def __repr__(self) -> str:
        return self.file.module


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function, lambda or method of the project, with what it closes over.

    Attributes:
        node: its `FunctionDef` or `Lambda`.
        place: the file and unit that hold the node.
        env: the names around it.
        bound: the object or class that it is bound to.
        owner: the class that defines it.
    """

    node: Any
    place: Place
    env: Environment | None = None
    bound: Value | None = None
    owner: ClassValue | None = None

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
        build: constructs it when somebody asks for its parts; None once that is done.
    """

    __slots__ = (
        "arguments", "attributes", "build", "cls", "container", "copy_of", "is_module", "items", "known", "registered",
        "slots", "text", "why_unknown",
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
    """

    __slots__ = ("_items", "fields", "fill", "kind", "repeated", "source", "used")

    def __init__(self, kind: str, items: Items | None = None, **made: Any) -> None:
        super().__init__(**made)
        self.kind = kind
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
    """

    __slots__ = ("cells", "is_given", "is_ordered", "known", "rest", "source", "why_unknown")

    def __init__(self, **made: Any) -> None:
        super().__init__(**made)
        self.cells: dict[object, Cell] = {}
        self.rest: list[Item] = []
        self.is_given = False
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
        text: how it reads, for one that stands for something unknown.
    """

    __slots__ = (
        "base", "dtype", "factory", "grad", "part", "recorded", "registers_as", "requires_grad", "role", "shape",
        "sources", "storage", "text", "view",
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
        self.text = ""

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


def alternatives(value: Value) -> list[tuple[Guard, Value]]:
    """The alternatives of a value, one where there is no choice."""
    return list(value.options) if isinstance(value, Choice) else [(ALWAYS, value)]


_ITEM = re.compile(r"\[\.\.\.\](\[[^\[\]]*\]|\.\w+)*$")
_MOVED = re.compile(
    r"\.(to|cuda|cpu|float|double|half|long|type|view|reshape|unsqueeze|squeeze|permute|flatten|transpose|contiguous|clone"
    r"|detach|repeat|expand|size)\([^()]*\)(#\d+)?$"
)


def is_data(value: Unknown) -> bool:
    """Whether it is what a loop over something unknown gives, perhaps moved or reshaped: a batch, or a part of one."""
    text = value.text
    while (moved := _MOVED.search(text)) is not None:
        text = text[: moved.start()]
    return bool(value.loop) and ("(" not in text or _ITEM.search(text) is not None)


def text_of(value: Value) -> str:
    """How a value reads in a formula or condition."""
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, Constant):
        return repr(value.value)
    if isinstance(value, External):
        return value.name
    if isinstance(value, Choice):
        return " or ".join(dict.fromkeys(text_of(v) for _, v in value.options))[:MAX_TEXT]
    return repr(value)
