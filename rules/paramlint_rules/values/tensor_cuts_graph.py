"""`torch.tensor` of parameters makes a tensor without history, so they get no gradient.

`torch.tensor([a, b])` copies numbers: what it gives is a leaf, and `backward()` ends there. The parameters whose values
went into it are never trained. `torch.stack` and `torch.cat` keep the graph.

Bad:
    class Turn(nn.Module):
        def __init__(self):
            super().__init__()
            self.angle = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            cos, sin = torch.cos(self.angle), torch.sin(self.angle)
            return x @ torch.tensor([[cos, -sin], [sin, cos]])

Good:
    class Turn(nn.Module):
        def __init__(self):
            super().__init__()
            self.angle = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            cos, sin = torch.cos(self.angle), torch.sin(self.angle)
            return x @ torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])])

Leave it: only the numbers are wanted, as for a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Tensor
from paramlint.model.questions.reach import passes_gradient
from paramlint.rule import Asks, Rule

#: Constructors that copy numbers where they are given a display of them.
_TYPED = ("Tensor", "FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor")
#: Types of numbers that have no gradient.
_COUNTS = re.compile(r"\b(?:bool|u?int\d*|long|short)$")
#: Uses of one parameter in a pass that are followed.
_MOST_USES = 12

rule = Rule(
    "PRM108",
    "tensor-cuts-graph",
    group="bug",
    doc=__doc__,
    triggers=(Asks("tensor", "as_tensor", *_TYPED, "item", "tolist", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("allocated"):
        made = event.of
        if not _copies(event) or event.inside != "forward" or not event.grad:
            continue
        lost = next((p for source in made.made_from for p in _parameters_of(source)), None)
        if event.author == "user" and lost is not None and lost.trains.yes:
            yield Claim(
                Answer("yes", (event,), event.guard),
                event.site,
                f"`torch.{event.law}` copies numbers out of the graph, so `{lost}` gets no gradient through it",
                about=lost,
            )


@rule.question
def ask_numbers(model: Model) -> Iterator[Claim]:
    """A parameter that the pass computes with as a Python number only."""
    passes = [e for e in model.events("read") if e.get("inside") == "forward" and isinstance(e.of, Tensor)]
    for event in passes:
        if event.get("how") != "number" or not event.grad or event.author != "user" or not _is_kept(event):
            continue
        for parameter in _parameters_of(event.of):
            if not parameter.trains.yes or parameter.role != "parameter" or not parameter.known or parameter.escaped:
                continue
            others = [e for e in passes if e.of is parameter or any(p is parameter for p in _parameters_of(e.of))]
            if all(_leads_to_number(e, others) for e in others):
                yield Claim(
                    Answer("yes", (event,), event.guard),
                    event.site,
                    f"`{parameter}` is only used as a Python number, so it gets no gradient",
                    about=parameter,
                )


def _is_kept(event: Event) -> bool:
    """Whether the number is given a name or handed back: a log is not."""
    return isinstance(event.site.statement, (nodes.Assign, nodes.Return))


def _leads_to_number(event: Event, reads: list[Event]) -> bool:
    """Whether a use gives a number, or a tensor of which that is the only use."""
    if event.get("how") == "number":
        return True
    later = [e for e in reads if e is not event and isinstance(e.of, Tensor) and event.of in e.of.made_from]
    return bool(later) and len(reads) < _MOST_USES


def _copies(event: Event) -> bool:
    """Whether a call makes a tensor of numbers that could have a gradient: `as_tensor` of one tensor is that tensor."""
    law, given = event.get("law"), event.get("arguments")
    if given is not None and _COUNTS.search(str(given.keywords.get("dtype"))):
        return False
    return law == "tensor" or (law in ("as_tensor", *_TYPED) and bool(event.get("displayed")))


def _parameters_of(source: object) -> Iterator[Tensor]:
    """The parameters that a tensor is computed from, as far as gradients flow."""
    waiting, seen = [source], {id(source)}
    while waiting and len(seen) < 200:
        one = waiting.pop()
        if not isinstance(one, Tensor) or not passes_gradient(one):
            continue
        if one.role == "parameter":
            yield one
        waiting.extend(s for s in one.made_from if id(s) not in seen)
        seen.update(map(id, one.made_from))
