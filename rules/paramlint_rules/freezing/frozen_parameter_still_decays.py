"""Rows whose gradient is set to zero still shrink under weight decay.

A zero gradient does not freeze. Weight decay pulls at every value of the tensor at each step, and momentum moves it on
for a while. Rows that must not change have to be written back after the step, or kept in a tensor of their own.

Bad:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.arange(3)).sum().backward()
    model.weight.grad[:2] = 0
    optimizer.step()

Good:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0)
    model(torch.arange(3)).sum().backward()
    model.weight.grad[:2] = 0
    optimizer.step()

Leave it: the tensor is in a group without weight decay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.handed_on import handed_on
from paramlint.facts.optimizers import OPTIMIZER_NAMES, optimizer_calls
from paramlint.facts.passed_on import spread_arguments
from paramlint.rule import Finding, Mentions, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM604",
    "frozen-parameter-still-decays",
    group="risk",
    doc=__doc__,
    triggers=(Mentions("grad"),),
)

#: Optimizers that decay without being told to.
_DECAYS_BY_DEFAULT = {"torch.optim.AdamW", "torch.optim.Muon"}
_ZERO = re.compile(r"0|0?\.0*|0\.|torch\.zeros(_like)?\(.*\)|.*\.(fill_\(0(\.0*)?\)|zero_\(\))", re.S)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    zeroed = [(node, gradient) for node in scope.find(nodes.Assign, nodes.Call) if (gradient := _zeroed(scope, node))]
    if not zeroed or not _decays(scope) or _is_restored(scope):
        return
    for node, gradient in zeroed:
        if any(_is_restored(inner) for inner, _ in handed_on(scope, node, scope.text(gradient).partition(".")[0])):
            continue
        place = node.targets[0].target if isinstance(node, nodes.Assign) else node
        message = f"`{scope.text(gradient)}` is zero for these rows, but weight decay still shrinks them"
        yield Finding(place, message)


def _zeroed(scope: Scope, node: nodes.Node) -> nodes.BaseExpression | None:
    """The gradient of which `grad[rows] = 0` or `grad[rows].zero_()` sets a part to zero."""
    if isinstance(node, nodes.Assign):
        if _ZERO.fullmatch(scope.text(node.value)) is None:
            return None
        part: nodes.BaseExpression = node.targets[0].target
    elif isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
        if not isinstance(scope.parent(node), nodes.Expr) or _ZERO.fullmatch(scope.text(node)) is None:
            return None
        part = node.func.value
    else:
        return None
    if not isinstance(part, nodes.Subscript):
        return None
    base = part.value
    if isinstance(base, nodes.Attribute) and base.attr.value == "data":
        base = base.value
    found = scope.type(base)
    return base if found is not None and found.name == "torch.Tensor.grad" else None


def _decays(scope: Scope) -> bool:
    """Whether the function, its class, or what they call, builds an optimizer with weight decay, and none without."""
    made = scope.cls.own_method("__init__") if scope.cls is not None else None
    called = [one.resolve(call.func) for one in (scope, made or scope) for call in one.find(nodes.Call)]
    places = list(dict.fromkeys([scope, *(one for one in called if isinstance(one, Scope))]))
    if scope.cls is not None:
        places.extend(s for s in scope.cls.scopes_with(*OPTIMIZER_NAMES) if s not in places)
    calls = [(place, call) for place in places for call, _ in optimizer_calls(place)]
    return bool(calls) and all(_has_decay(place, call) for place, call in calls)


def _has_decay(scope: Scope, call: nodes.Call) -> bool:
    for arg in spread_arguments(scope, call):
        if arg.keyword is not None and arg.keyword.value == "weight_decay":
            return not _is_zero(scope, arg.value)
        if arg.star == "**":
            return False
    found = scope.type(call)
    return found is not None and found.name in _DECAYS_BY_DEFAULT


def _is_zero(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a number is zero: written so, or a field of a class of settings that is zero there."""
    if re.fullmatch(r"0|0?\.0*|0\.", scope.text(node)) is not None:
        return True
    owner = scope.type(node.value) if isinstance(node, nodes.Attribute) else None
    if owner is None or owner.cls is None or not isinstance(node, nodes.Attribute):
        return False
    given = owner.cls.assignments(node.attr.value)
    return any(a.value is not None and _is_zero(a.scope, a.value) for a in given)


def _is_restored(scope: Scope) -> bool:
    """Whether rows of some weight are written back."""
    for target in scope.find(nodes.AssignTarget):
        part = target.target
        if isinstance(part, nodes.Subscript):
            base = part.value
            if isinstance(base, nodes.Attribute) and base.attr.value == "data":
                base = base.value
            found = scope.type(base)
            if isinstance(base, nodes.Attribute) and (found is None or found.name != "torch.Tensor.grad"):
                return True
    return any(
        isinstance(c.func, nodes.Attribute) and c.func.attr.value in ("index_copy_", "masked_scatter_")
        for c in scope.find(nodes.Call)
    )


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.decaying:
        how = "is frozen" if seen.words["how"] == "frozen" else "has masked gradients"
        yield run.proof(seen, f"{seen.said} {how}, and the optimizer's steps change it all the same")
