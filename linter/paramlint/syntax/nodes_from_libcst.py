"""Nodes made from LibCST's tree, which decides; what each was made from tells its text and where it stands."""

from __future__ import annotations

import warnings
from itertools import repeat
from typing import Any, cast

import libcst as cst

from paramlint import nodes
from paramlint.nodes import operators
from paramlint.nodes.partials import without_partial

Origins = dict[nodes.Node, cst.CSTNode]

_KINDS: dict[str, type[nodes.Node]] = {
    name: kind
    for name, kind in vars(nodes).items()
    if isinstance(kind, type) and issubclass(kind, nodes.Node) and hasattr(cst, name)
}
_OPERATORS: dict[str, operators.Operator] = {
    name: kind()
    for name, kind in vars(operators).items()
    if isinstance(kind, type) and issubclass(kind, operators.Operator) and hasattr(cst, name)
}


def translate(root: cst.CSTNode) -> tuple[Any, Origins]:
    """The nodes of a tree, and what each was made from.

    Chains of operators are nested deeper than functions may call themselves, so this goes along a list, on which
    everything stands behind what it is part of, and back again.
    """
    waiting = [root]
    values: list[list[Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the backslashes of strings that are evaluated
        for origin in waiting:
            found = [getattr(origin, name) for name in _KINDS[origin.__class__.__name__].__struct_fields__]
            values.append(found)
            for value in found:
                if isinstance(value, (tuple, list)):
                    waiting.extend(value)
                elif value.__class__.__name__ in _KINDS:
                    waiting.append(value)
    made: dict[int, nodes.Node] = {}  # by `id`: LibCST's nodes hash in Python
    origins: Origins = {}
    while waiting:
        origin = waiting.pop()
        kind = _KINDS[origin.__class__.__name__]
        node = kind(*map(_translated, kind.__struct_fields__, values.pop(), repeat(made)))
        if kind is nodes.Call and node.func.__class__ is nodes.Call:  # type: ignore[attr-defined]
            node = without_partial(cast(nodes.Call, node))
        made[id(origin)] = node
        origins[node] = origin
    return made[id(root)], origins


def _translated(field: str, value: Any, made: dict[int, nodes.Node]) -> Any:
    """What a node has in a field, given what LibCST's node has."""
    if isinstance(value, (tuple, list)):
        return tuple([made[id(item)] for item in value])
    if field == "asynchronous":
        return value is not None
    if field == "operator":
        return _OPERATORS[value.__class__.__name__]
    return None if value is cst.MaybeSentinel.DEFAULT else made.get(id(value), value)
