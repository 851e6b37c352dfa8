"""Ties: two places of one model that are meant to hold the same parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.creation import is_creation

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


def bare_parameter(scope: Scope, node: nodes.BaseExpression) -> nodes.Attribute | None:
    """`x.weight` of `x.weight`, `x.weight.data` and `x.weight.detach()`, when that is a parameter."""
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node.func.attr.value == "detach":
        node = node.func.value
    if isinstance(node, nodes.Attribute) and node.attr.value == "data":
        node = node.value
    if isinstance(node, nodes.Attribute) and is_parameter(scope, node):
        return node
    return None


def in_one_model(scope: Scope, target: nodes.Attribute, source: nodes.Attribute) -> bool:
    """Whether two attributes are of one model that keeps both.

    They are when both hang on one variable, or on two modules that this scope builds and hands to one call; and when
    the source is not deleted or replaced afterwards.
    """
    first, second = scope.dotted(_without_items(target)), scope.dotted(_without_items(source))
    if first is None or second is None or scope.text(target) == scope.text(source):
        return False
    if _is_dropped(scope, source):
        return False
    root, other = first.partition(".")[0], second.partition(".")[0]
    if root == other:
        return True
    if root == scope.self_name:
        return _is_kept(scope, other)
    return _is_built(scope, root) and _is_built(scope, other) and _go_together(scope, root, other)


def _without_items(node: nodes.BaseExpression) -> nodes.BaseExpression:
    """`self.layers.weight` for `self.layers[0].weight`."""
    if isinstance(node, nodes.Attribute):
        return nodes.Attribute(_without_items(node.value), node.attr)
    return _without_items(node.value) if isinstance(node, nodes.Subscript) else node


def _is_dropped(scope: Scope, source: nodes.Attribute) -> bool:
    """Whether a later statement deletes the source or gives its owner another value."""
    owner = scope.dotted(source.value)
    after = scope.order(source)
    for node in scope.find(nodes.Del, nodes.Assign):
        if scope.order(node) < after:
            continue
        targets = (
            [t.target for t in node.targets] if isinstance(node, nodes.Assign) else [getattr(node, "target", node)]
        )
        if owner is not None and any(_is_prefix(scope.dotted(t), owner) for t in targets):
            return True
    return False


def _is_prefix(written: str | None, owner: str) -> bool:
    return written is not None and (owner == written or owner.startswith(written + "."))


def _is_kept(scope: Scope, name: str) -> bool:
    """Whether the instance keeps what a local name stands for."""
    return any(
        isinstance(a.value, nodes.Name) and a.value.value == name for _, a in scope.assignments if a.how != "augmented"
    )


def _is_built(scope: Scope, name: str) -> bool:
    bindings = scope.bindings.get(name, [])
    return bool(bindings) and all(
        b.kind == "assign" and b.value is not None and is_creation(scope, b.value) for b in bindings
    )


def _go_together(scope: Scope, *names: str) -> bool:
    """Whether one call is given all these names."""
    for call in scope.find(nodes.Call):
        given = {arg.value.value for arg in call.args if isinstance(arg.value, nodes.Name)}
        if given.issuperset(names):
            return True
    return False
