"""Expressions: a small function for each kind of node, found by the name of its class.

The nodes are the same whether `ast` or LibCST has parsed the code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections import comprehensions, containers, indexing, texts
from paramlint.symbolic.definitions.attributes import get_attribute, look_up
from paramlint.symbolic.interpreter import Interpreter, Test
from paramlint.symbolic.language.binary_operations import binary
from paramlint.symbolic.language.truth import sign_of, test
from paramlint.symbolic.library import tensors
from paramlint.symbolic.library.training_calls import is_no_module
from paramlint.symbolic.limits import MAX_CONSTANT, MAX_ITEMS, MAX_NESTING, NOT_COMPUTED
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
    Environment,
    Function,
    Instance,
    Item,
    Items,
    SequenceValue,
    Super,
    TensorValue,
    Unknown,
    Value,
    formulas,
    loop_of,
    small_constants,
    text_of,
)
from paramlint.syntax.walk import is_spelled_like


def evaluate(run: Interpreter, node: Any, env: Environment) -> Value:
    """The value of an expression.

    Raises:
        OverBudgetError: no steps are left.
    """
    run.steps += 1
    if run.steps > run.budget or run.steps > run.ledger.leash:
        run.step(0)
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
    name = node.attr.value
    if isinstance(owner, Choice):
        return run.each(
            owner, lambda one: None if is_no_module(run, one, name) else get_attribute(run, one, name, node)
        )
    return get_attribute(run, owner, name, node)


def _number(run: Interpreter, node: Any, env: Environment) -> Value:
    if not small_constants.is_small(node.evaluated_value):
        return run.unknown_call("large")
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
            form = part.format_spec
            parts.append(value if form is None else texts.formed(run, _form(form), value))
    return texts.joined(run, parts)


def _form(parts: Any) -> str:
    """What stands behind the colon of `{x:03d}`; an impossible form where that is computed."""
    return "".join(part.value if part.__class__.__name__ == "FormattedStringText" else "?" for part in parts)


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
    if isinstance(function, Choice):
        return run.each(function, lambda value: run.call(value, arguments, node))
    return run.call(function, arguments, node)


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
    if is_spelled_like(node.body, node.orelse):
        return run.evaluate(node.body, env)
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
            except NOT_COMPUTED:
                return run.unknown_call("?")
        if isinstance(value, TensorValue):
            return run.derived(node, [value])
        text = text_of(value)
        if kind != "Plus":
            text = formulas.negative(text) if kind == "Minus" else f"~{formulas.owner(text)}"
        return Unknown(text, loop_of(value))

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
        kind = node.comparisons[0].operator.__class__.__name__
        if kind not in ("Is", "IsNot", "In", "NotIn"):
            if right == NONE:  # it asks whether there is a tensor, not what is in it
                return run.derived(node, [left])
            return tensors.arithmetic(run, sign_of(kind), left, right, node)
    return _as_value(run, test(run, node, env))


def _binary(run: Interpreter, node: Any, env: Environment) -> Value:
    left, right = run.evaluate(node.left, env), run.evaluate(node.right, env)
    return binary(run, node.operator.__class__.__name__, left, right, node)


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
                Unknown(":".join("" if x == "None" else x for x in shown), loop_of(ends[0]) or loop_of(ends[1]))
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
    from paramlint.symbolic.language.assignment import store

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
