"""What Python computes of constants, in bounded work: neither what is given nor what comes of it is large."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from paramlint.symbolic.limits import MAX_CONSTANT, NOT_COMPUTED
from paramlint.symbolic.values.immutable import Constant

#: Ends of a range, so that its length is a number that Python counts with.
_MOST_OF_RANGE = 2**60
#: Functions and methods of which the result, or the work, is as large as the number that they are given says.
_AS_LARGE_AS_SAID = frozenset(
    {"pow", "round", "factorial", "comb", "perm", "to_bytes", "product", "combinations", "permutations"}
)
#: Characters of a text times those that each of them may become.
_MOST_REPLACED = 64 * MAX_CONSTANT


def is_small(value: object) -> bool:
    """Whether a value takes no time to compute with: by its length, bits or rounds, and that of what it holds."""
    if isinstance(value, int):
        return value.bit_length() <= MAX_CONSTANT
    if isinstance(value, (str, bytes)):
        return len(value) <= MAX_CONSTANT
    if isinstance(value, range):
        return not value[MAX_CONSTANT:]
    if isinstance(value, (tuple, list)):
        return len(value) <= MAX_CONSTANT and all(map(is_small, value))
    return True


def computed(compute: Callable[..., Any], given: Iterable[Any], name: str = "", **keywords: Any) -> Constant | None:
    """What a function of Python says of small constants, where that is small; None where it cannot be told.

    Args:
        compute: the function.
        given, keywords: its arguments.
        name: its last name.
    """
    plain = [*given, *keywords.values()]
    if not all(map(is_small, plain)) or _multiplies(name, plain):
        return None
    try:
        result = compute(*given, **keywords)
    except NOT_COMPUTED:
        return None
    return Constant(result) if is_small(result) else None


def _multiplies(name: str, given: list[Any]) -> bool:
    """Whether a function makes much of small values."""
    if name == "replace":
        return math.prod(len(x) or 1 for x in given if isinstance(x, (str, bytes))) > _MOST_REPLACED
    return name in _AS_LARGE_AS_SAID and any(isinstance(x, int) and abs(x) > MAX_CONSTANT for x in given)


def range_of(ends: Iterable[Any]) -> range | None:
    """A range of small numbers; None where Python makes none."""
    given = tuple(ends)
    if any(abs(end) > _MOST_OF_RANGE for end in given):
        return None
    try:
        return range(*given)
    except (TypeError, ValueError):
        return None
