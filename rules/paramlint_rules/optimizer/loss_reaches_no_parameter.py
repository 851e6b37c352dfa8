"""A step after a loss that depends on none of the optimizer's parameters moves nothing.

The loss was computed from detached values, under `no_grad`, or by another model, so the gradients of what the
optimizer holds are None, and `step()` passes over it without a word.

Setup:
    batches = torch.load("batches.pt")

Bad:
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scale = torch.ones(1, requires_grad=True)
    for x, y in batches:
        optimizer.zero_grad()
        (scale * (net(x).detach() - y)).pow(2).mean().backward()
        optimizer.step()

Good:
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scale = torch.ones(1, requires_grad=True)
    for x, y in batches:
        optimizer.zero_grad()
        (scale * (net(x) - y)).pow(2).mean().backward()
        optimizer.step()

Leave it: the loss trains nothing on purpose, as in a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Model, said
from paramlint.model.questions.training import WORDS, held, idle_steps
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM722", "loss-reaches-no-parameter", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    holders = held(model)
    for optimizer, step, others in idle_steps(model):
        if not any(t.owner is not None and t.trains.yes and id(t) not in holders for t in others):  # that is PRM711
            yield Claim(
                said(True),
                step.site,
                f"no `backward()` before `{optimizer}.step()` reaches what it holds, so the step moves nothing",
                about=optimizer,
            )


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.idle_optimizers:
        if "other" not in seen.words:
            message = f"the loss reaches no parameter of `{seen.words['optimizer']}`, so its steps change nothing"
            yield run.proof(seen, message)
