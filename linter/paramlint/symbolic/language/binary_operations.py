"""Operations on two values: computed where both are constants, a formula where one is unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sized
from typing import Any

from paramlint.symbolic.collections import containers, texts
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library import module_containers, tensors
from paramlint.symbolic.limits import MAX_CONSTANT
from paramlint.symbolic.values import (
    Constant,
    Dictionary,
    Instance,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    formulas,
    loop_of,
    small_constants,
    text_of,
)

_BINARY: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Add": ("+", operator.add),
    "Subtract": ("-", operator.sub),
    "Multiply": ("*", operator.mul),
    "Divide": ("/", operator.truediv),
    "FloorDivide": ("//", operator.floordiv),
    "Modulo": ("%", operator.mod),
    "Power": ("**", operator.pow),
    "MatrixMultiply": ("@", operator.matmul),
    "BitAnd": ("&", operator.and_),
    "BitOr": ("|", operator.or_),
    "BitXor": ("^", operator.xor),
    "LeftShift": ("<<", operator.lshift),
    "RightShift": (">>", operator.rshift),
}
_TIGHT = frozenset({"*", "/", "//", "%", "**", "@"})


def binary(run: Interpreter, kind: str, left: Value, right: Value, node: Any) -> Value:
    """The value of an operation on two values."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _computed(run, kind, left, right)
    return run.each(left, lambda a: run.each(right, lambda b: _operation(run, kind, a, b, node)))


def _computed(run: Interpreter, kind: str, left: Constant, right: Constant) -> Value:
    sign, compute = _BINARY[kind]
    a: Any = left.value
    b: Any = right.value
    for one, other in ((a, b), (b, a)):
        if sign in ("*", "**", "<<") and isinstance(other, int) and abs(other) > MAX_CONSTANT:
            if not isinstance(one, (int, float)) or sign != "*":
                return run.unknown_call("large")
        if isinstance(one, Sized) and sign == "*" and isinstance(other, int) and len(one) * other > MAX_CONSTANT:
            return run.unknown_call("large")
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() > MAX_CONSTANT:
        return run.unknown_call("large")
    if sign == "**" and isinstance(a, int) and isinstance(b, int) and a.bit_length() * abs(b) > MAX_CONSTANT:
        return run.unknown_call("large")
    if sign == "%" and isinstance(a, (str, bytes)):
        return texts.percent(run, a, right) if isinstance(a, str) else run.unknown_call("text")
    return small_constants.computed(compute, (a, b)) or run.unknown_call("?")


def _operation(run: Interpreter, kind: str, left: Value, right: Value, node: Any) -> Value:
    sign = _BINARY[kind][0]
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _computed(run, kind, left, right)
    if sign == "%" and isinstance(left, Constant) and isinstance(left.value, str):
        return texts.percent(run, left.value, right)
    if sign == "+" and _is_text(left, right):
        return texts.joined(run, [left, right])
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return tensors.arithmetic(run, sign, left, right, node)
    if sign == "*":
        for one, times in ((left, right), (right, left)):
            if isinstance(one, SequenceValue):
                return containers.repeated(run, one, times, node)
    if sign == "+" and isinstance(left, SequenceValue):
        return containers.joined(run, left, right, node)
    if sign == "+" and isinstance(left, Instance) and left.container:
        return module_containers.joined(run, left, right, node)
    if sign == "|" and isinstance(left, Dictionary):
        made = Dictionary(**run.made(node))
        containers.update(run, made, left)
        containers.update(run, made, right)
        return made
    if sign == "|" and isinstance(left, SequenceValue) and left.kind == "set":
        both = containers.joined(run, left, right, node)
        assert isinstance(both, SequenceValue)
        containers.unite(both.items)
        return both
    if sign in _TIGHT or sign == "-":
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Unknown) and not isinstance(other, (SequenceValue, Instance)):
                run.numbers.add(one.text)
    return Unknown(_formula(sign, left, right), loop_of(left) or loop_of(right))


def _is_text(left: Value, right: Value) -> bool:
    """Whether a text is put before or behind something that is not known, and so is one too."""
    one = left if isinstance(left, Constant) else right
    is_text = isinstance(one, Constant) and isinstance(one.value, str)
    return is_text and all(isinstance(side, (Constant, Unknown)) for side in (left, right))


def _formula(sign: str, left: Value, right: Value) -> str:
    if isinstance(right, Constant) and right.value == 1 and sign in ("*", "//"):
        return text_of(left)
    if isinstance(left, Constant) and left.value == 1 and sign == "*":
        return text_of(right)
    if isinstance(right, Constant) and right.value == 0 and sign in ("+", "-"):
        return text_of(left)
    one, other = text_of(left), text_of(right)
    if sign == "*" and isinstance(right, Constant) and not isinstance(left, Constant):
        one, other = other, one
    return formulas.operation(sign, one, other)
