"""The moments of an optimizer start from nothing while the model goes on.

On resume the state of the optimizer has to be loaded beside the model's, or an optimizer that was made anew takes its
first steps as at the start of a run: with Adam they are far larger than those before.

Setup:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [torch.randn(16, 4) for _ in range(6)]

Bad:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with paramlint.watch(model, optimizer) as watched:
        for i, x in enumerate(batches):
            if i == 3:
                optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Good:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with paramlint.watch(model, optimizer) as watched:
        for i, x in enumerate(batches):
            if i == 3:
                state = optimizer.state_dict()
                optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Leave it: the run is meant to start anew from the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM726", "optimizer-state-dropped", group="risk", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.dropped_moments:
        name = seen.words["optimizer"]
        if seen.words["how"] == "left":
            message = (
                f"the model goes on from a checkpoint and `{name}` does not: `{seen.words['checkpoint']}` is not loaded"
            )
        elif seen.words["how"] == "lost":
            message = f"`{name}` has lost its state before step {seen.step}, so its moments start from nothing"
        else:
            message = f"`{name}` is made anew before step {seen.step}, so its moments start from nothing"
        yield run.proof(seen, message)
