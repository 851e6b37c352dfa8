"""When a function that calls itself is followed on: while what it is given shrinks, towards leaves or zero."""

from __future__ import annotations

from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_DEPTH, MAX_RECURSION
from paramlint.symbolic.values import Arguments, Choice, Constant, Function, Instance, Value


def is_too_deep(run: Interpreter, function: Function, arguments: Arguments) -> bool:
    """Whether a call is one too many inside others."""
    if len(run.frames) >= MAX_DEPTH:
        return True
    inside = [frame for frame in run.frames if frame.node is function.node]
    return len(inside) > MAX_RECURSION and not _shrinks(run, inside[-1], arguments)


def _shrinks(run: Interpreter, before: Frame, arguments: Arguments) -> bool:
    """Whether an argument is a part of the module that the call before was given, or a smaller number."""
    if before.given is None:
        return False
    pairs = [
        *zip(before.given.positional, arguments.positional, strict=False),
        *((before.given.keywords[name], arguments.keywords[name])
          for name in before.given.keywords.keys() & arguments.keywords.keys()),
    ]  # fmt: skip
    if any(isinstance(one, Constant) and isinstance(other, Constant) and _is_less(other, one) for one, other in pairs):
        return True
    modules = [one for one in arguments.values() if isinstance(one, Instance) and one.is_module]
    wholes = [one for one in before.given.values() if isinstance(one, Instance) and one.is_module]
    return any(_holds(whole, module) for whole in wholes for module in modules)


def _is_less(one: Constant, other: Constant) -> bool:
    return type(one.value) is int and type(other.value) is int and 0 <= one.value < other.value


def _holds(whole: Instance, module: Instance) -> bool:
    """Whether a module is a child of another."""
    held: list[Value] = [value for cell in whole.attributes.values() for _, value in cell]
    held += [row.value for row in whole.items.rows] if whole.items is not None else []
    return any(
        value is module or (isinstance(value, Choice) and any(one is module for _, one in value.options))
        for value in held
    )
