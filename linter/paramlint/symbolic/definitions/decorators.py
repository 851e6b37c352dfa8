"""What a decorator makes of a function or class."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import Arguments, Function, Instance, Partial, Value


def decorated(run: Interpreter, held: Value, decorator: Value, node: Any) -> Value:
    """A function or class behind a decorator: itself, where nothing is known of the decorator."""
    if isinstance(decorator, (Function, Partial, Instance)):
        result = run.call(decorator, Arguments([held]), node)
        return result if isinstance(result, (Function, ClassValue, Partial, Instance)) else held
    return held
