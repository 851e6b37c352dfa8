"""Calls of what a call has made, read as what they come to.

`functools.partial(nn.Linear, 8)(4)` is `nn.Linear(8, 4)`, and `operator.attrgetter("head.weight")(net)` is
`net.head.weight`.
"""

from __future__ import annotations

from paramlint.nodes.expression_nodes import Attribute, Call, Name, SimpleString
from paramlint.nodes.node import BaseExpression


def read_as(call: Call) -> BaseExpression:
    """What a call comes to; most calls are left as they are."""
    inner = call.func
    if not isinstance(inner, Call) or not inner.args:
        return call
    if _is_called(inner.func, "functools", "partial"):
        return _without_partial(call, inner)
    if _is_called(inner.func, "operator", "attrgetter"):
        return _attribute(call, inner)
    return call


def _without_partial(call: Call, inner: Call) -> Call:
    first, given = inner.args[0], (*inner.args[1:], *call.args)
    named = [arg.keyword.value for arg in given if arg.keyword is not None]
    if first.keyword is not None or first.star or len(set(named)) < len(named):
        return call
    if any(arg.star == "**" for arg in given):
        return call
    return Call(first.value, tuple(sorted(given, key=lambda arg: arg.keyword is not None)))


def _attribute(call: Call, inner: Call) -> BaseExpression:
    """The attribute that is got; names with a number in them, as of the layers of a `Sequential`, stay calls."""
    path = inner.args[0].value
    names = path.evaluated_value if isinstance(path, SimpleString) else None
    if not isinstance(names, str) or len(inner.args) != 1 or len(call.args) != 1 or call.args[0].star:
        return call
    if not all(name.isidentifier() for name in names.split(".")):
        return call
    found = call.args[0].value
    for name in names.split("."):
        found = Attribute(found, Name(name))
    return found


def _is_called(func: BaseExpression, module: str, name: str) -> bool:
    if isinstance(func, Attribute):
        return func.attr.value == name and isinstance(func.value, Name) and func.value.value == module
    return isinstance(func, Name) and func.value == name
