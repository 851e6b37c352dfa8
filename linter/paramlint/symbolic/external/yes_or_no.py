"""What Python's own functions answer with yes or no: `callable`, `any`, `all`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paramlint.model.guard import Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections import containers
from paramlint.symbolic.interpreter import Handler, Interpreter, one_of
from paramlint.symbolic.values import (
    FALSE,
    TRUE,
    Arguments,
    Constant,
    Dictionary,
    Function,
    Instance,
    Native,
    Partial,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    text_of,
)


def _callable(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    first = arguments.get(0)
    return run.each(first, lambda one: _is_callable(run, one)) if first is not None else run.unknown_call("callable()")


def _is_callable(run: Interpreter, value: Value) -> Value:
    from paramlint.symbolic.definitions.attributes import get_member

    if isinstance(value, (Function, ClassValue, Partial, Native)):
        return TRUE
    if isinstance(value, (Constant, TensorValue, SequenceValue, Dictionary)):
        return FALSE
    if isinstance(value, Instance) and value.made:
        if value.is_module or get_member(run, value, "__call__") is not None:
            return TRUE
        if value.known:
            return FALSE
    return Unknown(f"callable({text_of(value)})", value.loop if isinstance(value, Unknown) else 0)


def _any(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    tests = _truths(run, arguments, node)
    if tests is None:
        return _unknown("any", arguments)
    return _value(run, one_of([true for true, _ in tests if true is not None]))


def _all(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    tests = _truths(run, arguments, node)
    if tests is None:
        return _unknown("all", arguments)
    answer = _value(run, one_of([false for _, false in tests if false is not None]))
    true, false = run.truth(answer)
    return TRUE if true is None else FALSE if false is None else run.choice([(false, TRUE), (true, FALSE)]) or TRUE


def _truths(run: Interpreter, arguments: Arguments, node: Any) -> list[tuple[Guard | None, Guard | None]] | None:
    """Under which guards each item is there and true, or false; None where these are not all, or one for each round."""
    first = arguments.get(0)
    if not isinstance(first, (SequenceValue, Constant)):
        return None
    items = containers.items_of(run, first, node)
    if not items.known or any(row.loops for row in items.rows):
        return None
    found: list[tuple[Guard | None, Guard | None]] = []
    for row in items.rows:
        with run.under(row.guard) as is_possible:
            if is_possible:
                true, false = run.truth(row.value)
                found.append(tuple(row.guard & one if one is not None else None for one in (true, false)))  # type: ignore[arg-type]
    return found


def _value(run: Interpreter, guard: Guard | None) -> Value:
    if guard is None:
        return FALSE
    true, false = run.literal(guard)
    return FALSE if true is None else TRUE if false is None else run.choice([(true, TRUE), (false, FALSE)]) or TRUE


def _unknown(name: str, arguments: Arguments) -> Value:
    values = arguments.values()
    loop = next((v.loop for v in values if isinstance(v, Unknown) and v.loop), 0)
    return Unknown(f"{name}({', '.join(map(text_of, values))})", loop)


HANDLERS: Mapping[str, Handler] = {"callable": _callable, "any": _any, "all": _all}
