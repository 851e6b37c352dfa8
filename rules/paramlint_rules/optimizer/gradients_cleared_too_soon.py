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

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.model import Claim, Event, Model, Module, Optimizer, Tensor, first_time, said
from paramlint.model.event import Site
from paramlint.model.questions.training import (
    WORDS,
    clears,
    held,
    is_optimizer,
    may_compute,
    reach_of,
    spoken,
    together,
)
from paramlint.model.questions.visits import loop_around
from paramlint.rule import Asks, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM717", "gradients-cleared-too-soon", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for step in model.events("stepped"):
        if not is_optimizer(step.of) or (step.get("arguments") and step.arguments.values()):
            continue
        for clear in _cleared_last(model, step):
            lost = model.follows(clear, step)
            if not lost.yes or not _clears(clear, step.of) or clear.loops != step.loops:
                continue
            if not _in_one_call(clear, step):
                continue
            earlier = model.timeline("backward").begun(max(clear.order))
            if not any(
                b.loops == step.loops and _in_one_call(b, step) and model.follows(b, clear).yes for b in earlier
            ):
                continue
            lost = lost & ~model.between(clear, step, ("backward", "escaped", "raised"), partial(may_compute, model))
            if lost.yes:
                yield Claim(
                    lost,
                    _site_beside(clear, step),
                    f"the gradients are cleared between `backward()` and `{spoken(step.of)}.step()`, which finds none",
                    about=step.of,
                )
                break


def _cleared_last(model: Model, step: Event) -> list[Event]:
    """What is cleared before a step, with no pass backward in between that happens whatever the conditions are."""
    passes, cleared = model.timeline("backward"), model.timeline("cleared")
    found = [
        clear
        for until in step.order
        for clear in cleared.between(passes.last(until, lambda event: not event.guard), until)
    ]
    return sorted(dict.fromkeys(found), key=first_time)


@rule.question
def check_accumulated(model: Model) -> Iterator[Claim]:
    """Gradients of several rounds that are gathered for one step, and cleared in each round."""
    said_at: set[int] = set()
    cleared: dict[object, list[Event]] = {}
    for clear in model.events("cleared"):
        cleared.setdefault(clear.loops, []).append(clear)
    for step in model.events("stepped"):
        if not is_optimizer(step.of) or not isinstance(step.of, Optimizer):
            continue
        for clear in cleared.get(step.loops, ()) if step.loops and step.guard else ():
            if not _counts(str(step.guard.minus(clear.guard))):
                continue
            if id(clear.site.node) in said_at or not _in_one_call(clear, step) or not _clears(clear, step.of):
                continue
            passes = [b for b in model.events("backward") if b.loops == step.loops and _in_one_call(b, clear)]
            if not passes or not all(b.guard is clear.guard and model.follows(clear, b).yes for b in passes):
                continue
            if all(_feeds(model, b, step.of) and min(clear.order) < min(b.order) < min(step.order) for b in passes):
                said_at.add(id(clear.site.node))
                text = f"the gradients are cleared in each round, so `{spoken(step.of)}.step()` finds those of one"
                yield Claim(said(True), clear.site, text, about=step.of)


@rule.question
def check_rounds(model: Model) -> Iterator[Claim]:
    """Gradients of all rounds of a loop that are gathered for one step after it, and cleared in each round."""
    cleared = model.remember("cleared in loops", lambda: _by_loops(model.events("cleared")))
    stepped = model.remember("stepped in loops", lambda: _by_loops(model.events("stepped")))
    for step in model.events("stepped"):
        depth = len(step.loops) + 1
        last = next(model.timeline("backward").begun(max(step.order)), None) if is_optimizer(step.of) else None
        inner = last.loops[:depth] if last is not None else ()
        if last is None or len(inner) < depth or inner[:-1] != step.loops or not _in_one_call(last, step):
            continue
        if any(e.of == step.of for e in stepped.get(inner, ())):
            continue
        for clear in cleared.get(inner, ()):
            if clear.guard.minus(step.guard) or not _in_one_call(clear, step) or not _clears(clear, step.of):
                continue
            if not model.follows(clear, step).yes or _looks_at_gradients(model, clear, step):
                continue
            if not model.between(clear, step, ("escaped",), partial(may_compute, model)).yes:
                text = f"the gradients are cleared in each round, so `{spoken(step.of)}.step()` finds those of the last"
                yield Claim(said(True), clear.site, text, about=step.of)
                break


def _by_loops(events: list[Event]) -> dict[object, list[Event]]:
    """Events by each of the loops around them, with what is around that."""
    found: dict[object, list[Event]] = {}
    for event in events:
        for depth in range(1, len(event.loops) + 1):
            found.setdefault(event.loops[:depth], []).append(event)
    return found


@rule.question
def check_dropped(model: Model) -> Iterator[Claim]:
    """Gradients of one loss that are cleared before another one is passed backward, and no step has used them."""
    holders = held(model)
    for clear in model.events("cleared"):
        own = clear.of if isinstance(clear.of, Optimizer) else None
        optimizer = own or next((o for o in model.optimizers if clears(clear, o).yes), None)
        lost = next(model.timeline("backward").begun(min(clear.order)), None)
        if optimizer is None or lost is None or lost.loops != clear.loops or not model.follows(lost, clear).yes:
            continue
        if not lost.guard.implies(clear.guard) or not _in_one_call(lost, clear) or _looks_at_gradients(model, clear):
            continue
        after = (b for b in model.timeline("backward").since(min(clear.order)) if b.loops == clear.loops)
        other = next((b for b in after if b is not lost and model.follows(clear, b).yes), None)
        if other is None or not any(
            e.of is optimizer and e.loops == clear.loops and _in_one_call(clear, e) and model.follows(other, e).yes
            for e in model.timeline("stepped").since(min(other.order))
        ):
            continue
        mine = {id(t) for t in optimizer.tensors}
        reaches = reach_of(model, lost)
        if not any(id(t) in mine for t in reaches) or any(id(t) in holders and id(t) not in mine for t in reaches):
            continue
        if model.between(lost, clear, ("stepped", "escaped"), partial(may_compute, model)).no:
            text = f"the gradients of one loss are cleared before the next one, so `{spoken(optimizer)}` misses them"
            yield Claim(said(True), clear.site, text, about=optimizer)


def _looks_at_gradients(model: Model, clear: Event, step: Event | None = None) -> bool:
    """Whether the function around what is cleared, or its loop that a step is not in, reads gradients by themselves."""
    if clear.site.definition is None:
        return True
    around = (loop_around(model, clear.site, step.site) if step is not None else None) or clear.site.code

    def find() -> bool:
        read = (one.attr.value for one in walk(around) if isinstance(one, nodes.Attribute))
        return any(name in ("grad", "requires_grad_") for name in read)

    return model.remember(("looks at gradients", id(around)), find)


def _counts(condition: str) -> bool:
    """Whether a condition counts rounds."""
    return "%" in condition or re.search(r"accum", condition, re.IGNORECASE) is not None


def _feeds(model: Model, backward: Event, optimizer: Optimizer) -> bool:
    """Whether a pass backward gives an optimizer's parameters gradients, as that of a loss that is not known must."""
    if not isinstance(backward.of, Tensor):
        return all(step.of is optimizer for step in model.events("stepped"))
    mine = {id(t) for t in optimizer.tensors}
    return any(id(t) in mine for t in reach_of(model, backward))


def _in_one_call(one: Event, other: Event) -> bool:
    """Whether two events stand in one function, in one call of it, or the first in what is called there."""
    rows = [[(s.path, s.row) for s in event.site.stack] for event in (one, other)]
    depth = len(rows[1])
    if not together(one, other) or rows[0][:depth] != rows[1]:
        return False
    return _site_beside(one, other).function == other.site.function


def _site_beside(one: Event, other: Event) -> Site:
    """Where an event is, or the call that leads to it, in the function in which the other is."""
    return one.way[min(len(other.site.stack), len(one.way) - 1)]


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
