"""Gradients that are never cleared add up over all batches.

`backward()` adds to `.grad`. In a loop that steps and clears nothing, each step follows the sum of all gradients so
far: the loss falls at first, then the updates grow and the training comes apart.

Setup:
    batches = torch.load("batches.pt")

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

Leave it: gradients are accumulated over several batches on purpose, and cleared after the step that uses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Answer, Claim, Event, Model, Module, Optimizer, Tensor, said
from paramlint.model.questions.training import WORDS, clears, computes_loss, is_optimizer, may_clear, may_train, spoken
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM716", "gradients-never-cleared", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    engines = _engines(model)
    for step in model.events("stepped"):
        if not step.repeats or not is_optimizer(step.of) or _is_given(step):
            continue
        through = engines.get(step.loops[:1])
        if through is None or step.of in through:  # an engine clears by itself
            continue
        # Several optimizers that step one after the other, as in `for o in optimizers: o.step()`, add nothing up.
        own = may_clear(model, step.of) if isinstance(step.of, Optimizer) else model.timeline("cleared", "escaped")
        dirty = ~model.between(step, step, own, _is_clearing, with_any=("backward",))
        if dirty.yes:
            yield _claim(step, dirty)


@rule.question
def check_method(model: Model) -> Iterator[Claim]:
    """A step in a method that somebody else calls again and again, of an optimizer that the class clears nowhere."""
    if any(root.is_a("LightningModule").yes for root in model.roots):
        return
    for optimizer in model.optimizers:
        made = optimizer.made
        if made is None or "LBFGS" in str(made.get("algorithm")) or not _is_kept(model, optimizer):
            continue
        again = [e for e in model.events("cleared") if e.get("inside") != "__init__"]
        if model.events("escaped", of=optimizer) or any(not clears(e, optimizer).no for e in again):
            continue
        for step in optimizer.steps:
            before = [b for b in model.events("backward") if b.get("inside") == step.get("inside")]
            is_once = _is_once(step) or step.get("inside") == made.get("inside")
            if is_once or not any(b.loops == step.loops and model.follows(b, step).yes for b in before):
                continue
            yield _claim(step, said(True))
            break


@rule.question
def check_given(model: Model) -> Iterator[Claim]:
    """The same of an optimizer that an object is given when it is made, in a method that computes a loss of its own."""
    if model.entry != "class" or model.events("cleared") or any(r.is_a("LightningModule").yes for r in model.roots):
        return
    for step in model.events("stepped"):
        inside = step.get("inside")
        if isinstance(step.of, (Optimizer, Module)) or _is_once(step) or not is_optimizer(step.of):
            continue
        if not _is_kept(model, step.of) or model.events("escaped", of=step.of):
            continue
        if any(
            _computes(b) and b.get("inside") == inside and _is_as_often(model, b, step)
            for b in model.events("backward")
        ):
            yield _claim(step, said(True))


def _claim(step: Event, answer: Answer) -> Claim:
    message = f"nothing clears the gradients from one `{spoken(step.of)}.step()` to the next, so they add up"
    return Claim(answer, step.site, message, about=step.of)


def _is_once(step: Event) -> bool:
    """Whether whoever calls the method does not repeat it: it is a test, or has a loop or a closure of its own."""
    inside = str(step.get("inside"))
    return inside == "__init__" or inside.startswith("test") or bool(step.loops) or _is_given(step)


def _is_kept(model: Model, optimizer: object) -> bool:
    """Whether the object that is made keeps an optimizer as an attribute, for all its methods."""
    return id(optimizer) in model.remember("what is bound", lambda: _bound(model))


def _bound(model: Model) -> frozenset[int]:
    """What attributes are given, or may be by a condition, each by its `id`."""
    bound = (one for e in model.events("bound") for one in (e.get("value"), *e.get("options", ())))
    return frozenset(map(id, bound))


def _computes(backward: Event) -> bool:
    """Whether a loss was computed here, and is not given by who calls, who may clear the gradients too."""
    return isinstance(backward.of, Tensor) and bool(backward.of.made_from)


def _is_as_often(model: Model, backward: Event, step: Event) -> bool:
    """Whether each pass backward is followed by a step: gradients do not add up on purpose."""
    return backward.loops == step.loops and model.follows(backward, step).yes and not step.guard.minus(backward.guard)


def _is_clearing(event: Event) -> bool:
    """Whether it clears something, or gives unknown code the means to."""
    return event.kind != "escaped" or (
        may_train(event) and not computes_loss(event) and not getattr(event.of, "loop", 0)
    )


def _is_given(step: Event) -> bool:
    """Whether the step is given something: a closure, or the action of an environment."""
    arguments = step.get("arguments")
    return arguments is not None and bool(arguments.values())


def _engines(model: Model) -> dict[object, list[object]]:
    """By each outermost loop with a pass backward the engines that its passes go through, None for no engine."""
    found: dict[object, list[object]] = {}
    for backward in model.events("backward"):
        if backward.loops:
            passed = found.setdefault(backward.loops[:1], [])
            if backward.get("through") not in passed:
                passed.append(backward.get("through"))
    return found


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.never_cleared:
        message = (
            f"the gradients of `{seen.words['optimizer']}` are never cleared, so each step uses the sum of all before"
        )
        yield run.proof(seen, message)
