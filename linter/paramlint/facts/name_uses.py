"""Where a name or attribute is used: read, edited in place, or loaded into a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from paramlint import nodes

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_EDITING = {"update", "pop", "popitem", "setdefault", "clear"}


def mentions(scope: Scope, name: str) -> Iterator[nodes.Node]:
    """Every place where a name or dotted name stands, whether read or written."""
    kind = nodes.Attribute if "." in name else nodes.Name
    for node in scope.find(kind):
        if scope.dotted(node) != name:
            continue
        parent = scope.parent(node)
        if isinstance(parent, nodes.Attribute) and parent.attr is node:
            continue
        if isinstance(parent, nodes.Arg) and parent.keyword is node:
            continue
        if not isinstance(parent, (nodes.Param, nodes.NameItem, nodes.FunctionDef, nodes.ClassDef)):
            yield node


def reads(scope: Scope, name: str, outside: nodes.Node) -> Iterator[nodes.Node]:
    """Where the value of a name is used, but not inside a piece of code; tests of its truth do not count."""
    for node in mentions(scope, name):
        parent = scope.parent(node)
        if isinstance(parent, (nodes.AssignTarget, nodes.AnnAssign)) and parent.target is node:
            continue
        if isinstance(parent, (nodes.Del, nodes.Comparison, nodes.ComparisonTarget, nodes.If, nodes.Assert)):
            continue
        if isinstance(parent, nodes.Element) and _is_target(scope, parent):
            continue
        if not any(ancestor is outside for ancestor in (node, *scope.ancestors(node))):
            yield node


def _is_target(scope: Scope, element: nodes.Node) -> bool:
    display = scope.parent(element)
    return display is not None and isinstance(scope.parent(display), nodes.AssignTarget)


def is_edited(scope: Scope, name: str) -> bool:
    """Whether a dict or list of that name is changed in place: `state[key] = v`, `del state[key]`, `state.update()`."""
    for node in mentions(scope, name):
        parent = scope.parent(node)
        if isinstance(parent, nodes.Subscript) and isinstance(scope.parent(parent), (nodes.AssignTarget, nodes.Del)):
            return True
        if isinstance(parent, nodes.Attribute) and parent.attr.value in _EDITING:
            return True
    return False


def loaded_into(scope: Scope, node: nodes.Node) -> nodes.BaseExpression | None:
    """The model whose `load_state_dict` call a value is part of."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.Call) and isinstance(ancestor.func, nodes.Attribute):
            if ancestor.func.attr.value == "load_state_dict":
                return ancestor.func.value
        if isinstance(ancestor, nodes.BaseStatement):
            return None
    return None


def calls_any(scope: Scope, names: Collection[str]) -> bool:
    """Whether a scope calls something with one of these last names."""
    return any(
        (call.func.attr.value if isinstance(call.func, nodes.Attribute) else scope.dotted(call.func)) in names
        for call in scope.find(nodes.Call)
    )
