"""Editing a parameter through `.data` hides the edit from autograd.

`p.data` is the same memory under another tensor that autograd does not watch. An edit through it neither raises where
an edit of the parameter would, nor counts in the parameter's version. A backward pass that had saved the old value
then computes with the new one, and the gradient is wrong without an error. `torch.no_grad()` turns recording off and
keeps the check.

Bad:
    for p in model.parameters():
        p.data.add_(-0.1 * p.grad)

Good:
    with torch.no_grad():
        for p in model.parameters():
            p.add_(-0.1 * p.grad)

Fix: safe. The same in-place operation under `torch.no_grad()`. An edit between a forward pass and its backward pass,
which was silently wrong, raises from then on.
Leave it: the version counter has to stay as it is, and a comment says why.
Source: https://pytorch.org/docs/stable/notes/autograd.html, "In-place correctness checks".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.fix_texts import edit_without_grad
from paramlint.facts.gradients import edited_through_data, is_parameter
from paramlint.facts.lazy_layers import lazy_layer
from paramlint.knowledge import TENSOR_INPLACE
from paramlint.rule import Finding, Mentions, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM101", "in-place-data-edit", group="risk", fix="safe", doc=__doc__, triggers=(Mentions("data"),))

_UNLIKE_EDITS = {"requires_grad_", "detach_", "share_memory_"}


@rule.static(nodes.Call)
def check_call(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute):
        return
    method = node.func.attr.value
    if method in TENSOR_INPLACE and method not in _UNLIKE_EDITS:
        yield from _edited(scope, node.func.value, node)


@rule.static(nodes.AugAssign)
def check_augmented(node: nodes.AugAssign, scope: Scope) -> Iterator[Finding]:
    yield from _edited(scope, node.target, node)


@rule.static(nodes.Assign)
def check_assigned(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    for target in node.targets:
        if isinstance(target.target, nodes.Subscript):
            yield from _edited(scope, target.target, node)


def _edited(scope: Scope, target: nodes.BaseExpression, edit: nodes.Node) -> Iterator[Finding]:
    owner = edited_through_data(scope, target)
    if owner is None or not is_parameter(scope, owner):
        return
    if isinstance(owner, nodes.Attribute) and lazy_layer(scope, owner.value) is not None:
        return  # without `.data` it would raise: that is PRM217
    node = target
    while isinstance(node, nodes.Subscript):
        node = node.value
    is_direct = isinstance(node, nodes.Attribute)
    text = scope.text(node) if is_direct else f"{scope.text(owner)}.data"
    message = f"`{text}` is edited in place, which autograd and its version counter do not see"
    yield Finding(node, message, edit_without_grad(scope, edit) if is_direct else None)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.edited_behind:
        message = f"{seen.said} changes between steps behind its version counter, so no graph notices the edit"
        yield run.proof(seen, message)
