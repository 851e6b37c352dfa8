"""Calls of what a call has made, read as what they come to.

`functools.partial(nn.Linear, 8)(4)` is `nn.Linear(8, 4)`, and `operator.attrgetter("head.weight")(net)` is
`net.head.weight`.
"""

from __future__ import annotations

from paramlint import nodes


def read_as(call: nodes.Call) -> nodes.BaseExpression:
    """What a call comes to; most calls are left as they are."""
    inner = call.func
    if not isinstance(inner, nodes.Call) or not inner.args:
        return call
    if _is_called(inner.func, "functools", "partial"):
        return _without_partial(call, inner)
    if _is_called(inner.func, "operator", "attrgetter"):
        return _attribute(call, inner)
    return call


def _without_partial(call: nodes.Call, inner: nodes.Call) -> nodes.Call:
    first, given = inner.args[0], (*inner.args[1:], *call.args)
    named = [arg.keyword.value for arg in given if arg.keyword is not None]
    if first.keyword is not None or first.star or len(set(named)) < len(named):
        return call
    if any(arg.star == "**" for arg in given):
        return call
    return nodes.Call(first.value, tuple(sorted(given, key=lambda arg: arg.keyword is not None)))


def _attribute(call: nodes.Call, inner: nodes.Call) -> nodes.BaseExpression:
    """The attribute that is got; names with a number in them, as of the layers of a `Sequential`, stay calls."""
    path = inner.args[0].value
    names = path.evaluated_value if isinstance(path, nodes.SimpleString) else None
    if not isinstance(names, str) or len(inner.args) != 1 or len(call.args) != 1 or call.args[0].star:
        return call
    if not all(name.isidentifier() for name in names.split(".")):
        return call
    found = call.args[0].value
    for name in names.split("."):
        found = nodes.Attribute(found, nodes.Name(name))
    return found


def _is_called(func: nodes.BaseExpression, module: str, name: str) -> bool:
    if isinstance(func, nodes.Attribute):
        return func.attr.value == name and isinstance(func.value, nodes.Name) and func.value.value == module
    return isinstance(func, nodes.Name) and func.value == name
