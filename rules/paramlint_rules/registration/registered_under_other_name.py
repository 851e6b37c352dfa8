"""A name is registered with what another name holds already, so it never gets a parameter of its own.

`self.register_parameter("bias", self.weight)` puts one parameter under two names, most often a copied line in which one
of the names was not changed. `parameters()` gives it once, the checkpoint has it twice, and what the second name should
have held was never made.

Bad:
    self.weight = nn.Parameter(torch.ones(4))
    self.shift = torch.zeros(4)
    self.register_parameter("bias", self.weight)

Good:
    self.weight = nn.Parameter(torch.ones(4))
    self.shift = torch.zeros(4)
    self.register_parameter("bias", nn.Parameter(self.shift))

Leave it: the second name is kept for old checkpoints; say so with `share`, `tie` or `same` in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from paramlint import nodes
from paramlint.model import Claim, Model, Module, Place, Tensor, said
from paramlint.model.questions.intent import sharing_is_meant
from paramlint.rule import Asks, Rule

_REGISTERING = ("register_parameter", "register_buffer")

rule = Rule(
    "PRM414",
    "registered-under-other-name",
    group="bug",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks(*_REGISTERING, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in (*model.parameters, *model.tensors("buffer")):
        places = [p for p in tensor.places if p.registered and p.holds and isinstance(p.holder, Module)]
        for first, second in pairwise(places):
            given = _given(second)
            if given is None or first.holder is not second.holder or first.key == second.key:
                continue
            if not first.guard.is_known_to_fit(second.guard) or _is_meant(tensor, second):
                continue
            new = second.key
            message = f"`self.{first.key}` is registered as `{new}` too, so both names are one tensor"
            text = f"{message} and `{new}` was never made"
            yield Claim(said(True), second.since.site, text, tensor, given, attribute=f"self.{new}")


def _given(place: Place) -> nodes.Node | None:
    """What a call registers under a name."""
    call = place.since.site.node
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute):
        return None
    if call.func.attr.value not in _REGISTERING or place.since.author != "user":
        return None
    named = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value in ("param", "tensor")]
    return next(iter([*named, *(arg.value for arg in call.args[1:2] if arg.keyword is None and not arg.star)]), None)


def _is_meant(tensor: Tensor, place: Place) -> bool:
    """Whether the second name is said to be another for the same."""
    holder = place.holder
    is_declared = isinstance(holder, Module) and holder.at("_tied_weights_keys") is not None
    return is_declared or sharing_is_meant(tensor, [place])
