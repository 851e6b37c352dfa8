"""Arguments of a class that its checkpoint tells: sizes, numbers of blocks, and parts that are there or not."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction

from paramlint.source.checkpoints.header import Shape
from paramlint.symbolic.showing.matching.expected import Expected

#: Of an expression that is solved.
_MAX_LENGTH = 100
_HOLE = re.compile(r"\{([^{}]*)\}")


def solved(expected: Expected, tensors: Mapping[str, Shape], names: Collection[str]) -> dict[str, object]:
    """Values of arguments with which the names and shapes of the model are those of the file.

    Args:
        expected: what the model expects, with these arguments unknown.
        tensors: the file.
        names: of the arguments that are asked for. One of which two places say different things is left out.
    """
    votes: dict[str, set[object]] = {}
    for name, value in (*_sizes(expected, tensors), *_counts(expected, tensors)):
        for argument, solution in _solutions(name, value):
            votes.setdefault(argument, set()).add(solution)
    for argument, is_there in _conditions(expected, tensors):
        votes.setdefault(argument, {is_there})
    return {name: found.pop() for name, found in votes.items() if name in names and len(found) == 1}


def _sizes(expected: Expected, tensors: Mapping[str, Shape]) -> Iterator[tuple[str, int]]:
    """Expressions in shapes, and the sizes that they are in the file."""
    for name, shape in tensors.items():
        for row in expected.of_name(name):
            sizes = row.row.shape
            if sizes is not None and len(sizes) == len(shape):
                yield from ((size, n) for size, n in zip(sizes, shape, strict=True) if isinstance(size, str))


def _counts(expected: Expected, tensors: Mapping[str, Shape]) -> Iterator[tuple[str, int]]:
    """What counts the rounds of a loop, and how many of them are in the file."""
    for pattern, row in expected.patterns:
        holes = _HOLE.findall(row.row.name)
        found = [match.groups() for match in map(pattern.fullmatch, tensors) if match is not None]
        for place, hole in enumerate(holes):
            numbers = {int(groups[place]) for groups in found if groups[place].isdecimal()}
            if numbers and numbers == {*range(len(numbers))} and len(holes) == 1:
                yield hole, len(numbers)


def _conditions(expected: Expected, tensors: Mapping[str, Shape]) -> Iterator[tuple[str, bool]]:
    """Arguments that are conditions themselves, and whether what they are conditions of is in the file."""
    seen: dict[tuple[str, bool], bool] = {}
    for name, rows in expected.rows.items():
        conditions = [row.row.condition for row in rows if row.is_saved and row.row.condition is not None]
        if len(conditions) == len(rows) == 1:
            _note(seen, conditions[0], name in tensors)
    for pattern, row in expected.patterns:
        if row.is_saved and row.row.condition is not None:
            _note(seen, row.row.condition, any(map(pattern.fullmatch, tensors)))
    for argument in dict.fromkeys(name for name, _ in seen):
        with_it, without = seen.get((argument, True)), seen.get((argument, False))
        if with_it is not without:
            yield argument, bool(with_it) if with_it is not None else not without


def _note(seen: dict[tuple[str, bool], bool], condition: str, is_there: bool) -> None:
    name = condition.removeprefix("not ")
    if name.isidentifier():
        key = name, name == condition
        seen[key] = seen.get(key, False) or is_there


def _solutions(text: str, value: int) -> Iterator[tuple[str, int]]:
    """The argument in an expression, and what it must be for the expression to have a value."""
    if len(text) > _MAX_LENGTH:
        return
    try:
        form = _linear(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if form is not None and form[1]:
        factor, name, rest = form
        solution = (value - rest) / factor
        if name and solution.denominator == 1:
            yield name, int(solution)


def _linear(node: ast.expr) -> tuple[Fraction, str, Fraction] | None:
    """An expression as factor * name + rest; None for what is not so simple."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Fraction(0), "", Fraction(node.value)
    if isinstance(node, ast.Name):
        return Fraction(1), node.id, Fraction(0)
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _linear(node.left), _linear(node.right)
    if left is None or right is None or (left[1] and right[1]):
        return None
    name = left[1] or right[1]
    if isinstance(node.op, ast.Add):
        return left[0] + right[0], name, left[2] + right[2]
    if isinstance(node.op, ast.Sub):
        return left[0] - right[0], name, left[2] - right[2]
    if isinstance(node.op, ast.Mult):
        (factor, _, rest), number = (left, right[2]) if left[1] else (right, left[2])
        return factor * number, name, rest * number
    return None
