"""Ties: two places of one model that are meant to hold the same parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_USUAL_NAMES = {"weight", "bias"}


@dataclass(frozen=True)
class Tie:
    """A plain tie, `target = source`: afterwards both places hold one parameter object."""

    node: nodes.Assign
    target: nodes.Attribute
    source: nodes.Attribute


def ties_in(scope: Scope) -> Iterator[Tie]:
    """The plain ties of a scope: `a.weight = b.weight` where both are parameters of different modules."""
    for node in scope.find(nodes.Assign):
        target, source = node.targets[0].target, node.value
        if not isinstance(target, nodes.Attribute) or not isinstance(source, nodes.Attribute):
            continue
        if scope.text(target) == scope.text(source) or not isinstance(
            target.value, (nodes.Attribute, nodes.Subscript, nodes.Name)
        ):
            continue
        if _is_inner(scope, target) and is_parameter(scope, target) and is_parameter(scope, source):
            yield Tie(node, target, source)


def _is_inner(scope: Scope, target: nodes.Attribute) -> bool:
    """Whether an attribute belongs to something else than the instance whose method this is."""
    return scope.self_attribute(target) is None


def is_parameter(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an attribute is a parameter: by its type, or by its usual name where the type is unknown."""
    known = scope.type(node)
    if known is not None:
        return known.is_parameter
    return isinstance(node, nodes.Attribute) and node.attr.value in _USUAL_NAMES
