"""What the use of a value proves about it, where its type is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.memo import remember

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Methods that, called without positional arguments, only modules have.
_MODULE_ONLY = {
    "children", "eval", "modules", "named_children", "named_modules", "named_parameters", "parameters",
}  # fmt: skip


def is_module(scope: Scope, node: nodes.Node) -> bool:
    """Whether a value is an `nn.Module`, by its type or, where that is unknown, by what is called on it.

    A name is looked for in its own scope, an attribute of the instance in all methods of the class.
    """
    found = scope.type(node)
    return is_used_as_module(scope, node) if found is None else found.is_module


def is_used_as_module(scope: Scope, node: nodes.Node) -> bool:
    """Whether a name or attribute is used as only modules are: by their methods, or by its `weight` or `bias`."""
    written = scope.dotted(node)
    if written is None:
        return False
    return any(_calls_module_methods(p, written) or _has_weight(p, written) for p in _places(scope, node))


def _places(scope: Scope, node: nodes.Node) -> Iterator[Scope]:
    yield scope
    name = scope.self_attribute(node)
    if name is not None and scope.cls is not None:
        yield from (other for other in scope.cls.scopes_with(name) if other is not scope)


def _calls_module_methods(scope: Scope, written: str) -> bool:
    def callers() -> set[str | None]:
        return {
            scope.dotted(call.func.value)
            for call in scope.find(nodes.Call)
            if isinstance(call.func, nodes.Attribute) and call.func.attr.value in _MODULE_ONLY
            if all(arg.keyword is not None for arg in call.args)
        }

    return written in remember(scope, "callers of methods of modules", callers)


def _has_weight(scope: Scope, written: str) -> bool:
    """Whether code speaks of a value's `weight` or `bias`: a layer, for no tensor has these."""

    def owners() -> set[str | None]:
        found = (node for node in scope.find(nodes.Attribute) if node.attr.value in ("weight", "bias"))
        return {scope.dotted(node.value) for node in found}

    return written in remember(scope, "owners of weights", owners)
