"""What a call is given, by name, and what of a tensor it is given."""

from __future__ import annotations

from collections.abc import Iterable

from paramlint.nodes.expression_nodes import Arg, Attribute, Call
from paramlint.nodes.node import BaseExpression


def arguments_of(args: Iterable[Arg], names: tuple[str, ...]) -> dict[str, BaseExpression]:
    """The arguments of a call by name; what stands behind a starred one has no known place and is left out."""
    given: dict[str, BaseExpression] = {}
    is_placed = True
    for index, arg in enumerate(args):
        if arg.star:
            is_placed = False
        elif arg.keyword is not None:
            given[arg.keyword.value] = arg.value
        elif is_placed and index < len(names):
            given[names[index]] = arg.value
    return given


def without_data(node: BaseExpression) -> BaseExpression:
    """`x` of `x`, `x.data` and `x.detach()`: what shares its memory."""
    if isinstance(node, Attribute) and node.attr.value == "data":
        return without_data(node.value)
    if isinstance(node, Call) and isinstance(node.func, Attribute):
        if node.func.attr.value == "detach" and not node.args:
            return without_data(node.func.value)
    return node
