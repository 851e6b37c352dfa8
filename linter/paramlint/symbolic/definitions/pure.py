"""Functions of constants that give a constant, and change nothing: the same call is interpreted once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from paramlint.model.event import Event
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    External,
    Function,
    Item,
    Object,
    Partial,
    SequenceValue,
    Value,
)

_DEEPEST = 4


def once(run: Interpreter, function: Function, arguments: Arguments, act: Callable[[], Value]) -> Value:
    """The result of a call: that of one before, where it was the same and nothing but its result came of it.

    Args:
        run: the run.
        function: what is called.
        arguments: with what.
        act: calls it.
    """
    key = _key_of_call(run, function, arguments)
    if key is None:
        return act()
    known = run.memo.get(key)
    if known is not None:
        result: Value = known
        return result
    before, event, number = _state(run), len(run.trace.events), Object().number
    result = act()
    # What gives nothing is called for what it does, if only to a container at module level.
    is_pure = before == _state(run) and all(_is_of_its_own(one, number) for one in run.trace.events[event:])
    if is_pure and result != NONE and _key(result) is not None:
        run.memo[key] = result
    return result


def _state(run: Interpreter) -> tuple[Hashable, ...]:
    return len(run.instances), len(run.tensors), run.assumed, run.global_writes


def _is_of_its_own(event: Event, number: int) -> bool:
    """Whether something happened to a container that is newer than a number."""
    return isinstance(event.of, (Dictionary, SequenceValue)) and event.of.number > number


def _key_of_call(run: Interpreter, function: Function, arguments: Arguments) -> Hashable | None:
    if function.env is not None or function.bound is not None or arguments.unknown or arguments.spread:
        return None
    given: list[Hashable] = []
    for value in arguments.positional:
        key = _key(value) if isinstance(value, Value) else None
        if key is None:
            return None
        given.append(key)
    for name, value in arguments.keywords.items():
        key = _key(value)
        if key is None:
            return None
        given.append((name, key))
    # What a stub gives is up to its arguments alone.
    return "call", id(function.node), ALWAYS if function.place.file.is_stub else run.guard, tuple(given)


def _key(value: Value, depth: int = 0) -> Hashable | None:
    """What tells a value that cannot change from others; None for what can, or is not known."""
    if isinstance(value, (External, ClassValue)):
        return value
    if isinstance(value, Constant):
        try:
            hash(value)
        except TypeError:
            return None
        return value
    if isinstance(value, Function):
        return value if value.env is None and value.bound is None else None
    if depth >= _DEEPEST:
        return None
    if isinstance(value, SequenceValue):
        plain = value.items.plain if value.kind == "tuple" and value.fill is None else None
        return _keys(plain, depth) if plain is not None else None
    if isinstance(value, Partial) and not value.arguments.unknown:
        names = tuple(value.arguments.keywords)
        inner = [value.function, *value.arguments.positional, *value.arguments.keywords.values()]
        keys = _keys(inner, depth)
        return (names, keys) if keys is not None else None
    return None


def _keys(values: Sequence[Value | Item], depth: int) -> Hashable | None:
    keys = [_key(one, depth + 1) if isinstance(one, Value) else None for one in values]
    return None if any(key is None for key in keys) else ("tuple", *keys)
