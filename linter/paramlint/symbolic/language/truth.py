"""Where a test is true and where it is false, as guards: what comparisons say, and what is only known by its text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections.containers import go_through, use_up
from paramlint.symbolic.collections.texts import begins
from paramlint.symbolic.interpreter import Interpreter, Test, one_of
from paramlint.symbolic.limits import MAX_NESTING, NOT_COMPUTED
from paramlint.symbolic.values import (
    NONE,
    Choice,
    Constant,
    Dictionary,
    Environment,
    External,
    Function,
    Instance,
    Native,
    Object,
    Partial,
    SequenceValue,
    Super,
    Unknown,
    Value,
    alternatives,
    loop_of,
    text_of,
)

_COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Equal": ("==", operator.eq),
    "NotEqual": ("!=", operator.ne),
    "LessThan": ("<", operator.lt),
    "LessThanEqual": ("<=", operator.le),
    "GreaterThan": (">", operator.gt),
    "GreaterThanEqual": (">=", operator.ge),
    "Is": ("is", operator.is_),
    "IsNot": ("is not", operator.is_not),
    "In": ("in", lambda a, b: a in b),
    "NotIn": ("not in", lambda a, b: a not in b),
}
_NEGATED = {"!=": "==", "is not": "is", "not in": "in", ">=": "<", ">": "<="}


def sign_of(kind: str) -> str:
    """How a comparison is written, by the name of its node."""
    return _COMPARISONS[kind][0]


def test(run: Interpreter, node: Any, env: Environment) -> Test:
    """Under which guards an expression is true and false."""
    run.step()
    kind = node.__class__.__name__
    if kind == "UnaryOperation" and node.operator.__class__.__name__ == "Not":
        true, false = test(run, node.expression, env)
        return false, true
    if kind == "BooleanOperation" and run.nesting < MAX_NESTING:
        run.nesting += 1
        try:
            return _boolean_test(run, node, env)
        finally:
            run.nesting -= 1
    run.why_false = ""
    result = _plain_test(run, node, kind, env)
    note(run, node, result)
    return result


def note(run: Interpreter, node: Any, result: Test) -> None:
    """Note what was found out about a condition of the user's code."""
    true, false = result
    if not run.is_torch:
        asked = run.trace.tested(node, run.inside, run.site).data
        asked["ever"] |= true is not None
        asked["always"] &= false is None
        asked["why"] = "" if asked["ever"] else asked["why"] or run.why_false


def _plain_test(run: Interpreter, node: Any, kind: str, env: Environment) -> Test:
    """What no `not`, `and` or `or` joins."""
    if kind == "Comparison" and len(node.comparisons) == 1:
        target = node.comparisons[0]
        left, right = run.evaluate(node.left, env), run.evaluate(target.comparator, env)
        sign = target.operator.__class__.__name__
        result = compare(run, sign, left, right)
        if left.origin is not None or right.origin is not None:
            _note_names(run, node, sign, left, right)
        if sign in ("In", "NotIn"):
            for _, held in alternatives(right):
                if isinstance(held, SequenceValue) and held.is_iterator:  # what is asked has to come to it
                    go_through(run, held, target.comparator)
                    use_up(run, held)
        return result
    if kind == "Comparison":
        values = [run.evaluate(x, env) for x in (node.left, *(t.comparator for t in node.comparisons))]
        result = (ALWAYS, None)
        for target, left, right in zip(node.comparisons, values, values[1:], strict=False):
            one = compare(run, target.operator.__class__.__name__, left, right)
            result = both(run, result, one)
        return result
    value = run.evaluate(node, env)
    if value.origin is not None:
        _note_module(run, node, value)
    return run.truth(value)


def _note_module(run: Interpreter, node: Any, *asked: Value) -> None:
    """Note of which module the name is, that a condition asks about or about a part of."""
    for value in asked:
        source: Value | None = value
        while source is not None and not isinstance(source, Instance):
            source = source.origin
        if source is not None:
            run.trace.tested(node, run.inside, run.site).of = source


def _note_names(run: Interpreter, node: Any, sign: str, left: Value, right: Value) -> None:
    """Note among which texts the whole name of a parameter is looked for, or which parts are looked for in it."""
    _note_module(run, node, left, right)
    asked = run.trace.tested(node, run.inside, run.site)
    if isinstance(left.origin, Instance) and sign in ("In", "NotIn"):
        texts = (_plain_values(right) if isinstance(right, (SequenceValue, Constant)) else None) or ()
        asked.data.setdefault("names", {}).update(dict.fromkeys(texts))
        if isinstance(left, Constant) and left.value in texts:
            asked.data["is_met"] = True
    elif isinstance(right.origin, Instance) and sign == "In" and isinstance(left, Constant):
        asked.data.setdefault("parts", {})[left.value] = getattr(left.origin, "value", "")


def _boolean_test(run: Interpreter, node: Any, env: Environment) -> Test:
    is_and = node.operator.__class__.__name__ == "And"
    true, false = test(run, node.left, env)
    stop, go_on = (false, true) if is_and else (true, false)
    if go_on is None:
        return (None, ALWAYS) if is_and else (ALWAYS, None)
    with run.under(go_on) as is_possible:
        second: Test = test(run, node.right, env) if is_possible else ((ALWAYS, None) if is_and else (None, ALWAYS))
    if stop is None:
        return second
    if is_and:
        return both(run, (true, false), second)
    flipped = both(run, (false, true), (second[1], second[0]))
    return flipped[1], flipped[0]


def both(run: Interpreter, one: Test, other: Test) -> Test:
    """The conjunction of two tests."""
    if one[0] is None or other[0] is None:
        return None, ALWAYS
    true = one[0] & other[0]
    if true is None:
        return None, ALWAYS
    return true, true.negated()


def compare(run: Interpreter, kind: str, left: Value, right: Value) -> Test:
    """The truth of a comparison."""
    if isinstance(left, Choice):
        return _compare_each(run, left, lambda value: compare(run, kind, value, right))
    if isinstance(right, Choice):
        return _compare_each(run, right, lambda value: compare(run, kind, left, value))
    sign = _COMPARISONS[kind][0]
    if sign in _NEGATED:
        true, false = _compare_one(run, _NEGATED[sign], left, right)
        return false, true
    return _compare_one(run, sign, left, right)


def _compare_each(run: Interpreter, value: Choice, one: Callable[[Value], Test]) -> Test:
    trues: list[Guard] = []
    falses: list[Guard] = []
    for guard, alternative in value.options:
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            true, false = one(alternative)
            for found, result in ((trues, true), (falses, false)):
                joined = guard & result if result is not None else None
                if joined is not None:
                    found.append(joined)
    return one_of(trues), one_of(falses)


_DECIDE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "is": operator.is_,
    "<": operator.lt,
    "<=": operator.le,
    "in": lambda a, b: a in b,
}


def _compare_one(run: Interpreter, sign: str, left: Value, right: Value) -> Test:
    from paramlint.symbolic.external.instance_tests import note_compared, why_never

    left, right = _by_guard(run, left, sign), _by_guard(run, right, sign)
    known = _compared(sign, left, right)
    run.why_false = why_never(run, sign, left, right) if known is None else ""
    if known is not None or run.why_false:
        return (ALWAYS, None) if known else (None, ALWAYS)
    if sign == "in" and isinstance(right, (SequenceValue, Constant)) and isinstance(left, Unknown):
        values = _plain_values(right)
        if values is not None:
            return _equality(run, left, values)
    for one, other in ((left, right), (right, left)):
        if sign in ("==", "is") and isinstance(one, Unknown) and isinstance(other, Constant) and _is_plain(other.value):
            return _equality(run, one, [other.value], same=sign == "is" or other.value is None)
    result = run.opaque(f"{text_of(left)} {sign} {text_of(right)}", loop_of(left) or loop_of(right))
    if sign in ("==", "is", "in"):
        note_compared(run, left, right, result[0])
    return result


def _equality(run: Interpreter, value: Unknown, constants: Sequence[object], *, same: bool = False) -> Test:
    """Whether something unknown is one of some constants; a text may be known in part."""
    result = run.equality(value, constants, same=same)
    if result[0] is None and value.pieces:
        run.why_false = begins(value)
    return result


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool, type(None)))


def _plain_values(value: SequenceValue | Constant) -> list[object] | None:
    """The constants in a container, where all are known and plain."""
    if isinstance(value, Constant):
        found: list[object] = list(value.value) if isinstance(value.value, tuple) else [None, ...]
    else:
        plain = value.items.plain
        found = [v.value if isinstance(v, Constant) else ... for v in plain] if plain is not None else [...]
    return found if all(map(_is_plain, found)) else None


def _by_guard(run: Interpreter, value: Value, sign: str) -> Value:
    """A value of which the guard says what constant it is."""
    if isinstance(value, Unknown):
        for guard in (run.guard, run.assumed):
            known = guard.constant(value.text, value.loop)
            if known is not None and not (sign == "is" and known[1] in (0, 1)):
                return Constant(known[1])
    return value


#: Values that are equal only where they are the same.
_OF_ONE_NAME = (Constant, ClassValue, External, Function)


def _compared(sign: str, left: Value, right: Value) -> bool | None:
    if isinstance(left, Constant) and isinstance(right, Constant):
        if sign == "in" and isinstance(right.value, range) and not isinstance(left.value, int):
            return None  # Python looks at each of its numbers
        try:
            if sign == "is":
                return type(left.value) is type(right.value) and left.value == right.value
            return bool(_DECIDE[sign](left.value, right.value))
        except NOT_COMPUTED:
            return None
    if sign == "in" and isinstance(left, Constant) and isinstance(left.value, str) and isinstance(right, Unknown):
        return True if any(left.value in piece for piece in right.pieces) else None
    if sign in ("==", "is"):
        if left == right and not (isinstance(left, Unknown) and "#" in left.text):
            return True
        for one, other in ((left, right), (right, left)):
            if other == NONE and isinstance(one, (Object, Function, External, Partial, Native, Super)):
                if isinstance(one, External) or not (isinstance(one, Instance) and not one.made):
                    return False
            if other == NONE and one.__class__.__name__ in ("ClassValue", "FileValue"):
                return False
        if sign == "is" and isinstance(left, Object) and isinstance(right, Object):
            return left is right
        names = {c.__class__.__name__ for c in (left, right)}
        if names <= {"ClassValue", "External", "Function"} and left.__class__ is right.__class__:
            return left is right or left == right or getattr(left, "node", left) is getattr(right, "node", right)
        if names == {"ClassValue", "External"}:
            return False
        if isinstance(left, SequenceValue) and isinstance(right, SequenceValue):
            mine, others = left.items.plain, right.items.plain
            if mine is not None and others is not None and all(isinstance(v, Constant) for v in (*mine, *others)):
                return mine == others
        for one, other in ((left, right), (right, left)):
            if isinstance(one, (SequenceValue, Dictionary)) and isinstance(other, Constant):
                if isinstance(other.value, (str, bytes, int, float)):
                    return False
    if sign == "in" and isinstance(right, SequenceValue):
        plain = right.items.plain
        if plain is not None:
            if any(v == left and isinstance(v, Constant) for v in plain) or any(v is left for v in plain):
                return True
            if isinstance(left, _OF_ONE_NAME) and all(isinstance(v, _OF_ONE_NAME) for v in plain):
                return False
            if isinstance(left, Instance) and all(isinstance(v, (Instance, *_OF_ONE_NAME)) for v in plain):
                return False
        elif isinstance(left, Constant) and right.items.known:
            rows = [row for row in right.items.rows if row.value == left or not isinstance(row.value, Constant)]
            return False if not rows else True if any(r.value == left and not r.guard for r in rows) else None
    if sign == "in" and isinstance(right, Dictionary) and isinstance(left, Constant):
        try:
            if left.value in right.cells and not right.cells[left.value][0][0]:
                return True
            if right.known and not right.rest and left.value not in right.cells:
                return False
        except TypeError:
            return None
    if sign == "in" and isinstance(right, Instance) and right.container and isinstance(left, Constant):
        assert right.items is not None
        keys = [row.key for row in right.items.rows]
        if any(key == left and not row.guard for key, row in zip(keys, right.items.rows, strict=True)):
            return True
        if right.items.known and all(isinstance(key, Constant) and key != left for key in keys):
            return False
    return None
