"""Whether two sizes or figures are the same for all arguments, found out by computing both for some."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Any

Figure = int | float
#: Atoms of a formula that is computed; more are not told.
_MOST_ATOMS = 8
_CLOSE = 1e-9
#: Figures larger than this are not computed.
_LARGEST = 1e15


class Verdict(Enum):
    """The answer to whether two things are the same."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class NotComputedError(Exception):
    """A formula, or a figure in it, that is not computed here."""


def compared(
    old: object, new: object, arguments: Collection[str], bound: Mapping[str, Figure] | None = None
) -> Verdict:
    """Compare two formulas.

    They are the same where they are for all values that are tried, and different where they differ for all: sizes that
    divide each other, and such that do not. What is computed from something that is no argument of both differs only
    where both are computed from it.

    Args:
        old, new: figures, or texts of Python expressions.
        arguments: the names that stand for the same value in both.
        bound: values of some of them.
    """
    if isinstance(old, bool) or isinstance(new, bool) or old is None or new is None:
        plain = {type(old), type(new)} <= {bool, int, float, type(None)}
        return Verdict.SAME if old == new else Verdict.DIFFERENT if plain else Verdict.UNKNOWN
    if old == new and type(old) is type(new):
        return Verdict.UNKNOWN if "..." in str(old) else Verdict.SAME
    try:
        one, other = Formula(old), Formula(new)
    except NotComputedError:
        return Verdict.UNKNOWN
    if one.text is not None and other.text is not None:
        return Verdict.SAME if one.text == other.text else Verdict.DIFFERENT
    foreign = {atom for atom in one.atoms ^ other.atoms if atom not in arguments}
    atoms = sorted(one.atoms | other.atoms)
    if len(atoms) > _MOST_ATOMS:
        return Verdict.UNKNOWN
    found = set()
    for values in _trials(atoms):
        values |= bound or {}
        try:
            found.add(math.isclose(one.value(values), other.value(values), rel_tol=_CLOSE, abs_tol=_CLOSE))
        except NotComputedError:
            return Verdict.UNKNOWN
    if found == {True}:
        return Verdict.SAME
    return Verdict.DIFFERENT if found == {False} and not foreign else Verdict.UNKNOWN


def _trials(atoms: list[str]) -> list[dict[str, Figure]]:
    """Values for the atoms: powers of two in both orders, numbers without common divisors, all small."""
    count = len(atoms)
    powers = [2 ** (3 + 2 * place) for place in range(count)]
    primes = [7, 11, 13, 17, 19, 23, 29, 31, 37, 41][:count]
    rows = [powers, powers[::-1], primes, primes[::-1], [6 * prime for prime in primes], [96] * count]
    return [dict(zip(atoms, row, strict=True)) for row in rows]


class Formula:
    """A figure, or the text of an expression that gives one.

    Attributes:
        atoms: what it is computed from: names, attributes, items, calls of functions that are not computed.
        text: what it says where it is a text in the code itself: `'fan_out'`.

    Raises:
        NotComputedError: it is no Python, or was cut off.
    """

    def __init__(self, said: object) -> None:
        text = repr(said) if isinstance(said, (int, float)) else str(said)
        if "..." in text:
            raise NotComputedError
        try:
            self._node = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise NotComputedError from None
        self.atoms: set[str] = set()
        self.text = (
            self._node.value if isinstance(self._node, ast.Constant) and isinstance(self._node.value, str) else None
        )
        if self.text is None:
            self._collect(self._node)

    def _collect(self, node: ast.expr) -> None:
        if isinstance(node, ast.BinOp):
            self._collect(node.left)
            self._collect(node.right)
        elif isinstance(node, ast.UnaryOp):
            self._collect(node.operand)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _FUNCTIONS and not node.keywords:
            for argument in node.args:
                self._collect(argument)
        elif not isinstance(node, ast.Constant):
            self.atoms.add(ast.unparse(node))

    def value(self, values: Mapping[str, Figure]) -> Figure:
        """Its value for values of its atoms.

        Raises:
            NotComputedError: it is not computed here.
        """
        try:
            found: Any = self._value(self._node, values)
            if isinstance(found, bool) or not isinstance(found, (int, float)) or abs(found) > _LARGEST:
                raise NotComputedError
        except (ArithmeticError, ValueError, TypeError, RecursionError):
            raise NotComputedError from None
        return found

    def _value(self, node: ast.expr, values: Mapping[str, Figure]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            left, right = self._value(node.left, values), self._value(node.right, values)
            if isinstance(node.op, ast.Pow) and (abs(right) > 64 or abs(left) > _LARGEST):
                raise NotComputedError
            return _OPERATIONS[type(node.op)](left, right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = self._value(node.operand, values)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _FUNCTIONS and not node.keywords:
            return _FUNCTIONS[ast.unparse(node.func)](*(self._value(argument, values) for argument in node.args))
        text = ast.unparse(node)
        if text not in values:
            raise NotComputedError
        return values[text]


_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "float": float,
    "int": int,
    "max": max,
    "min": min,
    "round": round,
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "math.log": math.log,
    "math.log2": math.log2,
    "math.sqrt": math.sqrt,
}


def is_larger(one: object, other: object) -> bool | None:
    """Whether a formula gives more than another, whatever the values; None where it gives less for some."""
    try:
        first, second = Formula(one), Formula(other)
        atoms = sorted(first.atoms | second.atoms)
        found = {first.value(values) > second.value(values) for values in _trials(atoms[:_MOST_ATOMS])}
    except NotComputedError:
        return None
    return found.pop() if len(found) == 1 else None
