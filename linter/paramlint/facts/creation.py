"""Where objects come from: an expression that builds something new, against one that names what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.passed_on import returned_by
from paramlint.knowledge import BUFFER_CLASSES, PARAMETER_CLASSES, module_class
from paramlint.knowledge.foreign import foreign_module

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope as ScopeType

_COPIES = {"copy.deepcopy", "copy.copy"}
_DEPTH = 5


def is_creation(scope: ScopeType, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether an expression gives a new module or parameter each time that it is evaluated.

    A call of a class does, and so does a call of a function of the project, a method of the instance or a local maker
    all of whose returns do.
    """
    if isinstance(node, nodes.IfExp):
        return is_creation(scope, node.body, depth) and is_creation(scope, node.orelse, depth)
    if not isinstance(node, nodes.Call) or depth > _DEPTH:
        return False
    name = scope.qualified(node.func)
    if name is not None and (name in PARAMETER_CLASSES | BUFFER_CLASSES | _COPIES):
        return True
    if name is not None and (module_class(name) is not None or foreign_module(name)):
        return True
    symbol = scope.resolve(node.func)
    if isinstance(symbol, Class):
        return True
    if symbol is not None and not isinstance(symbol, str):
        return _builds(symbol, depth + 1)
    method = scope.self_attribute(node.func)
    own = scope.cls.method(method) if method is not None and scope.cls is not None else None
    if own is not None:
        return _builds(own, depth + 1)
    if isinstance(node.func, nodes.Name):
        made = returned_by(scope, node.func.value, scope.bindings)
        if made is not None:
            return is_creation(scope, made, depth + 1)
    called = scope.type(node.func)
    return called is not None and called.kind == "class"


def _builds(function: ScopeType, depth: int) -> bool:
    """Whether every return of a function builds something new: in place, or under a local name."""
    if any(node is not function.node for node in function.find(nodes.FunctionDef)):
        return False
    values = [r.value for r in function.find(nodes.Return) if r.value is not None]
    return bool(values) and all(_is_new(function, value, depth) for value in values)


def _is_new(function: ScopeType, value: nodes.BaseExpression, depth: int) -> bool:
    if not isinstance(value, nodes.Name):
        return is_creation(function, value, depth)
    bindings = function.bindings.get(value.value, [])
    return bool(bindings) and all(
        b.kind == "assign" and b.value is not None and is_creation(function, b.value, depth) for b in bindings
    )
