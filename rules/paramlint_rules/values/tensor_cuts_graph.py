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

from collections.abc import Iterator

from paramlint.model import Answer, Claim, Model, Tensor
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM108",
    "tensor-cuts-graph",
    group="bug",
    doc=__doc__,
    triggers=(Asks("tensor", "as_tensor", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("allocated"):
        made = event.of
        if event.get("law") not in ("tensor", "as_tensor") or event.inside != "forward" or not event.grad:
            continue
        lost = next((p for source in made.made_from for p in _parameters_of(source)), None)
        if event.author == "user" and lost is not None and lost.trains.yes:
            yield Claim(
                Answer("yes", (event,), event.guard),
                event.site,
                f"`torch.tensor` copies numbers out of the graph, so `{lost}` gets no gradient through it",
                about=lost,
            )


def _parameters_of(source: object) -> Iterator[Tensor]:
    """The parameters that a tensor is computed from, as far as gradients flow."""
    waiting, seen = [source], {id(source)}
    while waiting and len(seen) < 200:
        one = waiting.pop()
        if not isinstance(one, Tensor) or one.view in ("detach", "data"):
            continue
        if one.role == "parameter":
            yield one
        waiting.extend(s for s in one.made_from if id(s) not in seen)
        seen.update(map(id, one.made_from))
