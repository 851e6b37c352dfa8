"""Sizes and shapes of what is read: numbers, or Python expressions over the arguments of what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paramlint.facts.reading import Choice, Const, Derived, Held, Named, Parameter, Part, Result, Thing, Value
from paramlint.facts.reading.values import options

Size = int | str | None
"""A number, an expression, or None for what is not known; the number of rows of a batch is None too."""
Shape = tuple[Size, ...]

_OPERATIONS: dict[str, Callable[[int, int], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
}
_DEEPEST = 20
_LONGEST = 60


def size_of(value: Value | None, shape_of: Callable[[Value], Shape | None], depth: int = 0) -> Size:
    """A value as a size.

    Args:
        value: what the code gives.
        shape_of: the shape of what a layer is called with, for `x.shape[-1]`.
        depth: of expressions inside each other.
    """
    if depth > _DEEPEST:
        return None
    if isinstance(value, Const):
        return value.value if isinstance(value.value, int) and not isinstance(value.value, bool) else None
    if isinstance(value, Parameter):
        return value.name
    if isinstance(value, Choice):
        found = {size_of(one, shape_of, depth + 1) for one in value.options}
        return found.pop() if len(found) == 1 else None
    if isinstance(value, Derived):
        return _computed(value, shape_of, depth)
    if isinstance(value, Result) and isinstance(value.call.func, Named) and value.call.func.name == "int":
        return size_of(value.call.args[0], shape_of, depth + 1) if value.call.args else None
    return _part(value, shape_of, depth) if isinstance(value, Part) else None


def _computed(value: Derived, shape_of: Callable[[Value], Shape | None], depth: int) -> Size:
    if len(value.parts) != 2 or not value.sign:
        return None
    left, right = (size_of(one, shape_of, depth + 1) for one in value.parts)
    if left is None or right is None:
        return None
    if isinstance(left, int) and isinstance(right, int):
        if value.sign not in _OPERATIONS or (right <= 0 and value.sign in ("//", "%")) or abs(right) > 10**6:
            return None
        if value.sign == "**" and not (0 <= right <= 20 and abs(left) < 10**4):
            return None
        result = _OPERATIONS[value.sign](left, right)
        return result if isinstance(result, int) else None
    text = f"{_bracketed(left)} {value.sign} {_bracketed(right)}"
    return text if len(text) <= _LONGEST else None


def _bracketed(size: int | str) -> str:
    return f"({size})" if isinstance(size, str) and " " in size else str(size)


def _part(value: Part, shape_of: Callable[[Value], Shape | None], depth: int) -> Size:
    if value.name.startswith("["):
        place = value.name[1:-1]
        whole = value.owner
        if isinstance(whole, Part) and whole.name == "shape" and place.lstrip("-").isdigit():
            shape = shape_of(whole.owner)
            if shape is not None and "..." in shape:
                return shape[-1] if int(place) == -1 else None
            if shape is not None:
                return shape[int(place)] if -len(shape) <= int(place) < len(shape) else None
        owner = _name(whole, depth)
        return f"{owner}{value.name}" if owner and place else None
    return _name(value, depth)


def _name(value: Value, depth: int) -> str | None:
    """A dotted name over an argument."""
    if isinstance(value, Parameter):
        return value.name
    if isinstance(value, Part) and depth < _DEEPEST and (value.name.isidentifier() or value.name[1:-1]):
        owner = _name(value.owner, depth + 1)
        return f"{owner}.{value.name}" if owner and value.name.isidentifier() else owner and f"{owner}{value.name}"
    return None


def product(sizes: Sequence[Size]) -> Size:
    """All sizes multiplied; None where one is not known."""
    if any(one is None for one in sizes):
        return None
    number = 1
    texts = [_bracketed(one) for one in sizes if isinstance(one, str)]
    for one in sizes:
        number *= one if isinstance(one, int) else 1
    if not texts:
        return number
    text = " * ".join([str(number), *texts] if number != 1 else texts)
    return text if len(text) <= _LONGEST else None


def times(size: Size, number: Size) -> Size:
    """Two sizes multiplied."""
    return product([number, size])


def joined(sizes: Sequence[Size]) -> Size:
    """All sizes added; None where one is not known as a number."""
    numbers = [one for one in sizes if isinstance(one, int)]
    return sum(numbers) if len(numbers) == len(sizes) else None


def sizes_of(value: Value | None, shape_of: Callable[[Value], Shape | None], count: int = 0) -> Shape | None:
    """A tuple of sizes; one size stands for `count` equal ones."""
    if isinstance(value, Held):
        return None if value.each else tuple(size_of(one, shape_of) for one in value.items)
    size = size_of(value, shape_of)
    return (size,) * count if size is not None and count else None


def argument(thing: Thing, name: str, order: Sequence[str]) -> Value | None:
    """What a layer is given for an argument, by its name or place; None where it is left to its default."""
    found = thing.made.argument(name, order.index(name) if name in order else None)
    return next(options(found)) if found is not None and len(list(options(found))) == 1 else found
