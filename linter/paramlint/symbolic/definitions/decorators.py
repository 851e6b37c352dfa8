"""What a decorator makes of a function or class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_DECORATOR_STEPS
from paramlint.symbolic.values import Arguments, Function, Instance, Partial, Value


def decorated(run: Interpreter, held: Value, decorator: Value, node: Any) -> Value:
    """A function or class behind a decorator: itself, where nothing is known of the decorator.

    One that takes many steps, as those that write documentation, is not asked again.
    """
    key = ("decorator", id(decorator.node)) if isinstance(decorator, Function) else None
    if not isinstance(decorator, (Function, Partial, Instance)) or key in run.memo:
        return held
    result = run.at_most(MAX_DECORATOR_STEPS, lambda: run.call(decorator, Arguments([held]), node))
    if result is None and key is not None:
        run.memo[key] = decorator.node  # type: ignore[union-attr]
    if isinstance(result, Function) and isinstance(held, Function) and result.node is not held.node:
        return replace(result, wraps=held)
    return result if isinstance(result, (Function, ClassValue, Partial, Instance)) else held
