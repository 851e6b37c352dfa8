"""An optimizer that is made anew in each round forgets its moments, its schedule and its steps.

Adam's averages start from zero in each epoch, momentum never builds up, and a scheduler that was given the first one
goes on changing the rate of an optimizer that nobody uses.

Setup:
    batches = torch.load("batches.pt")

Bad:
    for epoch in range(10):
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in batches:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

Good:
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(10):
        for x, y in batches:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

Leave it: each round trains another model, or begins with other values or another set of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paramlint.model import Claim, Event, Model, Optimizer, Tensor, said
from paramlint.model.questions.training import WORDS, idle_steps
from paramlint.rule import Asks, Rule

rule = Rule("PRM713", "optimizer-made-in-loop", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))

#: What stands for the parameters of a module that is not known ends so.
_ALL = ".parameters()"


@rule.question
def check(model: Model) -> Iterator[Claim]:
    idle = {id(optimizer) for optimizer, _, _ in idle_steps(model)}  # what it holds is wrong, which PRM711 and 722 say
    for optimizer in model.optimizers:
        made = optimizer.made
        if made is None or not made.repeats or not _remembers(optimizer) or id(optimizer) in idle:
            continue
        if any(_is_of_round(t, made) or t.flags.seen for t in optimizer.tensors):
            continue
        if _starts_anew(model, made, optimizer):
            continue
        for step in optimizer.steps:
            if _round_is_a_part(made, step) and _is_made_for_each(made, step):
                yield Claim(
                    said(True),
                    made.site,
                    f"`{optimizer}` is made anew in each round, so what it has gathered in the rounds before is lost",
                    about=optimizer,
                )
                break


def _is_made_for_each(made: Event, step: Event) -> bool:
    """Whether it is made in each round that has a step: the condition of a `while` holds in all of them, and one under
    which a function goes on holds for both."""
    calls = [(site.path, site.node) for site in step.way]
    own = [site for site in made.way if (site.path, site.node) not in calls]
    if not made.guard or not any(site.in_branch for site in own):
        return True
    here = next((site for site in own if site.definition is step.site.definition), made.site)
    return made.guard == step.guard and step.site.in_branch and here.function == step.site.function


def _round_is_a_part(made: Event, step: Event) -> bool:
    """Whether a round of the loop in which it is made is a part of one training: one batch, or an epoch of them."""
    around, inside = made.get("loops", ()), step.get("loops", ())
    if not around or inside[: len(around)] != around:
        return False
    if min(step.order) > max(made.order):
        return False  # all are made before the first of them steps
    if len(inside) == len(around):
        return True
    return len(inside) == len(around) + 1 and "epoch" in f"{around[-1].target} {around[-1].text}".lower()


def _is_of_round(tensor: Tensor, made: Event) -> bool:
    """Whether a round of the loop in which the optimizer is made makes the parameter, too."""
    return bool(set(tensor.loops) & set(made.get("loops", ())))


def _remembers(optimizer: Optimizer) -> bool:
    """Whether it has a memory: plain SGD has none."""
    assert optimizer.made is not None
    kind = optimizer.made.get("algorithm", "")
    options = optimizer.made.get("options", {})
    return not kind.endswith(".SGD") or "momentum" in options


def _starts_anew(model: Model, made: Event, optimizer: Optimizer) -> bool:
    """Whether something else in the round begins anew too: values are loaded, drawn, copied or frozen.

    Flags and memory of another network alone, of a target or teacher, are no new beginning.
    """
    loops = made.get("loops", ())
    anew = model.events("loaded", "copied")
    mine = list(optimizer.tensors)
    anew += [event for event in model.events("flagged", "rebound") if not _is_of_another(event.of, mine)]
    anew += [event for event in model.events("allocated") if event.get("law") == "parameter"]
    anew += [event for event in model.events("written") if event.get("initializer")]
    return any(event.get("loops", ())[: len(loops)] == loops for event in anew)


def _is_of_another(what: Any, mine: list[Tensor]) -> bool:
    """Whether it is a tensor of a module, or stands for those of one that is not known, and is none of those."""
    if not isinstance(what, Tensor) or not mine or what in mine:
        return False
    if what.owner is not None:
        return True
    names = [str(tensor).partition(_ALL)[0] for tensor in mine if _ALL in str(tensor)]
    other = str(what).partition(_ALL)[0]
    pairs = [pair for name in names for pair in ((name, other), (other, name))]
    is_apart = not any(re.match(rf"{re.escape(whole)}(?!\w)", part) for part, whole in pairs)
    return _ALL in str(what) and len(names) == len(mine) and is_apart
