"""How many elements there are of a tensor, and along which dimensions, as the code says it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    Arguments,
    Choice,
    Constant,
    Item,
    SequenceValue,
    Shape,
    TensorValue,
    Unknown,
    Value,
    small_constants,
)

#: Functions that give a number, and names of what is no number but values.
_GIVES_NUMBER = re.compile(r"(?:int|len|max|min|sum|round|math\.\w+)")
_VALUES = re.compile(r"(?:weights?|array|data|vectors?|values?|embeddings?|matrix|mean|std|init|table|tensor)$")


def is_data_given(run: Interpreter, value: Value | None) -> bool:
    """Whether the one argument of `torch.Tensor(x)` is data to copy, as far as is known, and no size."""
    if not isinstance(value, Unknown):
        return isinstance(value, (SequenceValue, TensorValue))
    called = re.findall(r"([\w.]+)\(", value.text)
    if not is_number(run, value) or "[" in value.text or not all(map(_GIVES_NUMBER.fullmatch, called)):
        return True
    return any(map(_VALUES.search, re.findall(r"[\w.]+", value.text)))


def shape_of(run: Interpreter, sizes: Sequence[Value | Item | None], arguments: Arguments) -> Shape | None:
    """The shape that `f(2, n)`, `f((2, n))` or `f(*sizes)` says; None where the number of sizes is not known."""
    if arguments.unknown_positional:
        return None
    found: list[Value] = []
    for size in sizes:
        if isinstance(size, Item):
            if size.guard or size.loops:
                return None
            size = size.value
        if isinstance(size, SequenceValue):
            if size.items.plain is None:
                return None
            found.extend(size.items.plain)
        elif isinstance(size, Constant) and isinstance(size.value, (int, tuple)) and not isinstance(size.value, bool):
            found.extend(map(Constant, size.value)) if isinstance(size.value, tuple) else found.append(size)
        elif isinstance(size, Unknown):
            if len(sizes) > 1:
                run.numbers.add(size.text)
            found.append(size)
        elif isinstance(size, Choice) and all(_is_size(v) for _, v in size.options):
            found.append(size)
        else:
            return None
    return tuple(found)


def _is_size(value: Value) -> bool:
    return isinstance(value, Unknown) or (isinstance(value, Constant) and isinstance(value.value, int))


def known_shape(run: Interpreter, tensor: TensorValue) -> Shape | None:
    """The shape of a tensor; None where it, or the number of its sizes, is not known: `torch.empty(size)`."""
    shape = tensor.shape
    if shape is not None and len(shape) == 1 and isinstance(shape[0], Unknown) and not is_number(run, shape[0]):
        return None
    return shape


def is_number(run: Interpreter, value: Unknown) -> bool:
    """Whether something unknown is one number, as far as its text and what is done with it say."""
    if value.text in run.numbers or value.annotation in ("int", "builtins.int"):
        return True
    if value.default is not None and isinstance(value.default.value, int):
        return True
    return any(sign in value.text for sign in (" * ", " // ", " + ", " - ")) or value.text.startswith(_NUMBERS)


_NUMBERS = ("len(", "int(", "max(", "min(")


def arange_shape(arguments: Arguments) -> Shape | None:
    values = arguments.positional
    if len(values) == 1 and isinstance(values[0], Value) and not isinstance(values[0], Item):
        return (values[0],)
    ends = [v.value for v in values if isinstance(v, Constant) and isinstance(v.value, int)]
    between = small_constants.range_of(ends) if len(ends) == len(values) else None
    if between is not None:
        return (Constant(len(between)),)
    return (Unknown("arange"),)
