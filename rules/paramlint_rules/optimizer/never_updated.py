"""A parameter has gradients and does not change in any watched step.

It is in the optimizer, and the optimizer steps, but its rate is 0 all along, its updates are too small to be seen, or a
gradient scaler leaves out each step because it finds values that are not finite.

Setup:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [torch.randn(16, 4) for _ in range(6)]

Bad:
    groups = [{"params": model[0].parameters(), "lr": 0.0}, {"params": model[2].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Good:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Leave it: a schedule raises the rate later than the watch looks; `steps` makes it look longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM715", "never-updated", group="bug", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.never_updated:
        yield run.proof(seen, f"{seen.said} has gradients and never changes: {seen.words['cause']}")
