"""What the arguments of a function are, by what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.reading.values import UNKNOWN, Function, Held, Parameter, Value

if TYPE_CHECKING:
    from paramlint.facts.reading.reader import Reader


def bound(
    reader: Reader, function: Function, args: list[Value], keywords: dict[str, Value], rest: Value | None
) -> dict[str, Value]:
    """The names of a function's arguments, and what each is."""
    params = function.node.params
    by_place = [*params.posonly_params, *params.params]
    given = [function.owner, *args] if function.owner is not None else list(args)
    found: dict[str, Value] = {}
    left = dict(keywords)
    for param, value in zip(by_place, given, strict=False):
        if value is not None:
            found[param.name.value] = value
    for param in [*by_place, *params.kwonly_params]:
        name = param.name.value
        if name in left:
            found[name] = left.pop(name)
        elif name not in found:
            found[name] = _default(reader, function, param, rest)
    if isinstance(params.star_arg, nodes.Param):
        found[params.star_arg.name.value] = Held("tuple", list(given[len(by_place) :]), each=rest is not None)
    if params.star_kwarg is not None:
        from paramlint.facts.reading.values import Const

        keys: list[Value] = [Const(name) for name in left]
        found[params.star_kwarg.name.value] = Held("dict", list(left.values()), keys, each=rest is not None)
    return found


def _default(reader: Reader, function: Function, param: nodes.Param, rest: Value | None) -> Value:
    value = default(reader, function, param) if param.default is not None else None
    if rest is not None or (value is None and reader.follows):
        return Parameter(param.name.value, value)
    return value if value is not None else UNKNOWN


def default(reader: Reader, function: Function, param: nodes.Param) -> Value:
    """What an argument is that is not given."""
    muted, frame = reader.is_muted, reader.frame
    reader.is_muted = True
    try:
        from paramlint.facts.reading.reader import Frame

        reader.frame = Frame(function.scope, dict(function.names), {})
        return reader.evaluate(param.default)
    finally:
        reader.is_muted, reader.frame = muted, frame
