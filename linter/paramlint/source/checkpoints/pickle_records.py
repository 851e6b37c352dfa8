"""A pickle as inert records: no class is looked up, nothing is called, and memory and work are bounded.

Python's own decoder of opcodes reads the stream; what they do is done here, with plain containers for containers, the
shape of a tensor for a tensor, and a name for everything else. So there is nothing in a pickle that could act.
"""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from paramlint.source.checkpoints.header import CheckpointError, Shape

#: Of one pickle: 20,000 tensors take 6 MB. Their values are kept elsewhere.
MAX_BYTES = 8 << 20
#: What its objects may take, estimated; a state dict of 12,000 tensors keeps within it.
MAX_MEMORY = 40 << 20
#: Opcodes; 20,000 tensors take 800,000.
MAX_STEPS = 1_500_000
#: Of a line in the old text form, so that no number takes long to read; and of one text or number.
_MAX_LINE = 64 << 10
_MAX_PIECE = 4 << 20
_MAX_DIMENSIONS = 64
_MAX_OPAQUE_NAMES = 20


class CorruptError(CheckpointError):
    """A pickle that cannot be decoded."""

    def __init__(self) -> None:
        super().__init__("is corrupt: its list of names cannot be read")


class Opaque:
    """Something that only running code would make.

    Attributes:
        name: the class or function, as `module.name`.
        state: what it would be given.
    """

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: object = None


class Global(Opaque):
    """A class or function itself."""


class Tensor:
    """A tensor: its shape."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


class Mapping(dict[Any, Any]):
    """A dict, which may have been given attributes."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        super().__init__()
        self.state: object = None


class Bounded:
    """A stream of which only so many bytes are read, in lines that are not too long."""

    def __init__(self, stream: BinaryIO, limit: int = MAX_BYTES) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int) -> bytes:
        """So many bytes, or what is left."""
        if size > min(self._left, _MAX_PIECE):
            limit = min(MAX_BYTES, _MAX_PIECE if size > _MAX_PIECE else MAX_BYTES)
            raise CheckpointError(f"has a list of names, or one thing in it, of more than {limit >> 20} MiB")
        self._left -= size
        return self._stream.read(size)

    def readline(self) -> bytes:
        """One line."""
        line = self._stream.readline(_MAX_LINE)
        if len(line) == _MAX_LINE:
            raise CorruptError
        self._left -= len(line)
        return line


class Records:
    """Reads one pickle from a stream.

    Attributes:
        opaque: names of what would have been called or made, some of them.
    """

    def __init__(self, stream: Bounded) -> None:
        self._stream = stream
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._memory = 0
        self.opaque: dict[str, None] = {}

    def load(self) -> object:
        """The object.

        Raises:
            CheckpointError: it is broken, too large, or uses what no state dict does.
        """
        try:
            for steps, (opcode, argument, _) in enumerate(pickletools.genops(self._stream)):  # type: ignore[arg-type]
                if steps > MAX_STEPS:
                    raise CheckpointError(f"has a list of names that takes more than {MAX_STEPS:,} steps to read")
                if opcode.name == "STOP":
                    return self._stack.pop()
                self._do(opcode.name, argument)
        except CheckpointError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise CorruptError from error
        raise CorruptError

    def _do(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self._push(argument, 24 + sys.getsizeof(argument))
        elif name in _BYTES:
            self._push(Opaque("bytes"), 64)
        elif name in _PUTS:
            self._spend(140)
            self._memo[len(self._memo) if name == "MEMOIZE" else argument] = self._stack[-1]
        elif name in _GETS:
            self._push(self._memo[argument], 8)
        elif name in _OPERATIONS:
            _OPERATIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise CheckpointError(f"uses what no checkpoint does (the opcode {name}): nothing of it was run")

    def _spend(self, size: int) -> None:
        self._memory += size
        if self._memory > MAX_MEMORY:
            raise CheckpointError(f"has a list of names that would take more than {MAX_MEMORY >> 20} MiB of memory")

    def _push(self, value: object, size: int) -> None:
        self._spend(size)
        self._stack.append(value)

    def _marked(self) -> list[Any]:
        """What was put on the stack since the last mark."""
        start = self._marks.pop()
        found = self._stack[start:]
        del self._stack[start:]
        return found

    # What the opcodes do

    def _mark(self, _: object) -> None:
        self._spend(48)
        self._marks.append(len(self._stack))

    def _pop(self, _: object) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def _tuple(self, count: int | None) -> None:
        found = tuple(self._marked()) if count is None else tuple(self._stack[len(self._stack) - count :])
        if count:
            del self._stack[-count:]
        self._push(found, 72 + 8 * len(found))

    def _list(self, _: object) -> None:
        self._push(self._marked(), 100)

    def _append(self, items: list[Any]) -> None:
        self._spend(8 * len(items))
        if isinstance(target := self._stack[-1], list):
            target += items

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Mapping):
            self._spend(50 * len(items))
            for key, value in zip(items[::2], items[1::2], strict=True):
                target[key if isinstance(key, (str, int, float, type(None))) else Opaque("key")] = value

    def _dict(self, _: object) -> None:
        items = self._marked()
        self._push(Mapping(), 100)
        self._set_items(items)

    def _global(self, name: str) -> None:
        self._push(Global(name), 100 + len(name))

    def _made(self, called: object, arguments: object) -> None:
        """What a call would give."""
        rebuild = _REBUILDERS.get(called.name) if isinstance(called, Global) else None
        value = rebuild(arguments) if rebuild is not None else None
        if value is None:
            value = Opaque(called.name if isinstance(called, Opaque) else "something")
            if len(self.opaque) < _MAX_OPAQUE_NAMES:
                self.opaque[value.name] = None
        self._push(value, 100)
        if isinstance(value, Mapping):
            self._set_items([part for pair in _pairs(arguments) for part in pair])

    def _reduce(self, _: object) -> None:
        arguments = self._stack.pop()
        self._made(self._stack.pop(), arguments)

    def _new_with_keywords(self, _: object) -> None:
        del self._stack[-1]
        self._reduce(None)

    def _instance(self, name: str) -> None:
        self._made(Global(name.replace(" ", ".")), tuple(self._marked()))

    def _object(self, _: object) -> None:
        called, *arguments = self._marked()
        self._made(called, tuple(arguments))

    def _build(self, _: object) -> None:
        state = self._stack.pop()
        if isinstance(target := self._stack[-1], (Opaque, Mapping)):
            target.state = state

    def _storage(self, _: object) -> None:
        self._stack.pop()
        self._push(Opaque("storage"), 64)

    def _global_of_names(self, _: object) -> None:
        name = self._stack.pop()
        self._global(f"{self._stack.pop()}.{name}")


_Operation = Callable[[Records, Any], None]


def _pairs(arguments: object) -> list[tuple[object, object]]:
    """What an `OrderedDict` is made of: pairs, in the oldest pickles."""
    given = arguments[0] if isinstance(arguments, tuple) and arguments else ()
    return [(pair[0], pair[1]) for pair in given] if isinstance(given, (list, tuple)) else []


def _is_shape(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) <= _MAX_DIMENSIONS
        and all(type(size) is int and 0 <= size < 1 << 63 for size in value)
    )


def _shape_at(place: int) -> Callable[[Any], object]:
    """A tensor that is made of its parts, of which one is its shape."""

    def rebuild(arguments: Any) -> object:
        if not _is_shape(arguments[place]):
            raise CorruptError
        return Tensor(arguments[place])

    return rebuild


def _first(arguments: Any) -> object:
    """What is made of another tensor: a parameter."""
    return arguments[0] if isinstance(arguments[0], Tensor) else None


def _of_type(arguments: Any) -> object:
    """A tensor of a class of its own, which is made as one without is."""
    rebuild = _REBUILDERS.get(arguments[0].name)
    return rebuild(arguments[2]) if rebuild is not None else None


#: What the names and shapes of a state dict need. Everything else is only named.
_REBUILDERS: dict[str, Callable[[Any], object]] = {
    "collections.OrderedDict": lambda _: Mapping(),
    "torch.Size": lambda arguments: arguments[0],
    "torch._utils._rebuild_tensor": _shape_at(2),
    "torch._utils._rebuild_tensor_v2": _shape_at(2),
    "torch._utils._rebuild_tensor_v3": _shape_at(2),
    "torch._utils._rebuild_qtensor": _shape_at(2),
    "torch._utils._rebuild_meta_tensor_no_storage": _shape_at(1),
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _of_type,
}

_CONSTANTS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
     "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
)  # fmt: skip
_BYTES = frozenset({"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"})
_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
_OPERATIONS: dict[str, _Operation] = {
    "NONE": lambda records, _: records._push(None, 8),
    "NEWTRUE": lambda records, _: records._push(True, 8),
    "NEWFALSE": lambda records, _: records._push(False, 8),
    "MARK": Records._mark,
    "POP": Records._pop,
    "POP_MARK": lambda records, _: records._marked().clear(),
    "DUP": lambda records, _: records._push(records._stack[-1], 8),
    "EMPTY_TUPLE": lambda records, _: records._push((), 8),
    "TUPLE": Records._tuple,
    "TUPLE1": lambda records, _: records._tuple(1),
    "TUPLE2": lambda records, _: records._tuple(2),
    "TUPLE3": lambda records, _: records._tuple(3),
    "EMPTY_LIST": lambda records, _: records._push([], 100),
    "LIST": Records._list,
    "APPEND": lambda records, _: records._append([records._stack.pop()]),
    "APPENDS": lambda records, _: records._append(records._marked()),
    "EMPTY_DICT": lambda records, _: records._push(Mapping(), 100),
    "DICT": Records._dict,
    "SETITEM": lambda records, _: records._set_items([*reversed((records._stack.pop(), records._stack.pop()))]),
    "SETITEMS": lambda records, _: records._set_items(records._marked()),
    "EMPTY_SET": lambda records, _: records._push(Opaque("set"), 64),
    "ADDITEMS": lambda records, _: records._marked().clear(),
    "FROZENSET": lambda records, _: records._push(Opaque(f"frozenset of {len(records._marked())}"), 64),
    "GLOBAL": lambda records, name: records._global(name.replace(" ", ".")),
    "STACK_GLOBAL": Records._global_of_names,
    "REDUCE": Records._reduce,
    "NEWOBJ": Records._reduce,
    "NEWOBJ_EX": Records._new_with_keywords,
    "INST": Records._instance,
    "OBJ": Records._object,
    "BUILD": Records._build,
    "PERSID": lambda records, _: records._push(Opaque("storage"), 64),
    "BINPERSID": Records._storage,
}
