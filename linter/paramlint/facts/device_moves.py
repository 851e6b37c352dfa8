"""Values that are moved: `model = model.to(device)` gives the name what it had, when that is a module."""

from __future__ import annotations

import libcst as cst

from paramlint.facts.types import Type, join
from paramlint.knowledge import MODULE_SELF_METHODS


def moved(node: cst.CSTNode) -> cst.CSTNode:
    """The `x` of `x.to(device).eval()`: what methods are called on that give a module back; else the node itself."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value not in MODULE_SELF_METHODS:
            break
        node = node.func.value
    return node


def join_with_moves(types: list[Type | None], is_moved: bool) -> Type | None:
    """What is known of a value from its other bindings, when it is also bound to itself moved.

    A parameter that is moved is a parameter no longer, so only what is a module stays what it is.
    """
    found = join(types)
    if is_moved and (found is None or not found.is_module):
        return None
    return found
