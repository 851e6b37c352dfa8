"""Setting `requires_grad` on a module reaches none of its parameters.

`nn.Module` accepts any attribute. `encoder.requires_grad = False` therefore adds a flag that nothing reads, and the
optimizer goes on training what was meant to be frozen. The method `requires_grad_` passes the flag on.

Bad:
    encoder = nn.Linear(8, 8)
    encoder.requires_grad = False

Good:
    encoder = nn.Linear(8, 8)
    encoder.requires_grad_(False)

Fix: unsafe. The parameters really stop, or start, to train.
Leave it: the class reads a flag of this name itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.usage import is_module
from paramlint.rule import Change, Finding, Fix, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM602",
    "requires-grad-on-module",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Stores("requires_grad"),),
)


@rule.static(cst.Assign)
def check(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    for target in node.targets:
        attribute = target.target
        if not isinstance(attribute, cst.Attribute) or attribute.attr.value != "requires_grad":
            continue
        if scope.self_attribute(attribute) is not None or _means_itself(scope, attribute.value):
            continue
        owner = scope.text(attribute.value)
        message = f"`{owner}` is a module, so its `requires_grad` attribute reaches none of its parameters"
        yield Finding(attribute, message, _fix(scope, node, owner))


def _means_itself(scope: Scope, owner: cst.BaseExpression) -> bool:
    """Whether the owner is no module, has nothing to freeze, or has a flag of this name that its class handles."""
    if not is_module(scope, owner):
        return True
    found = scope.type(owner)
    if found is None or found.cls is None:
        return found is not None and found.owns is False
    return bool(found.cls.assignments("requires_grad")) or found.cls.method("requires_grad") is not None


def _fix(scope: Scope, node: cst.Assign, owner: str) -> Fix | None:
    if len(node.targets) != 1:
        return None
    call = f"{owner}.requires_grad_({scope.text(node.value)})"
    return Fix("Call `requires_grad_`", (Change(node, node, call),), "unsafe")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name, flag in model.gradient_flags.items():
        message = f"`{name}` is a module, so `requires_grad = {flag}` reaches none of its parameters"
        yield model.proof_at(name, message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.flags_that_hold
