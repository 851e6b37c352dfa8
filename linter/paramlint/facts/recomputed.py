"""Weights that are computed from other parameters at every access or call: weight norm, parametrizations, pruning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.init_calls import arguments_of
from paramlint.facts.memo import remember

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Functions after which a module's weight is computed. Not the old `spectral_norm`: its `weight` first shares the
#: memory of `weight_orig`, so that a write reaches the parameter.
RECOMPUTING = {
    "torch.nn.utils.weight_norm": "weight norm",
    "torch.nn.utils.parametrizations.weight_norm": "weight norm",
    "torch.nn.utils.parametrizations.spectral_norm": "spectral norm",
    "torch.nn.utils.parametrizations.orthogonal": "an orthogonal parametrization",
    "torch.nn.utils.parametrize.register_parametrization": "a parametrization",
}
_ARGUMENTS = {"torch.nn.utils.parametrize.register_parametrization": ("module", "tensor_name", "parametrization")}


def recomputing_call(scope: Scope, node: nodes.Node) -> tuple[str, nodes.BaseExpression, str] | None:
    """What makes a weight a computed one, the module it is given, and the weight's name."""
    if not isinstance(node, nodes.Call):
        return None
    function = scope.qualified(node.func) or ""
    what = RECOMPUTING.get(function)
    if what is None:
        return None
    given = arguments_of(node, _ARGUMENTS.get(function, ("module", "name")))
    module, name = given.get("module"), given.get("name") or given.get("tensor_name")
    if module is None or not (name is None or isinstance(name, nodes.SimpleString)):
        return None
    return what, module, str(name.evaluated_value) if isinstance(name, nodes.SimpleString) else "weight"


def recomputed(scope: Scope, owner: nodes.BaseExpression, name: str, before: nodes.Node) -> str | None:
    """By what a weight of a module, or of every module in a container, is computed when `before` runs."""
    values = list(_values(scope, owner, before))
    found = {_made(scope, value, name) for value in values}
    if len(found) == 1 and None not in found:
        return found.pop()
    text = scope.text(owner)
    for call, known in remember(scope, "recomputing", lambda: list(_recomputing(scope))):
        if scope.order(call) >= scope.order(before):
            return None
        if scope.text(known[1]) == text and known[2] == name:
            is_certain = set(_conditions(scope, call)) <= set(_conditions(scope, before))
            return known[0] if is_certain and not _is_removed(scope, text, call, before) else None
    return None


def _values(scope: Scope, owner: nodes.BaseExpression, before: nodes.Node) -> Iterator[nodes.BaseExpression]:
    """Everything that is assigned to a name or attribute, or put into the container under it."""
    attribute = scope.self_attribute(owner)
    text = scope.text(owner)
    if attribute is not None and scope.cls is not None:
        for assignment in scope.cls.assignments(attribute):
            yield from _items(assignment.value)
    elif isinstance(owner, nodes.Name):
        for binding in scope.bindings.get(owner.value, []):
            if binding.kind != "assign" or binding.value is None:
                yield owner
            else:
                yield from _items(binding.value)
    for call in remember(scope, "appends", lambda: _appends(scope)).get(text, ()):
        if scope.order(call) < scope.order(before):
            yield call.args[0].value


def _recomputing(scope: Scope) -> Iterator[tuple[nodes.Call, tuple[str, nodes.BaseExpression, str]]]:
    for call in scope.find(nodes.Call):
        known = recomputing_call(scope, call)
        if known is not None:
            yield call, known


def _appends(scope: Scope) -> dict[str, list[nodes.Call]]:
    """The calls of `append`, by the text of what is appended to."""
    found: dict[str, list[nodes.Call]] = defaultdict(list)
    for call in scope.find(nodes.Call):
        if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "append" and call.args:
            found[scope.text(call.func.value)].append(call)
    return found


def _items(value: nodes.BaseExpression | None) -> Iterator[nodes.BaseExpression]:
    """A value, or what a container display holds; an empty container holds nothing."""
    if isinstance(value, nodes.Call) and isinstance(value.func, (nodes.Name, nodes.Attribute)):
        last = value.func.attr.value if isinstance(value.func, nodes.Attribute) else value.func.value
        if last in ("ModuleList", "Sequential"):
            for arg in value.args:
                yield from _items(arg.value)
            return
    if isinstance(value, (nodes.List, nodes.Tuple)):
        for element in value.elements:
            yield from _items(element.value)
    elif isinstance(value, (nodes.ListComp, nodes.GeneratorExp)):
        yield from _items(value.elt)
    elif value is not None:
        yield value


def _made(scope: Scope, value: nodes.BaseExpression, name: str) -> str | None:
    known = recomputing_call(scope, value)
    return known[0] if known is not None and known[2] == name else None


def _conditions(scope: Scope, node: nodes.Node) -> Iterator[nodes.Node]:
    return (
        a for a in scope.ancestors(node) if isinstance(a, (nodes.If, nodes.Else, nodes.For, nodes.While, nodes.Try))
    )


def _is_removed(scope: Scope, text: str, start: nodes.Node, end: nodes.Node) -> bool:
    for call in scope.find(nodes.Call):
        if scope.order(start) < scope.order(call) < scope.order(end) and call.args:
            if "remove" in scope.text(call.func) and scope.text(call.args[0].value) == text:
                return True
    return False
