"""`functools.partial(nn.Linear, 8)(4)` is `nn.Linear(8, 4)`, and is read as such."""

from __future__ import annotations

from paramlint import nodes


def without_partial(call: nodes.Call) -> nodes.Call:
    """The call that a call of a new partial makes; any other as it is."""
    inner = call.func
    if not isinstance(inner, nodes.Call) or not _is_partial(inner.func) or not inner.args:
        return call
    first, given = inner.args[0], (*inner.args[1:], *call.args)
    named = [arg.keyword.value for arg in given if arg.keyword is not None]
    if first.keyword is not None or first.star or len(set(named)) < len(named):
        return call
    if any(arg.star == "**" for arg in given):
        return call
    return nodes.Call(first.value, tuple(sorted(given, key=lambda arg: arg.keyword is not None)))


def _is_partial(func: nodes.BaseExpression) -> bool:
    if isinstance(func, nodes.Attribute):
        return func.attr.value == "partial" and isinstance(func.value, nodes.Name) and func.value.value == "functools"
    return isinstance(func, nodes.Name) and func.value == "partial"
