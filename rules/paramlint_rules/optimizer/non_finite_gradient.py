"""A gradient or a parameter is NaN or infinite.

From the step on that uses such a gradient, the parameter is lost. The report names the first step, and the module whose
output was the first that was not finite, or whose pass backward was. Steps that a gradient scaler leaves out are none.

Setup:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [torch.randn(16, 4) for _ in range(6)]

Bad:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).sqrt().mean().backward()
            optimizer.step()

Good:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).exp().sqrt().mean().backward()
            optimizer.step()

Leave it: never. What follows is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM718", "non-finite-gradient", group="bug", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.not_finite:
        what = f"the gradient of {seen.said}" if seen.words["what"] == "gradient" else seen.said
        yield run.proof(seen, f"{what} is not finite in step {seen.step}, first in {seen.words['where']}")
