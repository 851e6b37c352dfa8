"""Gradients that one loss leaves in another model are added to that model's next step.

The generator's loss goes through the discriminator and fills its gradients as well. Where those are not cleared
before the discriminator's own `backward()`, its step follows the sum: its own loss, and that of its opponent.

Setup:
    batches = torch.load("batches.pt")
    g, d = nn.Linear(2, 4), nn.Linear(4, 1)
    opt_g, opt_d = torch.optim.Adam(g.parameters()), torch.optim.Adam(d.parameters())

Bad:
    for x, z in batches:
        loss_d = d(x).mean() - d(g(z).detach()).mean()
        loss_d.backward()
        opt_d.step()
        opt_d.zero_grad()
        loss_g = d(g(z)).mean()
        loss_g.backward()
        opt_g.step()
        opt_g.zero_grad()

Good:
    for x, z in batches:
        opt_d.zero_grad()
        loss_d = d(x).mean() - d(g(z).detach()).mean()
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = d(g(z)).mean()
        loss_g.backward()
        opt_g.step()

Leave it: one loss is meant to train both models. Clear both optimizers before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Optimizer, first_time, said
from paramlint.model.questions.training import WORDS, clears, may_clear, reach_of, steps
from paramlint.model.timeline import Timeline
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM723", "leftover-gradients", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    taken = list(steps(model))
    if len({id(o) for o, _ in taken}) < 2:
        return
    of_others = _of_others(model, taken)
    timelines = {own: Timeline(list(passes)) for own, passes in of_others.items()}
    for own, step in taken:
        own_pass = _last_backward(model, step)
        if own_pass is None:
            continue
        for foreign in _left(model, timelines[own], own_pass, own):
            other, later = of_others[own][foreign]
            if later.site.node is step.site.node:  # one of the two steps there, by a condition
                continue
            if _cleared_together(model, foreign, own, other):
                continue
            yield Claim(
                said(True),
                step.site,
                f"`{own}.step()` also uses the gradients that the `backward()` for `{other}` left there",
                about=own,
            )
            break


@rule.question
def check_both_after(model: Model) -> Iterator[Claim]:
    """Two passes backward, each behind a clearing for its own optimizer alone, and both steps behind the second."""
    taken = list(steps(model))
    for own, step in taken:
        begun = model.timeline("backward").begun(min(step.order))
        passes = list(islice((b for b in begun if b.loops == step.loops), 2))
        if len(passes) < 2 or any(not t.known or t.escaped or t.flags.seen for t in own.tensors):
            continue
        if not all(step.guard.implies(b.guard) and _reaches(model, b, own) for b in passes):
            continue
        foreign, first = passes
        if foreign.site.node is first.site.node:  # one loss, or another there
            continue
        is_first = not any(o is own and min(first.order) < min(s.order) < min(step.order) for o, s in taken)
        if not is_first or not _stays(model, first, step, own):
            continue
        for other, later in taken:
            if other is own or later.loops != step.loops or min(later.order) < min(foreign.order):
                continue
            if _is_for(model, first, own, other) and _is_for(model, foreign, other, own):
                yield Claim(
                    said(True),
                    step.site,
                    f"`{own}.step()` also uses the gradients that the `backward()` for `{other}` left there",
                    about=own,
                )
                break


def _is_for(model: Model, backward: Event, own: Optimizer, other: Optimizer) -> bool:
    """Whether a pass backward is for one optimizer and not for another one: right before it, only that is cleared."""
    cleared = _cleared_before(model, backward)
    return any(clears(event, own).yes for event in cleared) and all(clears(event, other).no for event in cleared)


def _of_others(
    model: Model, taken: list[tuple[Optimizer, Event]]
) -> dict[Optimizer, dict[Event, tuple[Optimizer, Event]]]:
    """For each optimizer the passes backward for others that reach what it holds, each with the step that is next."""
    next_steps = _Next(taken)
    reaching: dict[int, dict[Event, tuple[Optimizer, Event]]] = {}
    for backward in model.events("backward"):
        after = next_steps.after(backward)
        if after is not None and _reaches(model, backward, after[0]):
            for tensor in reach_of(model, backward):
                reaching.setdefault(id(tensor), {})[backward] = after
    found: dict[Optimizer, dict[Event, tuple[Optimizer, Event]]] = {}
    for own in dict.fromkeys(optimizer for optimizer, _ in taken):
        mine = {id(t) for t in own.tensors if t.known and not t.escaped and not t.flags.seen}
        passes = {backward: after for t in mine for backward, after in reaching.get(t, {}).items()}
        apart = {o: not any(id(t) in mine for t in o.tensors) for o in {after[0] for after in passes.values()}}
        found[own] = {b: after for b, after in passes.items() if after[0] is not own and apart[after[0]]}
    return found


def _left(model: Model, foreign: Timeline, own_pass: Event, own: Optimizer) -> Iterator[Event]:
    """The passes backward, of some, whose gradients are still there when an optimizer's own pass begins."""
    found: set[Event] = set()
    for until in own_pass.order:
        if next(foreign.back(until), None) is not None:
            since = may_clear(model, own).last(until, lambda event: not event.guard)
            found.update(foreign.back(until, since))
    for one in sorted(found, key=first_time):
        if one is not own_pass and _stays(model, one, own_pass, own):
            yield one


def _stays(model: Model, foreign: Event, until: Event, own: Optimizer) -> bool:
    """Whether nothing that may clear an optimizer's gradients happens from a pass backward to another, or a step."""
    if not model.follows(foreign, until).yes or foreign.loops != until.loops or not foreign.loops:
        return False
    return model.between(foreign, until, may_clear(model, own)).no


def _cleared_together(model: Model, foreign: Event, own: Optimizer, other: Optimizer) -> bool:
    """Whether both optimizers are cleared right before a pass backward: then both may be meant to use its gradients."""
    cleared = _cleared_before(model, foreign)
    return all(any(clears(event, optimizer).yes for event in cleared) for optimizer in (own, other))


def _cleared_before(model: Model, backward: Event) -> list[Event]:
    """What is cleared before a pass backward, and after what is stepped or passed back before it."""
    until = min(backward.order)
    earlier = model.timeline("stepped", "backward").begun(until)
    latest = next((e for e in earlier if e.site.node is not backward.site.node), None)  # one loss, or another there
    since = min(latest.order) if latest is not None else ()
    happened = model.timeline("cleared").between(since, until)
    return [e for e in happened if e.loops == backward.loops and min(e.order) > since]


def _last_backward(model: Model, step: Event) -> Event | None:
    return next((b for b in model.timeline("backward").begun(min(step.order)) if b.loops == step.loops), None)


class _Next:
    """Looks up the first step after a pass backward, in its round."""

    def __init__(self, taken: list[tuple[Optimizer, Event]]) -> None:
        self._by_loops: dict[object, list[tuple[Optimizer, Event]]] = {}
        for optimizer, step in sorted(taken, key=lambda pair: min(pair[1].order)):
            self._by_loops.setdefault(step.loops, []).append((optimizer, step))

    def after(self, backward: Event) -> tuple[Optimizer, Event] | None:
        """The optimizer and its step."""
        taken = self._by_loops.get(backward.loops, [])
        first = bisect_right(taken, min(backward.order), key=lambda pair: min(pair[1].order))
        fitting = (taken[i] for i in range(first, len(taken)) if taken[i][1].guard.is_known_to_fit(backward.guard))
        return next(fitting, None)


def _reaches(model: Model, backward: Event, other: Optimizer) -> bool:
    reach = {id(t) for t in reach_of(model, backward)}
    return any(id(t) in reach for t in other.tensors)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.leftover:
        first, other = seen.words["optimizer"], seen.words["other"]
        yield run.proof(seen, f"`{first}` steps on gradients too that the loss of `{other}` left in its parameters")
