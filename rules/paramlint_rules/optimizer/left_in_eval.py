"""A model that a validation leaves in `eval()` mode trains on without dropout and with frozen statistics.

`train()` once before the loop lasts until the first validation. From then on dropout is off and batch norms use their
running values, in all the epochs that follow.

Setup:
    batches = torch.load("batches.pt")
    held_out = torch.ones(1, 4)
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.Linear(4, 1))

Bad:
    net.train()
    for epoch in range(10):
        for x, y in batches:
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            print(net(held_out).mean())

Good:
    for epoch in range(10):
        net.train()
        for x, y in batches:
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            print(net(held_out).mean())

Leave it: the model is fine-tuned in `eval()` mode on purpose. Say so before the loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, said
from paramlint.model.questions.training import WORDS, below, mode_of, owners, together
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM724", "left-in-eval", group="bug", doc=__doc__, triggers=(Asks("eval", *WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    if not model.events("stepped"):
        return
    for off in model.events("mode"):
        module = off.of
        if off.author != "user" or mode_of(off) is not False or not off.loops:
            continue
        whole = owners(module)
        is_known = module.parameters.closed.yes and all(m.known.yes for m in below(module))
        if not _depends_on_mode(module) and (is_known or (module.methods and not _was_in_training(whole, off, off))):
            continue  # of one that is not known the code says that it has two modes
        for call in module.calls:
            if (
                not call.grad
                or not together(call, off)
                or not _trains(model, call, off)
                or (min(call.order) > min(off.order) and not _was_in_training(whole, off, call))
            ):
                continue
            left = model.between(off, call, ("mode", "escaped"), partial(_may_switch, whole))
            if min(call.order) > min(off.order) and len(call.site.stack) >= len(off.site.stack):  # for this call alone
                left = left | model.between(call, off, ("mode", "escaped"), partial(_may_switch, whole))
            if left.no and model.follows(off, call).yes:
                yield Claim(
                    said(True),
                    off.site,
                    f"nothing switches `{module}` back to `train()`, so it stays in `eval()` mode from then on",
                    about=module,
                )
                break


def _depends_on_mode(module: Module) -> bool:
    parts = below(module)
    if any(m.is_a("_BatchNorm", "_DropoutNd", "Dropout").yes for m in parts):
        return True
    return any(m.made is not None and m.made.author == "user" and m.mentions("training").yes for m in parts)


def _may_switch(whole: list[Module], event: Event) -> bool:
    """Whether it switches one of the modules to `train()`, or gives one to unknown code."""
    if event.of not in whole:
        return False
    return event.kind == "escaped" or (event.author == "user" and mode_of(event) is not False)


def _trains(model: Model, call: Event, off: Event) -> bool:
    """Whether a step follows a call, before the mode is switched off or after both."""
    for step in model.events("stepped"):
        if model.follows(call, step).yes and step.loops[: len(call.loops)] == call.loops:
            if min(step.order) < min(off.order):
                return min(call.order) < min(off.order)
            if min(call.order) > min(off.order) and step.loops == call.loops and _is_last(call, step):
                return True
    return False


def _is_last(call: Event, step: Event) -> bool:
    """Whether a call is the last one of its module before a step, so that the step is for what it gave."""
    others = [c for c in call.of.calls if c is not call and c.grad]
    return not any(min(call.order) < min(c.order) < min(step.order) for c in others)


def _was_in_training(whole: list[Module], off: Event, call: Event) -> bool:
    """Whether the user's code puts the model into training mode before the loop in which it is switched off.

    Or in the same round, where a helper switches it off that the code of the pass calls: it only wants a prediction.
    """
    modes = [e for m in whole for e in m.modes if e.author == "user" and e.get("how") != "init"]
    by_helper = len(off.site.stack) > len(call.site.stack)
    return any(
        mode_of(e) is True and min(e.order) < min(off.order) and len(e.loops) < len(off.loops) + by_helper
        for e in modes
    )


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.left_in_eval:
        message = f"`{seen.names[0]}` stays in evaluation mode while it is trained, so dropout and norms do not train"
        yield run.proof(seen, message)
