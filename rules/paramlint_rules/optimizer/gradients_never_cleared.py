"""Gradients that are never cleared add up over all batches.

`backward()` adds to `.grad`. In a loop that steps and clears nothing, each step follows the sum of all gradients so
far: the loss falls at first, then the updates grow and the training comes apart.

Bad:
    for x, y in batches:
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()

Good:
    for x, y in batches:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()

Setup:
    batches: list = []

Leave it: gradients are accumulated over several batches on purpose, and cleared after the step that uses them.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.model import Claim, Event, Model
from paramlint.rule import Asks, Rule

rule = Rule("PRM716", "gradients-never-cleared", group="bug", doc=__doc__, triggers=(Asks("backward"),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for step in model.events("stepped"):
        if not step.repeats or step.get("closure"):
            continue
        for backward in model.events("backward"):
            if _same_loop(step, backward):
                dirty = model.follows(step, backward) & ~model.between(step, backward, ("cleared", "escaped"))
                if dirty.yes:
                    yield Claim(
                        dirty,
                        step.site,
                        f"nothing clears the gradients between `{step.of}.step()` and the next `backward()`, "
                        "so each step follows the sum of all before",
                        about=step.of,
                    )
                    break


def _same_loop(step: Event, backward: Event) -> bool:
    """Whether the two take turns in one loop."""
    return bool(step.loops) and step.loops[:1] == backward.loops[:1]
