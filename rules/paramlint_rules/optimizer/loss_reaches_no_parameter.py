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

from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.model.questions.training import WORDS, held, idle_steps, is_optimizer, together, twin_of, waits_to_train
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM722", "loss-reaches-no-parameter", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    holders = held(model)
    for optimizer, step, others in idle_steps(model):
        is_swapped = any(id(t) not in holders and waits_to_train(model, t) for t in others)
        if not is_swapped and (others or twin_of(model, optimizer) is None):  # those are PRM711
            yield Claim(
                said(True),
                step.site,
                f"no `backward()` before `{optimizer}.step()` reaches what it holds, so the step moves nothing",
                about=optimizer,
            )


@rule.question
def check_new(model: Model) -> Iterator[Claim]:
    """A loss that is a new tensor with the number of another, or was told to require a gradient too late."""
    asked: set[int] = set()
    for backward in model.events("backward"):
        loss = backward.of
        if not isinstance(loss, Tensor) or loss.groups.seen or not _begins_anew(loss) or id(loss) in asked:
            continue
        step = next((s for s in model.events("stepped") if _uses(model, backward, s)), None)
        if step is not None and loss.made is not None:
            asked.add(id(loss))
            text = f"`{loss}` is a new tensor, which no parameter was computed into, so `backward()` reaches none"
            yield Claim(said(True), step.site, text, about=step.of)


def _begins_anew(loss: Tensor) -> bool:
    """Whether a loss requires a gradient itself, and nothing before it does."""
    if loss.role != "plain" or loss.view or loss.escaped or not loss.trains.yes or not loss.known:
        return False
    return not loss.made_from and loss.factory.rpartition(".")[2] in ("tensor", "as_tensor", "Variable", "Tensor")


def _uses(model: Model, backward: Event, step: Event) -> bool:
    if not is_optimizer(step.of) or step.loops != backward.loops or not together(backward, step):
        return False
    others = [b for b in model.events("backward") if b is not backward and b.loops == step.loops]
    return model.follows(backward, step).yes and not any(model.follows(b, step).yes for b in others)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.idle_optimizers:
        if "other" not in seen.words:
            message = f"the loss reaches no parameter of `{seen.words['optimizer']}`, so its steps change nothing"
            yield run.proof(seen, message)
