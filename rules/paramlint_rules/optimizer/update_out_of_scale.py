"""The updates of a parameter are very large or very small against it.

In a run that goes well the ratio of the norms of update and weight lies near 0.001. Below 0.000001 a parameter does as
good as not train, above 0.1 it is thrown about.

Setup:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [torch.randn(16, 4) for _ in range(6)]

Bad:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-7)
    with paramlint.watch(model, optimizer, select=["PRM719"]) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Good:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with paramlint.watch(model, optimizer, select=["PRM719"]) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Leave it: the parameter starts near zero, or a schedule has not reached its rate yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM719", "update-out-of-scale", group="pedantic", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.out_of_scale:
        yield run.proof(seen, f"{seen.said} changes by {seen.figures['median ratio']:g} of its norm in a step")
