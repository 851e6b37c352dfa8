"""Where a name or attribute is used: read, edited in place, or loaded into a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_EDITING = {"update", "pop", "popitem", "setdefault", "clear"}


def mentions(scope: Scope, name: str) -> Iterator[cst.CSTNode]:
    """Every place where a name or dotted name stands, whether read or written."""
    kind = cst.Attribute if "." in name else cst.Name
    for node in scope.find(kind):
        if scope.dotted(node) != name:
            continue
        parent = scope.parent(node)
        if isinstance(parent, cst.Attribute) and parent.attr is node:
            continue
        if isinstance(parent, cst.Arg) and parent.keyword is node:
            continue
        if not isinstance(parent, (cst.Param, cst.NameItem, cst.FunctionDef, cst.ClassDef)):
            yield node


def reads(scope: Scope, name: str, outside: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Where the value of a name is used, but not inside a piece of code; tests of its truth do not count."""
    for node in mentions(scope, name):
        parent = scope.parent(node)
        if isinstance(parent, (cst.AssignTarget, cst.AnnAssign)) and parent.target is node:
            continue
        if isinstance(parent, (cst.Del, cst.Comparison, cst.ComparisonTarget, cst.If, cst.Assert)):
            continue
        if isinstance(parent, cst.Element) and _is_target(scope, parent):
            continue
        if not any(ancestor is outside for ancestor in (node, *scope.ancestors(node))):
            yield node


def _is_target(scope: Scope, element: cst.CSTNode) -> bool:
    display = scope.parent(element)
    return display is not None and isinstance(scope.parent(display), cst.AssignTarget)


def is_edited(scope: Scope, name: str) -> bool:
    """Whether a dict or list of that name is changed in place: `state[key] = v`, `del state[key]`, `state.update()`."""
    for node in mentions(scope, name):
        parent = scope.parent(node)
        if isinstance(parent, cst.Subscript) and isinstance(scope.parent(parent), (cst.AssignTarget, cst.Del)):
            return True
        if isinstance(parent, cst.Attribute) and parent.attr.value in _EDITING:
            return True
    return False


def loaded_into(scope: Scope, node: cst.CSTNode) -> cst.BaseExpression | None:
    """The model whose `load_state_dict` call a value is part of."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, cst.Call) and isinstance(ancestor.func, cst.Attribute):
            if ancestor.func.attr.value == "load_state_dict":
                return ancestor.func.value
        if isinstance(ancestor, cst.BaseStatement):
            return None
    return None


def calls_any(scope: Scope, names: Collection[str]) -> bool:
    """Whether a scope calls something with one of these last names."""
    return any(
        (call.func.attr.value if isinstance(call.func, cst.Attribute) else scope.dotted(call.func)) in names
        for call in scope.find(cst.Call)
    )
