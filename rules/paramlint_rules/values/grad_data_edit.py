"""A gradient is edited through `.data`, which does nothing that the gradient itself would not do.

`p.grad` does not require a gradient unless the backward pass was asked for one (`create_graph=True`), so it can be
edited directly. Through `.data` the edit also escapes the version counter: with `create_graph=True` the second
derivative is wrong without an error.

Bad:
    for p in model.parameters():
        p.grad.data.zero_()

Good:
    for p in model.parameters():
        p.grad.zero_()

Fix: safe. The same operation on the gradient itself.
Leave it: the graph of a double backward pass must not see the edit; `torch.no_grad()` says so more clearly.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.gradients import edited_through_data, is_gradient
from paramlint.knowledge import TENSOR_INPLACE
from paramlint.rule import Change, Finding, Fix, Mentions, Rule

rule = Rule("PRM104", "grad-data-edit", group="risk", fix="safe", doc=__doc__, triggers=(Mentions("data"),))


@rule.static(nodes.Call)
def check_call(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if isinstance(node.func, nodes.Attribute) and node.func.attr.value in TENSOR_INPLACE:
        yield from _edited(scope, node.func.value)


@rule.static(nodes.AugAssign)
def check_augmented(node: nodes.AugAssign, scope: Scope) -> Iterator[Finding]:
    yield from _edited(scope, node.target)


@rule.static(nodes.Assign)
def check_assigned(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    for target in node.targets:
        # `p.grad.data = p.grad.to(dtype)` is how a gradient gets memory of another place, dtype or shape.
        is_computed = isinstance(target.target, nodes.Attribute) and isinstance(node.value, nodes.BinaryOperation)
        if is_computed or isinstance(target.target, nodes.Subscript):
            yield from _edited(scope, target.target)


def _edited(scope: Scope, target: nodes.BaseExpression) -> Iterator[Finding]:
    owner = edited_through_data(scope, target)
    if owner is None or not is_gradient(scope, owner):
        return
    node = target
    while isinstance(node, nodes.Subscript):
        node = node.value
    if isinstance(node, nodes.Name):
        yield Finding(node, f"`{scope.text(owner)}.data` is edited, which the gradient's version counter does not see")
        return
    fix: Fix | None = Fix("Edit the gradient itself", (Change(node, node, scope.text(owner)),), "safe")
    if target is node and isinstance(scope.parent(node), nodes.AssignTarget):
        fix = None  # `p.grad.data = t` keeps the gradient's object, `p.grad = t` would not
    yield Finding(node, f"`{scope.text(node)}` is edited, which the gradient's version counter does not see", fix)
