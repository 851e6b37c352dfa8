"""`match`: under which guards a value has the form that a pattern says, and what the names in it stand for."""

from __future__ import annotations

from functools import partial
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.interpreter import Interpreter, Test, one_of
from paramlint.symbolic.values import (
    Arguments,
    Constant,
    Dictionary,
    Environment,
    External,
    Instance,
    Item,
    Items,
    SequenceValue,
    Unknown,
    Value,
    text_of,
)

Bound = list[tuple[str, Value]]


def _named(run: Interpreter, name: str, node: Any, value: Value) -> Value:
    from paramlint.symbolic.definitions.attributes import get_attribute

    return get_attribute(run, value, name, node)


def matches(run: Interpreter, subject: Value, pattern: Any, env: Environment, bound: Bound) -> Test:
    """Under which guards a value matches a pattern and does not; the names that it binds are added to `bound`."""
    run.step()
    kind = pattern.__class__.__name__
    if kind == "MatchAs":
        test: Test = (ALWAYS, None)
        if pattern.pattern is not None:
            test = matches(run, subject, pattern.pattern, env, bound)
        if pattern.name is not None:
            bound.append((pattern.name.value, subject))
        return test
    if kind in ("MatchValue", "MatchSingleton"):
        from paramlint.symbolic.language.truth import compare

        return compare(run, "Equal" if kind == "MatchValue" else "Is", subject, run.evaluate(pattern.value, env))
    if kind == "MatchOr":
        trues = [matches(run, subject, one.pattern, env, bound)[0] for one in pattern.patterns]
        true = one_of([guard for guard in trues if guard is not None])
        return (true, true.negated()) if true is not None else (None, ALWAYS)
    handler = {"MatchList": _sequence, "MatchTuple": _sequence, "MatchMapping": _mapping, "MatchClass": _class}.get(
        kind
    )
    if handler is None:
        return run.opaque(f"case#{run.serial()}")
    return handler(run, subject, pattern, env, bound)


def _all(run: Interpreter, parts: list[tuple[Value, Any]], env: Environment, bound: Bound, known: Guard | None) -> Test:
    """All of some parts match theirs, beside what is known of the whole."""
    for value, pattern in parts:
        true, _ = matches(run, value, pattern, env, bound)
        known = known & true if known is not None and true is not None else None
    return (known, known.negated()) if known is not None else (None, ALWAYS)


def _sequence(run: Interpreter, subject: Value, pattern: Any, env: Environment, bound: Bound) -> Test:
    elements = list(pattern.patterns)
    star = next((i for i, e in enumerate(elements) if e.__class__.__name__ == "MatchStar"), None)
    plain = _plain(subject)
    if plain is None:
        is_other = isinstance(subject, (Constant, Dictionary)) or (isinstance(subject, Instance) and bool(subject.made))
        if is_other and not isinstance(subject, Instance):
            return None, ALWAYS
        true, _ = run.opaque(f"{text_of(subject)} has {len(elements)} parts#{run.serial()}")
        parts = [Unknown(f"{text_of(subject)}[{i}]") for i in range(len(elements))]
        return _parts(run, elements, list(parts), env, bound, true)
    if len(plain) < len(elements) - (star is not None) or (star is None and len(plain) != len(elements)):
        return None, ALWAYS
    values = list(plain)
    if star is not None:
        behind = len(elements) - 1 - star
        middle = [Item(ALWAYS, (), value) for value in plain[star : len(plain) - behind]]
        rest = SequenceValue("list", Items(middle), **run.made(pattern))
        values = [*plain[:star], rest, *plain[len(plain) - behind :]]
    return _parts(run, elements, values, env, bound, ALWAYS)


def _parts(
    run: Interpreter, elements: list[Any], values: list[Value], env: Environment, bound: Bound, known: Guard | None
) -> Test:
    parts: list[tuple[Value, Any]] = []
    for element, value in zip(elements, values, strict=True):
        if element.__class__.__name__ == "MatchStar":
            if element.name is not None:
                bound.append((element.name.value, value))
        else:
            parts.append((value, element.value))
    return _all(run, parts, env, bound, known)


def _plain(subject: Value) -> list[Value] | None:
    if isinstance(subject, SequenceValue) and subject.kind in ("list", "tuple"):
        return subject.items.plain
    if isinstance(subject, Constant) and isinstance(subject.value, (tuple, range)):
        return [Constant(one) for one in subject.value]
    return None


def _mapping(run: Interpreter, subject: Value, pattern: Any, env: Environment, bound: Bound) -> Test:
    parts: list[tuple[Value, Any]] = []
    known: Guard | None = ALWAYS
    if not isinstance(subject, Dictionary):
        if isinstance(subject, (Constant, SequenceValue)):
            return None, ALWAYS
        known, _ = run.opaque(f"{text_of(subject)} has such keys#{run.serial()}")
    for element in pattern.elements:
        key = run.evaluate(element.key, env)
        value: Value = Unknown(f"{text_of(subject)}[{text_of(key)}]")
        if isinstance(subject, Dictionary):
            cell = subject.cells.get(key.value) if isinstance(key, Constant) else None
            held = run.read(cell) if cell else None
            if held is None and subject.known and not subject.rest and isinstance(key, Constant):
                return None, ALWAYS
            if held is None or (cell and not run.guard.implies(one_of([guard for guard, _ in cell]) or ALWAYS)):
                there, _ = run.opaque(f"{text_of(key)} in {text_of(subject)}")
                known = known & there if known is not None and there is not None else None
            value = held or run.unknown_call(f"{text_of(subject)}[{text_of(key)}]")
        parts.append((value, element.pattern))
    if pattern.rest is not None:
        bound.append((pattern.rest.value, run.unknown_call("rest")))
    return _all(run, parts, env, bound, known)


def _class(run: Interpreter, subject: Value, pattern: Any, env: Environment, bound: Bound) -> Test:

    wanted = run.evaluate(pattern.cls, env)
    answer = run.call(External("isinstance"), Arguments([subject, wanted]), pattern)
    known, _ = run.truth(answer)
    if known is None:
        return None, ALWAYS
    if pattern.patterns:
        only = pattern.patterns[0].value
        if (
            len(pattern.patterns) == 1
            and isinstance(wanted, External)
            and wanted.name in ("int", "str", "float", "bool")
        ):
            return _all(run, [(subject, only)], env, bound, known)
        names, _ = run.opaque(f"case#{run.serial()}")
        known = known & names if names is not None else None
        for element in pattern.patterns:
            matches(run, run.unknown_call(f"{text_of(subject)}[...]"), element.value, env, bound)
    parts = []
    for element in pattern.kwds:
        value = run.each(subject, partial(_named, run, element.key.value, pattern))
        parts.append((value, element.pattern))
    return _all(run, parts, env, bound, known)
