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
from paramlint.model import Claim, Model, Place, Tensor
from paramlint.model.questions.kept_tensors import kept, kept_in_containers
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM404",
    "tensor-instead-of-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("requires_grad", "requires_grad_", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in (*kept(model), *kept_in_containers(model)):
        if tensor.made_from or not tensor.known or tensor.view or not tensor.trains.certain or tensor.trains.no:
            continue
        if tensor.escaped or place.since.get("inside") == "forward" or _is_cared_for(model, tensor):
            continue
        yield Claim(
            tensor.groups.none() & tensor.places.none(lambda p: p.registered),
            place.since.site,
            _said(place),
            about=place,
            fix=_fix(tensor, place),
        )


def _said(place: Place) -> str:
    if place.kind == "container":
        return f"`self.{place.key}` holds tensors, not parameters, so they are not trained"
    return f"`self.{place.key}` is a tensor, not a parameter, so it is not trained"


def _is_cared_for(model: Model, tensor: Tensor) -> bool:
    """Whether it becomes a parameter, an optimizer has it, or its gradient is asked for."""
    if tensor.groups.seen or any(p.registered for p in tensor.places):
        return True
    if any("autograd" in str(use.get("function")) for use in tensor.reads):
        return True
    return any(t.base is tensor for t in model.tensors("gradient")) or _becomes_parameter(model, tensor)


def _becomes_parameter(model: Model, tensor: Tensor) -> bool:
    return any(p.made is not None and p.made.get("data_of") is tensor for p in model.parameters)


def _fix(tensor: Tensor, place: Place) -> Fix | None:
    """A parameter in the place of the call, where it is made in the statement that keeps it."""
    site = place.since.site
    call = getattr(site.statement, "value", None)
    if place.kind == "container" or not isinstance(call, nodes.Call):
        return None
    if tensor.made is None or tensor.made.site.row < site.row:
        return None
    text = site.text(call)
    plain = re.sub(r",\s*requires_grad\s*=\s*True(?=\s*[,)])|\.requires_grad_\(\)$", "", text)
    if plain == text:
        return None
    new = f"{site.spell('torch.nn.Parameter')}({plain})"
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
