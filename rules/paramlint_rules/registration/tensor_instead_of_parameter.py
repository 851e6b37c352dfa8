"""A tensor with `requires_grad=True` is no parameter, so the optimizer does not see it.

`nn.Module` registers `nn.Parameter`, not any tensor that wants a gradient. Such an attribute gets a gradient in
`backward()`, but `parameters()` does not give it to the optimizer, `to()` leaves it where it is, and `state_dict()`
does not save it.

Bad:
    self.weight = torch.randn(8, 8, requires_grad=True)

Good:
    self.weight = nn.Parameter(torch.randn(8, 8))

Fix: unsafe. `state_dict()` gains a key, so that older checkpoints no longer load strictly.
Leave it: the tensor is given to an optimizer by hand, or only its gradient is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.own_tensors import asks_for_gradient
from paramlint.knowledge import OPTIMIZERS, PARAMETER_CLASSES
from paramlint.model import Claim, Model, Tensor
from paramlint.model.kept_tensors import kept
from paramlint.rule import Asks, Change, Finding, Fix, Keywords, Mentions, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM404",
    "tensor-instead-of-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(
        Keywords("requires_grad"),
        Mentions("requires_grad_"),
        Asks("requires_grad", "requires_grad_", entries=("class",)),
    ),
)



@rule.question
def ask(model: Model) -> Iterator[Claim]:
    if any(event.get("how") == "grad" for event in model.events("read")):
        return
    gradients = {id(t.base) for t in model.tensors("gradient")}
    for tensor, place in kept(model):
        if tensor.made_from or not tensor.known or tensor.escaped or id(tensor) in gradients:
            continue
        if place.since.get("inside") == "forward" or not tensor.trains.certain or tensor.view:
            continue
        if any("autograd" in str(use.get("function")) for use in tensor.reads) or _becomes_parameter(model, tensor):
            continue
        yield Claim(
            tensor.trains & tensor.groups.none() & tensor.places.none(lambda p: p.registered),
            place.since.site,
            f"`self.{place.key}` is a tensor, not a parameter, so it is not trained",
            about=place,
        )


def _becomes_parameter(model: Model, tensor: Tensor) -> bool:
    return any(p.made is not None and p.made.get("data_of") is tensor for p in model.parameters)


_REGISTERING = {"register_parameter", "register_buffer", "setattr"}


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    cls = scope.cls
    if cls is None or not cls.is_module or scope.name == "forward":
        return
    for name, assignment in scope.assignments:
        if assignment.how != "assign" or assignment.value is None or assignment.target is None:
            continue
        call = asks_for_gradient(scope, assignment.value)
        if call is None or _is_cared_for(cls, name):
            continue
        message = f"`self.{name}` is a tensor, not a parameter, so it is not trained"
        yield Finding(assignment.target, message, _fix(scope, call))


def _is_cared_for(cls: Class, name: str) -> bool:
    """Whether it becomes a parameter elsewhere, is given to an optimizer, or its gradient is read."""
    if any(a.how not in ("assign", "augmented") for a in cls.assignments(name)):
        return True
    return any(
        _takes_care(scope, node)
        for base in cls.mro
        for scope in base.scopes_with(name)
        for node in scope.find(nodes.Attribute)
        if scope.self_attribute(node) == name
    )


def _takes_care(scope: Scope, node: nodes.Attribute) -> bool:
    parent = scope.parent(node)
    if isinstance(parent, nodes.Attribute) and parent.attr.value == "grad":
        return True
    for around in scope.ancestors(node):
        if isinstance(around, nodes.Call):
            called = scope.qualified(around.func) or ""
            last = around.func.attr.value if isinstance(around.func, nodes.Attribute) else called
            if called in PARAMETER_CLASSES or called in OPTIMIZERS or last in _REGISTERING:
                return True
    return False


def _fix(scope: Scope, call: nodes.Call) -> Fix | None:
    text = scope.text(call)
    plain = re.sub(r",\s*requires_grad\s*=\s*True(?=\s*[,)])|\.requires_grad_\(\)$", "", text)
    if plain == text:
        return None
    new = f"{scope.spell('torch.nn.Parameter')}({plain})"
    return Fix("Make it an `nn.Parameter`", (Change(call, call, new),), "unsafe", ("torch.nn.Parameter",))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.unregistered:
        if found.is_leaf and not found.is_parameter:
            message = f"`{found.path}` is a tensor that requires a gradient, not a parameter, so it is not trained"
            yield found.proof(message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.registered
