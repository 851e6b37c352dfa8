"""What is put into a container: the modules and parameters among it, and whether they belong to a module already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.flow import Carriers, sources
from paramlint.facts.scopes import Scope
from paramlint.facts.types import Type
from paramlint.knowledge import MODULE_SELF_METHODS, PARAMETER_CLASSES, module_class


@dataclass(frozen=True)
class Held:
    """One value that is put into a container.

    `is_made` is false where it is known to belong to a module already: `self.conv`, a layer of another model.
    `is_exact` is true for an instance of just this class, not of a subclass.
    """

    scope: Scope
    node: nodes.BaseExpression
    type: Type
    is_made: bool
    is_exact: bool


def values_put(carriers: Carriers) -> Iterator[nodes.BaseExpression]:
    for name, assignment in carriers.scope.assignments:
        if name == carriers.attribute and assignment.value is not None and assignment.how != "augmented":
            yield assignment.value
    for put in carriers.put_in:
        yield put.value


def made_modules(scope: Scope, value: nodes.BaseExpression) -> Iterator[Held]:
    """The modules and parameters that a value is or holds."""
    return _made_modules(scope, value, frozenset(), set())


def _made_modules(
    scope: Scope, value: nodes.BaseExpression, seen: frozenset[str], followed_names: set[str]
) -> Iterator[Held]:
    """The same, behind the names in `seen`; what a name stands for is followed once."""
    for node in sources(scope, value):
        if isinstance(node, nodes.Name) and node.value not in seen:
            if node.value in followed_names:
                continue
            bindings = [b for b in scope.bindings.get(node.value, ()) if b.value is not None and b.kind != "parameter"]
            for binding in bindings:
                assert binding.value is not None
                followed = list(sources(scope, binding.value, binding.index))
                for source in followed:
                    yield from _made_modules(scope, source, seen | {node.value}, followed_names)
            if bindings:
                followed_names.add(node.value)
                continue
        known = scope.type(node)
        while known is not None and known.kind == "container":
            known = known.item
        if known is not None and known.kind in ("module", "parameter"):
            yield Held(scope, node, known, _is_made(scope, node), _is_exact(scope, node))


def _is_exact(scope: Scope, node: nodes.BaseExpression) -> bool:
    if not isinstance(node, nodes.Call):
        return False
    return isinstance(scope.resolve(node.func), Class) or module_class(scope.qualified(node.func) or "") is not None


def _is_made(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether a value is made for this place, or handed in from outside, rather than owned by a module already."""
    if depth > 5:
        return False
    if isinstance(node, nodes.Name):
        bindings = scope.bindings.get(node.value, [])
        if any(b.kind == "parameter" for b in bindings):
            return True
        values = [s for b in bindings if b.value is not None for s in sources(scope, b.value, b.index)]
        return bool(values) and all(_is_made(scope, value, depth + 1) for value in values)
    if not isinstance(node, nodes.Call):
        return False
    name = scope.qualified(node.func)
    if name in PARAMETER_CLASSES or name in ("copy.deepcopy", "copy.copy"):
        return True
    if name == "getattr":
        return False
    symbol = scope.resolve(node.func)
    if isinstance(symbol, Class) or (isinstance(symbol, str) and module_class(symbol) is not None):
        return not any(_is_own_module(scope, arg.value) for arg in node.args)
    if isinstance(node.func, nodes.Attribute):
        method = node.func.attr.value
        if method in MODULE_SELF_METHODS:
            return _is_made(scope, node.func.value, depth + 1)
        owner = scope.type(node.func.value)
        if owner is not None and owner.cls is not None:
            symbol = owner.cls.method(method)
        if owner is not None and owner.cls is None and owner.kind == "module":
            return False  # children(), get_submodule()...
    if isinstance(symbol, Scope):
        returned = [r.value for r in symbol.find(nodes.Return) if r.value is not None]
        values = [s for value in returned for s in sources(symbol, value)]
        return bool(values) and all(_is_made(symbol, value, depth + 1) for value in values)
    return isinstance(node.func, (nodes.Name, nodes.Subscript))


def _is_own_module(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an argument is a module that `self` registers."""
    if scope.self_attribute(node) is None:
        return False
    known = scope.type(node)
    return known is not None and known.kind == "module"
