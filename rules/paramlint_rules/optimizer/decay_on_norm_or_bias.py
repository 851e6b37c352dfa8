"""Weight decay pulls norms, biases or embeddings towards zero.

Decay is meant for the weights of matrices. On the scale of a norm or on a bias it acts against what they are for, and
most recipes put them into a group without decay.

Setup:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [torch.randn(16, 4) for _ in range(6)]

Bad:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    with paramlint.watch(model, optimizer, select=["PRM720"]) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Good:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.1)
    with paramlint.watch(model, optimizer, select=["PRM720"]) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

Leave it: the recipe that is followed decays everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM720", "decay-on-norm-or-bias", group="pedantic", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.decayed:
        name, decay = seen.words["optimizer"], seen.figures["weight decay"]
        message = f"`{name}` decays {seen.said} by {decay:g}, a norm, bias or embedding"
        yield run.proof(seen, message)
