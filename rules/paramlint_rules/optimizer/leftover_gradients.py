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

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Optimizer, reached, said
from paramlint.model.questions.training import WORDS, clears, steps
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM723", "leftover-gradients", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    taken = list(steps(model))
    if len({id(o) for o, _ in taken}) < 2:
        return
    for own, step in taken:
        mine = {id(t) for t in own.tensors if t.known and not t.escaped and not t.flags.seen}
        backward = _last_backward(model, step)
        if not mine or backward is None:
            continue
        for foreign in model.events("backward"):
            other = _first_step(foreign, taken)
            if foreign is backward or other is None or other[0] is own or not _reaches(foreign, mine, other[0]):
                continue
            if other[1].site.node is step.site.node:  # one of the two steps there, by a condition
                continue
            if any(id(t) in mine for t in other[0].tensors) or not _stays(model, foreign, backward, own):
                continue
            if _cleared_together(model, foreign, own, other[0]):
                continue
            yield Claim(
                said(True),
                step.site,
                f"`{own}.step()` also uses the gradients that the `backward()` for `{other[0]}` left there",
                about=own,
            )
            break


def _stays(model: Model, foreign: Event, backward: Event, own: Optimizer) -> bool:
    """Whether nothing that may clear an optimizer's gradients happens from one pass backward to the other."""
    if not model.follows(foreign, backward).yes or foreign.loops != backward.loops or not foreign.loops:
        return False

    def may_clear(event: Event) -> bool:
        return event.kind == "escaped" or not clears(event, own).no

    return model.between(foreign, backward, ("cleared", "escaped"), may_clear).no


def _cleared_together(model: Model, foreign: Event, own: Optimizer, other: Optimizer) -> bool:
    """Whether both optimizers are cleared right before a pass backward: then both may be meant to use its gradients."""
    happened = model.events("stepped", "backward")

    def is_right_before(event: Event) -> bool:
        since, until = min(event.order), min(foreign.order)
        return since < until and not any(since < min(other.order) < until for other in happened)

    cleared = [e for e in model.events("cleared") if e.loops == foreign.loops and is_right_before(e)]
    return all(any(clears(event, optimizer).yes for event in cleared) for optimizer in (own, other))


def _last_backward(model: Model, step: Event) -> Event | None:
    before = [b for b in model.events("backward") if b.loops == step.loops and min(b.order) < min(step.order)]
    return before[-1] if before else None


def _first_step(backward: Event, taken: list[tuple[Optimizer, Event]]) -> tuple[Optimizer, Event] | None:
    """The first step after a pass backward, in its round."""
    after = [
        (o, s)
        for o, s in taken
        if s.loops == backward.loops and min(s.order) > min(backward.order) and s.guard.is_known_to_fit(backward.guard)
    ]
    return min(after, key=lambda pair: min(pair[1].order), default=None)


def _reaches(backward: Event, mine: set[int], other: Optimizer) -> bool:
    reach = {id(t) for t in reached(backward.of)}
    return bool(reach & mine) and any(id(t) in reach for t in other.tensors)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.leftover:
        first, other = seen.words["optimizer"], seen.words["other"]
        yield run.proof(seen, f"`{first}` steps on gradients too that the loss of `{other}` left in its parameters")
