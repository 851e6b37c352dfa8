"""Gradients that are cleared between `backward()` and `step()` are lost.

`zero_grad()` in the wrong line: the step finds None or zeros, and the parameters move by momentum and decay alone.

Setup:
    batches = torch.load("batches.pt")

Bad:
    for x, y in batches:
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()

Good:
    for x, y in batches:
        loss = ((model(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

Leave it: only the decay or the momentum is meant to move the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from paramlint.model import Claim, Event, Model, Module, Optimizer
from paramlint.model.questions.training import WORDS, clears, is_optimizer, may_compute, spoken, together
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM717", "gradients-cleared-too-soon", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for step in model.events("stepped"):
        if not is_optimizer(step.of) or (step.get("arguments") and step.arguments.values()):
            continue
        for clear in model.events("cleared"):
            lost = model.follows(clear, step)
            if not lost.yes or not _clears(clear, step.of) or clear.loops != step.loops:
                continue
            if not _in_one_call(clear, step):
                continue
            if not any(
                b.loops == step.loops and _in_one_call(b, clear) and model.follows(b, clear).yes
                for b in model.events("backward")
            ):
                continue
            lost = lost & ~model.between(clear, step, ("backward", "escaped", "raised"), may_compute)
            if lost.yes:
                yield Claim(
                    lost,
                    clear.site,
                    f"the gradients are cleared between `backward()` and `{spoken(step.of)}.step()`, which finds none",
                    about=step.of,
                )
                break


def _in_one_call(one: Event, other: Event) -> bool:
    """Whether two events stand in one function, in one call of it."""
    rows = [[(s.path, s.row) for s in event.site.stack] for event in (one, other)]
    return together(one, other) and one.site.function == other.site.function and rows[0] == rows[1]


def _clears(event: Event, optimizer: Any) -> bool:
    """Whether all gradients are cleared that a step uses; for one that is not known, by its own `zero_grad()`."""
    if isinstance(optimizer, Optimizer):
        return clears(event, optimizer).yes
    return not isinstance(event.of, Module) and str(event.of) == str(optimizer)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.cleared_too_soon:
        message = (
            f"the gradients of {seen.said} are cleared before `{seen.words['optimizer']}` steps, so nothing is trained"
        )
        yield run.proof(seen, message)
