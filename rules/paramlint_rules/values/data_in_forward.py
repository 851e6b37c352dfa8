"""A parameter is used in the forward pass only through `.data` or `.detach()`, so it is never trained.

Both cut the parameter out of the graph: the output does not depend on it as far as autograd knows. Its gradient stays
`None`, the optimizer skips it, and the model keeps the value that it was initialised with.

Bad:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return x * self.gain.data

Good:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return x * self.gain

Fix: safe. The output is the same; the parameter gets a gradient from then on.
Leave it: the value is meant to stay as it is; a buffer, or `requires_grad=False`, says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Tensor
from paramlint.model.questions.reach import computed_from, is_always_cut, made_of, passes_gradient
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM103",
    "data-in-forward",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks("data", "detach", "no_grad", "inference_mode", entries=("class",)),),
)

_CUTS = ("data", "detach")
_SETUP = re.compile(r"__init__|.*(?:init|reset|load|repr|export|fuse|merge).*")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A parameter that comes into what `forward` gives back, and that no gradient goes to from anywhere."""
    cuts = [e for e in model.events("read") if e.get("how") in _CUTS and e.get("inside") == "forward" and e.grad]
    if not cuts or not model.roots:
        return
    behind, children = computed_from(model.returned), made_of(model)
    for event in cuts:
        tensor = event.of
        if not isinstance(tensor, Tensor) or event.author != "user":
            continue
        if not any(v.view in _CUTS and v.base is tensor and id(v) in behind for v in children.get(id(tensor), ())):
            continue
        for parameter in _parameters(tensor):
            if (
                _is_only_there(parameter, event)
                and _is_trained(parameter, model)
                and is_always_cut(parameter, children)
            ):
                yield _claim(event, parameter)


@rule.question
def ask_unrecorded(model: Model) -> Iterator[Claim]:
    """A parameter that `forward` reads only where autograd does not record, in a pass that records elsewhere."""
    if not model.roots or not any(isinstance(one, Tensor) and one.recorded for one in model.returned):
        return
    behind, children = computed_from(model.returned), made_of(model)
    for parameter in model.parameters:
        reads = [read for read in parameter.reads if not _SETUP.fullmatch(str(read.get("inside")))]
        if not reads or any(read.grad or read.author != "user" or read.guard for read in reads):
            continue
        first = next((read for read in reads if read.get("inside") == "forward"), None)
        used = [child for child in children.get(id(parameter), ()) if id(child) in behind and not child.recorded]
        if first is not None and used and _is_trained(parameter, model) and is_always_cut(parameter, children):
            message = f"`{parameter}` is only used under `torch.no_grad()`, so it gets no gradient and is never trained"
            yield Claim(Answer("yes", (first,), first.guard), first.site, message, parameter)


def _parameters(tensor: Tensor) -> Iterator[Tensor]:
    """The parameters that a tensor was computed from in a way that keeps the graph, or the one that it is."""
    waiting, seen = [tensor], {id(tensor)}
    while waiting:
        one = waiting.pop()
        if one.role == "parameter":
            yield one
        elif passes_gradient(one):
            sources = [s for s in (*one.made_from, one.base) if isinstance(s, Tensor) and id(s) not in seen]
            seen.update(map(id, sources))
            waiting += sources


def _is_only_there(parameter: Tensor, event: Event) -> bool:
    """Whether there is no parameter, or no layer that has it, but under the conditions of an event."""
    owner = parameter.owner
    places = (*parameter.places, *(owner.places if owner is not None else ()))
    return not event.guard or any(p.registered and p.holds and p.guard.implies(event.guard) for p in places)


def _is_trained(parameter: Tensor, model: Model) -> bool:
    """Whether a gradient is wanted: nothing freezes it, and no code but what sets it up writes it."""
    owner = parameter.owner
    if not parameter.known or parameter.escaped or parameter.flags.seen or not parameter.trains.certain:
        return False
    if not parameter.trains.yes or owner is None or owner.escaped or owner.calls.seen:
        return False
    writes = [e for e in parameter.writes if e.author == "user" and not _SETUP.fullmatch(str(e.get("inside")))]
    is_listed = owner.is_a("ParameterList", "ParameterDict").yes and any(p.holder in model.roots for p in owner.places)
    is_part = owner.is_made_here and any(p.registered and p.holds and p.holder in model.roots for p in owner.places)
    is_own = owner in model.roots or is_listed or is_part
    return not writes and not model.events("rebound", of=parameter) and is_own


def _claim(event: Event, parameter: Tensor) -> Claim:
    how = event.get("how")
    cut = event.site.node
    name = f"`{parameter}`"
    message = f"{name} is only used through `.{how}`, so it gets no gradient and is never trained"
    return Claim(Answer("yes", (event,), event.guard), event.site, message, parameter, cut, _fix(event))


def _fix(event: Event) -> Fix | None:
    """The parameter itself, where what is done with the values does not refuse one that requires a gradient."""
    cut, site = event.site.node, event.site
    owner = cut.func.value if isinstance(cut, nodes.Call) and isinstance(cut.func, nodes.Attribute) else None
    owner = cut.value if isinstance(cut, nodes.Attribute) else owner
    if owner is None or "numpy" in site.text(site.statement):
        return None
    return Fix("Use the parameter itself", (Change(cut, cut, site.text(owner)),), "safe")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name in model.forward.read_without_gradient if model.forward else ():
        if name in model.mirrors:
            continue
        message = f"`{name}` is read in forward, but detached from the graph, so it gets no gradient"
        yield model.by_name[name].proof(message)
