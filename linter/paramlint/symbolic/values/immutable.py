"""Values that are what they say: constants, unknown values, choices, names from outside; immutable and shared."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from zlib import crc32

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.limits import MAX_PIECES, MAX_TEXT

if TYPE_CHECKING:
    from paramlint.symbolic.code.program import SourceFile


def shortened(text: str) -> str:
    """A text of bounded length: long ones keep their beginning and a checksum, so that they stay different."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 12]}...{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


class Value:
    """Anything that a name or an attribute can hold.

    Attributes:
        holds_nothing: whether it is neither a tensor or module nor may turn out to be one.
        origin: what a text was taken from: the module whose parameter it names, the text whose letter or part it is,
            or that an answer is about.
    """

    __slots__ = ()
    holds_nothing: ClassVar[bool] = False
    origin: Value | None = None


class Constant(Value):
    """A number, string, None or another immutable value of Python that is known; equal by type and value."""

    __slots__ = ("origin", "value")
    holds_nothing = True

    def __init__(self, value: object, origin: Value | None = None) -> None:
        self.value = value
        self.origin = origin

    def giving(self, value: object) -> Constant:
        """What it gives when it is asked, which is about what it was taken from itself."""
        return Constant(value, self if self.origin is not None else None)

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
        pieces: what is known of a text, where it is one that was put together.
    """

    __slots__ = ("annotation", "default", "loop", "name", "origin", "owner", "pieces", "text")

    def __init__(
        self,
        text: str,
        loop: int = 0,
        annotation: str = "",
        owner: Unknown | None = None,
        name: str = "",
        default: Constant | None = None,
        pieces: tuple[str, ...] = (),
        origin: Value | None = None,
    ) -> None:
        self.pieces = pieces
        self.origin = origin
        self.owner = owner
        self.name = name
        self.default = default
        self.text = shortened(text)
        self.loop = loop
        self.annotation = annotation

    def may_read(self, text: str) -> bool:
        """Whether a text may be what it is, by the pieces of it that are known."""
        if not self.pieces or len(self.pieces) >= MAX_PIECES:
            return True
        return re.fullmatch(".*".join(map(re.escape, self.pieces)), text, re.DOTALL) is not None

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

    @property
    def may_be_flag(self) -> bool:
        """Whether it may be false: it is no module, not spelled as a class, and of no package whose names are known."""
        root, _, rest = self.name.partition(".")
        last = rest.rpartition(".")[2]
        is_class = last[:1].isupper() and not last.isupper()
        return bool(rest) and not is_class and root != "torch" and root not in sys.stdlib_module_names

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


def is_text(value: Value) -> bool:
    """Whether it is a text for sure."""
    if isinstance(value, Unknown):
        return value.annotation == "str" or bool(value.pieces)
    return isinstance(value, Constant) and isinstance(value.value, str)


def loop_of(value: Value) -> int:
    """The loop that binds a value; 0 for none."""
    return value.loop if isinstance(value, Unknown) else 0
