"""Where code keeps the state of a model under a name, without copying it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.passed_on import maker_of, only_returned
from paramlint.facts.usage import is_module
from paramlint.nodes.assigned import assigned

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_BEST = re.compile(r"(?:^|_|\.)best|Best|lowest")
#: What has a `state_dict()` of numbers, made anew at each call.
_PLAIN_STATE = re.compile(r"sched|scaler|loader|sampler|metric|callback", re.I)
_MODELS = {"model", "net", "network"}
_SHALLOW = {"dict", "collections.OrderedDict", "copy.copy"}


@dataclass(frozen=True)
class Snapshot:
    """A state dict, or a model itself, that a statement keeps without copying it.

    Attributes:
        target: the name or attribute under which it is kept; for `best["model"] = ...` it is `best`.
        name: the target as written.
        node: the assignment or call.
        block: the suite, or the module, that the statement stands in.
        value: the expression to copy.
        owner: the model whose tensors it shares; the value itself where the model is kept under another name.
        is_added: it is added to a list, where it stays beside earlier ones.
    """

    target: nodes.Node
    name: str
    node: nodes.Node
    block: nodes.Node
    value: nodes.BaseExpression
    owner: nodes.BaseExpression
    is_added: bool = False

    @property
    def is_best(self) -> bool:
        """Whether the name says that it is the best one so far."""
        return _BEST.search(self.name) is not None

    @property
    def is_model(self) -> bool:
        """Whether the model is kept, not its state dict."""
        return self.value is self.owner


def snapshots(scope: Scope) -> Iterator[Snapshot]:
    """What the assignments of a scope, and its calls of `append` and `extend`, keep, in the order of the text."""
    for node in scope.find(nodes.Assign, nodes.AnnAssign, nodes.Call):
        for target, value in _kept(node):
            name = scope.dotted(target)
            if name is not None:
                yield from _snapshots(scope, node, target, name, maker_of(scope, value, scope.bindings))


def _snapshots(
    scope: Scope, node: nodes.Node, target: nodes.Node, name: str, value: nodes.BaseExpression
) -> Iterator[Snapshot]:
    block = next((a for a in scope.ancestors(node) if isinstance(a, (nodes.BaseSuite, nodes.Module))), scope.node)
    for state, owner in _states(scope, value):
        yield Snapshot(target, name, node, block, state, owner, isinstance(node, nodes.Call))
    if isinstance(value, (nodes.Name, nodes.Attribute)) and not isinstance(node, nodes.Call):
        kept = Snapshot(target, name, node, block, value, value)
        if kept.is_best and not _BEST.search(scope.text(value)):
            if is_module(scope, value) or _is_trained_by_name(scope, value):
                yield kept


def _is_trained_by_name(scope: Scope, value: nodes.BaseExpression) -> bool:
    """Whether something is called a model in code that has a pass backward, and nothing is known of its type."""
    name = scope.text(value).rpartition(".")[2]
    if name not in _MODELS or scope.type(value) is not None:
        return False
    calls = scope.find(nodes.Call)
    return any(isinstance(c.func, nodes.Attribute) and c.func.attr.value == "backward" for c in calls)


def _kept(node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.BaseExpression]]:
    """The targets of an assignment, or the list that is added to, and their values."""
    if not isinstance(node, nodes.Call):
        for target, value in assigned(node):
            yield (target.value if isinstance(target, nodes.Subscript) else target), value
    elif isinstance(node.func, nodes.Attribute) and len(node.args) == 1:
        name, given = node.func.attr.value, node.args[0].value
        if name == "append":
            yield node.func.value, given
        elif name == "extend" and isinstance(given, (nodes.List, nodes.Tuple)):
            yield from ((node.func.value, element.value) for element in given.elements)


def _states(scope: Scope, value: nodes.BaseExpression) -> Iterator[tuple[nodes.BaseExpression, nodes.BaseExpression]]:
    """The state dicts that share a model's tensors in a value, each with its model; shallow copies share them too."""
    if isinstance(value, nodes.IfExp):
        for arm in (value.body, value.orelse):
            yield from _states(scope, arm)
    elif isinstance(value, (nodes.Dict, nodes.Tuple)):
        for element in value.elements:
            yield from _states(scope, element.value)
    elif isinstance(value, (nodes.Call, nodes.DictComp)):
        owner = _owner(scope, value) if isinstance(value, nodes.Call) else _owner_of_items(scope, value)
        if owner is None and isinstance(value, nodes.Call):
            owner = _owner_in_method(scope, value)
        if owner is not None and not _PLAIN_STATE.search(scope.text(owner)):
            yield value, owner


def _owner(scope: Scope, call: nodes.Call) -> nodes.BaseExpression | None:
    """The model of `model.state_dict()`, `dict(model.state_dict())` or `model.state_dict().copy()`."""
    if isinstance(call.func, nodes.Attribute) and not call.args:
        if call.func.attr.value == "state_dict":
            return call.func.value
        if call.func.attr.value == "copy" and isinstance(call.func.value, nodes.Call):
            return _owner(scope, call.func.value)
    if len(call.args) == 1 and isinstance(call.args[0].value, nodes.Call) and scope.qualified(call.func) in _SHALLOW:
        return _owner(scope, call.args[0].value)
    return None


def _owner_of_items(scope: Scope, value: nodes.DictComp) -> nodes.BaseExpression | None:
    """The model of `{k: v for k, v in model.state_dict().items()}`: a new dict of the same tensors."""
    loop = value.for_in
    if loop.inner_for_in is not None or not isinstance(loop.target, nodes.Tuple) or len(loop.target.elements) != 2:
        return None
    if scope.text(loop.target.elements[1].value) != scope.text(_undetached(value.value)):
        return None
    items = loop.iter
    if isinstance(items, nodes.Call) and isinstance(items.func, nodes.Attribute) and items.func.attr.value == "items":
        return _owner(scope, items.func.value) if isinstance(items.func.value, nodes.Call) else None
    return None


def _undetached(value: nodes.BaseExpression) -> nodes.BaseExpression:
    """The tensor of `v.detach()` or `v.data`, which share its memory."""
    if isinstance(value, nodes.Call) and isinstance(value.func, nodes.Attribute) and not value.args:
        return _undetached(value.func.value) if value.func.attr.value == "detach" else value
    if isinstance(value, nodes.Attribute) and value.attr.value == "data":
        return _undetached(value.value)
    return value


def _owner_in_method(scope: Scope, call: nodes.Call) -> nodes.BaseExpression | None:
    """The model of `self.weights()`, where that method only returns its state dict, as this function calls it."""
    name = scope.self_attribute(call.func)
    method = scope.cls.own_method(name) if name is not None and scope.cls is not None and not call.args else None
    value = only_returned(method.node) if method is not None else None
    if method is None or method.self_name != scope.self_name or not isinstance(value, (nodes.Call, nodes.DictComp)):
        return None
    owner = _owner(method, value) if isinstance(value, nodes.Call) else _owner_of_items(method, value)
    if owner is None or method.self_attribute(owner) is None:
        return None
    written = method.text(owner)
    return next((node for node in scope.find(nodes.Attribute) if scope.text(node) == written), None)
