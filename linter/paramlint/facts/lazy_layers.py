"""Lazy layers, whose parameters have no shape before the first call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paramlint import nodes

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_LAZY = "torch.nn.Lazy"


def lazy_layer(scope: Scope, node: nodes.BaseExpression) -> str | None:
    """The name of the lazy layer that an expression is: by its type, or as an item of what a `Sequential` was given."""
    known = scope.type(node)
    if known is not None and known.name.startswith(_LAZY):
        return known.name
    if not isinstance(node, nodes.Subscript) or not isinstance(node.value, nodes.Name):
        return None
    bindings = scope.bindings.get(node.value.value, [])
    made = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
    if not isinstance(made, nodes.Call) or scope.qualified(made.func) != "torch.nn.Sequential":
        return None
    place = scope.text(node).removeprefix(f"{node.value.value}[").removesuffix("]")
    if not re.fullmatch(r"-?\d+", place) or not -len(made.args) <= int(place) < len(made.args):
        return None
    return lazy_layer(scope, made.args[int(place)].value)
