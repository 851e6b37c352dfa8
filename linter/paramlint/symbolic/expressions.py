"""Expressions: a small function for each kind of node, found by the name of its class.

The nodes are the same whether `ast` or LibCST has parsed the code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sized
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic import comprehensions, containers, formulas, indexing, module_containers, tensors, texts
from paramlint.symbolic.attributes import get_attribute, look_up
from paramlint.symbolic.interpreter import Interpreter, Test, one_of
from paramlint.symbolic.limits import MAX_CONSTANT, MAX_ITEMS, MAX_NESTING
from paramlint.symbolic.program import ClassValue
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
    Environment,
    External,
    Function,
    Instance,
    Item,
    Items,
    Native,
    Object,
    Partial,
    SequenceValue,
    Super,
    TensorValue,
    Unknown,
    Value,
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
_REASONS = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)


def evaluate(run: Interpreter, node: Any, env: Environment) -> Value:
    """The value of an expression.

    Raises:
        OverBudgetError: no steps are left.
    """
    run.step()
    handler = _HANDLERS.get(node.__class__.__name__)
    if handler is None:
        return run.unknown_call("?")
    if run.nesting >= MAX_NESTING:
        return run.unknown_call("too deep")
    run.nesting += 1
    try:
        return handler(run, node, env)
    finally:
        run.nesting -= 1


def _name(run: Interpreter, node: Any, env: Environment) -> Value:
    name = node.value
    if name == "None":
        return NONE
    if name == "True":
        return TRUE
    if name == "False":
        return FALSE
    return look_up(run, name, env)


def _attribute(run: Interpreter, node: Any, env: Environment) -> Value:
    owner = run.evaluate(node.value, env)
    return run.each(owner, lambda value: get_attribute(run, value, node.attr.value, node))


def _number(run: Interpreter, node: Any, env: Environment) -> Value:
    return Constant(node.evaluated_value)


def _string(run: Interpreter, node: Any, env: Environment) -> Value:
    if len(node.evaluated_value) > MAX_CONSTANT:
        return run.unknown_call("text")
    return Constant(node.evaluated_value)


def _joined_string(run: Interpreter, node: Any, env: Environment) -> Value:
    left, right = run.evaluate(node.left, env), run.evaluate(node.right, env)
    return binary(run, "Add", left, right, node)


def _formatted(run: Interpreter, node: Any, env: Environment) -> Value:
    parts: list[Value | str] = []
    for part in node.parts:
        if part.__class__.__name__ == "FormattedStringText":
            parts.append(part.value)
        else:
            value = run.evaluate(part.expression, env)
            plain = part.format_spec is None
            parts.append(value if plain else _said(run, node, value))
    return texts.joined(run, parts)


def _said(run: Interpreter, node: Any, value: Value) -> Value:
    """A value in a form that is not looked at, `{x:03d}`: equal only to itself."""
    return Unknown(f"{text_of(value)}#{run.serial()}", _loop_of(value))


def _loop_of(value: Value) -> int:
    return value.loop if isinstance(value, Unknown) else 0


def _elements(run: Interpreter, node: Any, env: Environment, kind: str) -> SequenceValue:
    made = SequenceValue(kind, **run.made(node))
    for element in node.elements[:MAX_ITEMS]:
        value = run.evaluate(element.value, env)
        if element.__class__.__name__ == "StarredElement":
            containers.extend(run, made.items, value, element.value)
        else:
            containers.add(run, made.items, Item(ALWAYS, (), value))
            if isinstance(value, (Instance, TensorValue)):
                run.emit("kept", value, element.value, how="listed", container=made)
    if len(node.elements) > MAX_ITEMS:
        made.items.forget("too many items to tell apart")
    return made


def _tuple(run: Interpreter, node: Any, env: Environment) -> Value:
    return _elements(run, node, env, "tuple")


def _list(run: Interpreter, node: Any, env: Environment) -> Value:
    return _elements(run, node, env, "list")


def _set(run: Interpreter, node: Any, env: Environment) -> Value:
    return _elements(run, node, env, "set")


def _dict(run: Interpreter, node: Any, env: Environment) -> Value:
    made = Dictionary(**run.made(node))
    if len(node.elements) > MAX_ITEMS:
        made.forget("too many entries to tell apart")
    for element in node.elements[:MAX_ITEMS]:
        value = run.evaluate(element.value, env)
        if element.__class__.__name__ == "StarredDictElement":
            containers.update(run, made, value)
        else:
            key = run.evaluate(element.key, env)
            containers.set_entry(run, made, key, value, ALWAYS)
    return made


def _call(run: Interpreter, node: Any, env: Environment) -> Value:
    func = node.func
    if func.__class__.__name__ == "Name" and func.value == "super":
        return _super(run, node, env)
    function = run.evaluate(func, env)
    arguments = Arguments()
    for argument in node.args:
        value = run.evaluate(argument.value, env)
        if argument.star == "*":
            containers.spread(run, arguments, value)
        elif argument.star == "**":
            containers.spread_keywords(run, arguments, value)
        elif argument.keyword is not None:
            arguments.keywords[argument.keyword.value] = value
        else:
            arguments.positional.append(value)
    return run.each(function, lambda value: run.call(value, arguments, node))


def _super(run: Interpreter, node: Any, env: Environment) -> Value:
    scope: Environment | None = env
    while scope is not None and scope.owner is None:
        scope = scope.outer
    if scope is None or scope.instance is None:
        return run.unknown_call("super()")
    after = scope.owner
    if len(node.args) == 2:
        named = run.evaluate(node.args[0].value, env)
        after = named if isinstance(named, ClassValue) else after
    return Super(scope.instance, after)


def _lambda(run: Interpreter, node: Any, env: Environment) -> Value:
    return Function(node, env.place, env)


def _conditional(run: Interpreter, node: Any, env: Environment) -> Value:
    true, false = test(run, node.test, env)
    if false is None:
        return run.evaluate(node.body, env)
    if true is None:
        return run.evaluate(node.orelse, env)
    found = []
    for guard, branch in ((true, node.body), (false, node.orelse)):
        with run.under(guard) as is_possible:
            if is_possible:
                found.append((guard, run.evaluate(branch, env)))
    return run.choice(found) or run.unknown_call("?")


def _boolean(run: Interpreter, node: Any, env: Environment) -> Value:
    left = run.evaluate(node.left, env)
    true, false = run.truth(left)
    stop, go_on = (false, true) if node.operator.__class__.__name__ == "And" else (true, false)
    if go_on is None:
        return left
    if stop is None:
        return run.evaluate(node.right, env)
    with run.under(go_on) as is_possible:
        right = run.evaluate(node.right, env) if is_possible else left
    return run.choice([(stop, _known_under(left, is_true=stop is true)), (go_on, right)]) or run.unknown_call("?")


def _known_under(value: Value, *, is_true: bool) -> Value:
    """A value whose truth is known: of a choice, the alternatives that may have it."""
    if isinstance(value, Choice):
        options = [(g, v) for g, v in value.options if not isinstance(v, Constant) or bool(v.value) is is_true]
        if len(options) == 1:
            return options[0][1]
        return Choice(options) if options else value
    return value


def _unary(run: Interpreter, node: Any, env: Environment) -> Value:
    kind = node.operator.__class__.__name__
    if kind == "Not":
        return _as_value(run, test(run, node, env))

    def apply(value: Value) -> Value:
        if isinstance(value, Constant):
            try:
                if kind == "Minus":
                    return Constant(-value.value)  # type: ignore[operator]
                if kind == "Plus":
                    return Constant(+value.value)  # type: ignore[operator]
                return Constant(~value.value)  # type: ignore[operator]
            except _REASONS:
                return run.unknown_call("?")
        if isinstance(value, TensorValue):
            return run.derived(node, [value])
        text = text_of(value)
        if kind != "Plus":
            text = formulas.negative(text) if kind == "Minus" else f"~{formulas.owner(text)}"
        return Unknown(text, _loop_of(value))

    return run.each(run.evaluate(node.expression, env), apply)


def _as_value(run: Interpreter, result: Test) -> Value:
    true, false = result
    if false is None:
        return TRUE
    if true is None:
        return FALSE
    return run.choice([(true, TRUE), (false, FALSE)]) or run.unknown_call("?")


def _comparison(run: Interpreter, node: Any, env: Environment) -> Value:
    left = run.evaluate(node.left, env)
    if isinstance(left, TensorValue):
        right = run.evaluate(node.comparisons[0].comparator, env)
        if node.comparisons[0].operator.__class__.__name__ not in ("Is", "IsNot", "In", "NotIn"):
            return run.derived(node, [left, right])
    return _as_value(run, test(run, node, env))


def _binary(run: Interpreter, node: Any, env: Environment) -> Value:
    left, right = run.evaluate(node.left, env), run.evaluate(node.right, env)
    return binary(run, node.operator.__class__.__name__, left, right, node)


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
    try:
        return Constant(compute(a, b))
    except _REASONS:
        return run.unknown_call("?")


def _operation(run: Interpreter, kind: str, left: Value, right: Value, node: Any) -> Value:
    sign = _BINARY[kind][0]
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _computed(run, kind, left, right)
    if sign == "%" and isinstance(left, Constant) and isinstance(left.value, str):
        return texts.percent(run, left.value, right)
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
    if sign in _TIGHT or sign == "-":
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Unknown) and not isinstance(other, (SequenceValue, Instance)):
                run.numbers.add(one.text)
    return Unknown(_formula(sign, left, right), _loop_of(left) or _loop_of(right))


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


def _subscript(run: Interpreter, node: Any, env: Environment) -> Value:
    owner = run.evaluate(node.value, env)
    index = index_of(run, node, env)
    return run.each(owner, lambda value: indexing.get_item(run, value, index, node))


def index_of(run: Interpreter, node: Any, env: Environment) -> Value:
    """What stands between the brackets of a subscript; slices and several indices are tuples or `slice` constants."""
    parts: list[Value] = []
    for element in node.slice:
        inner = element.slice
        if inner.__class__.__name__ == "Index":
            parts.append(run.evaluate(inner.value, env))
            continue
        ends = [run.evaluate(x, env) if x is not None else NONE for x in (inner.lower, inner.upper, inner.step)]
        if all(isinstance(x, Constant) and (x.value is None or isinstance(x.value, int)) for x in ends):
            parts.append(Constant(_Slice(*(x.value for x in ends))))  # type: ignore[attr-defined]
        else:
            shown = [text_of(x) for x in ends[:2]]
            parts.append(
                Unknown(":".join("" if x == "None" else x for x in shown), _loop_of(ends[0]) or _loop_of(ends[1]))
            )
    if len(parts) == 1:
        return parts[0]
    return SequenceValue("tuple", Items([Item(ALWAYS, (), part) for part in parts]), **run.made(node))


class _Slice(tuple[Any, ...]):
    """A slice that can be hashed."""

    def __new__(cls, *ends: Any) -> _Slice:
        return tuple.__new__(cls, ends)

    @property
    def slice(self) -> slice:
        """The slice itself."""
        return slice(*self)

    def __repr__(self) -> str:
        start, stop, _ = self
        return f"{'' if start is None else start}:{'' if stop is None else stop}"


def _walrus(run: Interpreter, node: Any, env: Environment) -> Value:
    from paramlint.symbolic.statements import store

    value = run.evaluate(node.value, env)
    scope = env
    while scope.is_comprehension and scope.outer is not None:
        scope = scope.outer
    store(run, node.target, value, scope, node)
    return value


def _await(run: Interpreter, node: Any, env: Environment) -> Value:
    return run.evaluate(node.expression, env)


def _yield(run: Interpreter, node: Any, env: Environment) -> Value:
    given = run.frame.yields
    if node.value is None:
        value: Value = NONE
    elif node.value.__class__.__name__ == "From":
        value = run.evaluate(node.value.item, env)
        if given is not None:
            containers.extend(run, given.items, value, node, given)
        return run.unknown_call("yield from")
    else:
        value = run.evaluate(node.value, env)
    if given is not None:
        containers.append(run, given, given.items, value)
    return run.unknown_call("yield")


# Tests


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
    if kind == "Comparison" and len(node.comparisons) == 1:
        target = node.comparisons[0]
        left, right = run.evaluate(node.left, env), run.evaluate(target.comparator, env)
        return compare(run, target.operator.__class__.__name__, left, right)
    if kind == "Comparison":
        values = [run.evaluate(x, env) for x in (node.left, *(t.comparator for t in node.comparisons))]
        result: Test = (ALWAYS, None)
        for target, left, right in zip(node.comparisons, values, values[1:], strict=False):
            one = compare(run, target.operator.__class__.__name__, left, right)
            result = both(run, result, one)
        return result
    return run.truth(run.evaluate(node, env))


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
    left, right = _by_guard(run, left, sign), _by_guard(run, right, sign)
    known = _compared(sign, left, right)
    if known is not None:
        return (ALWAYS, None) if known else (None, ALWAYS)
    if sign == "in" and isinstance(right, (SequenceValue, Constant)) and isinstance(left, Unknown):
        values = _plain_values(right)
        if values is not None:
            return run.equality(left, values)
    for one, other in ((left, right), (right, left)):
        if sign in ("==", "is") and isinstance(one, Unknown) and isinstance(other, Constant) and _is_plain(other.value):
            return run.equality(one, [other.value], same=sign == "is" or other.value is None)
    return run.opaque(f"{text_of(left)} {sign} {text_of(right)}", _loop_of(left) or _loop_of(right))


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
        try:
            if sign == "is":
                return type(left.value) is type(right.value) and left.value == right.value
            return bool(_DECIDE[sign](left.value, right.value))
        except _REASONS:
            return None
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
    if sign == "in" and isinstance(right, SequenceValue):
        plain = right.items.plain
        if plain is not None:
            if any(v == left and isinstance(v, Constant) for v in plain) or any(v is left for v in plain):
                return True
            if isinstance(left, _OF_ONE_NAME) and all(isinstance(v, _OF_ONE_NAME) for v in plain):
                return False
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


_HANDLERS: dict[str, Callable[[Interpreter, Any, Environment], Value]] = {
    "Name": _name,
    "Attribute": _attribute,
    "Integer": _number,
    "Float": _number,
    "Imaginary": _number,
    "SimpleString": _string,
    "ConcatenatedString": _joined_string,
    "FormattedString": _formatted,
    "Tuple": _tuple,
    "List": _list,
    "Set": _set,
    "Dict": _dict,
    "Call": _call,
    "Lambda": _lambda,
    "IfExp": _conditional,
    "BooleanOperation": _boolean,
    "UnaryOperation": _unary,
    "Comparison": _comparison,
    "BinaryOperation": _binary,
    "Subscript": _subscript,
    "NamedExpr": _walrus,
    "Await": _await,
    "Yield": _yield,
    "ListComp": comprehensions.list_comprehension,
    "SetComp": comprehensions.list_comprehension,
    "GeneratorExp": comprehensions.list_comprehension,
    "DictComp": comprehensions.dict_comprehension,
    "Ellipsis": lambda run, node, env: Constant(...),
}
