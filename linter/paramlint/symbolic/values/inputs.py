"""What the result of a call may have been computed from, among what the call was given; and what leaves no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Dictionary,
    Instance,
    Item,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
)

#: Functions and methods that combine two tensors: what is not known of the second may be one.
BINARY = frozenset(
    {"add", "sub", "mul", "div", "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "lerp", "where", "minimum",
     "maximum", "dot", "mv", "outer", "gather", "masked_scatter", "index_put", "cdist", "linear", "bilinear"}
)  # fmt: skip
#: Items of a sequence, and sequences in sequences, that are gone through.
_MOST_ITEMS = 32
_DEEPEST = 3


def inputs_of(arguments: Arguments, short: str = "") -> list[Value]:
    """The tensors and modules that a function of torch is given, in containers and by a condition too.

    What is not known is among them where it may be a tensor: the first argument, what stands in containers, both
    sides of what combines two.
    """
    found: list[Value] = []
    for place, value in enumerate(arguments.values()):
        may_be = place == 0 or short in BINARY
        found += [one for one in _flat(value) if may_be or not isinstance(one, (Unknown, SequenceValue, Dictionary))]
    return found


def tensors_in(values: Sequence[Value]) -> list[TensorValue]:
    """The tensors among values, in containers and by a condition too."""
    return [one for value in values for one in _flat(value) if isinstance(one, TensorValue)]


def _flat(value: Value | Item, depth: int = 0) -> Iterator[Value]:
    for _, one in alternatives(value.value if isinstance(value, Item) else value):
        if isinstance(one, SequenceValue):
            if depth < _DEEPEST:
                for row in one.items.rows[:_MOST_ITEMS]:
                    yield from _flat(row.value, depth + 1)
            if not one.items.known:
                yield one
        elif isinstance(one, (TensorValue, Instance, Unknown, Dictionary)):
            yield one


_ZEROS = frozenset({"zeros", "zeros_like", "new_zeros"})


def clears_gradient(value: Value) -> bool:
    """Whether nothing is left of a gradient whose place a value takes: None, or zeros."""
    return value == NONE or (isinstance(value, TensorValue) and value.factory.rpartition(".")[2] in _ZEROS)
