"""Clipping that meets no gradient limits nothing.

`clip_grad_norm_` scales the `.grad` of what it is given. A loss has none, another model's are not those that the
optimizer uses, and before `backward()` they are cleared: each time the call returns without a word and the step is as
large as ever.

Setup:
    batches = torch.load("batches.pt")

Bad:
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        loss.backward()
        optimizer.step()

Good:
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

Leave it: the call only measures a norm, and its result is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Optimizer, Site, Tensor, said
from paramlint.model.questions.training import WORDS, all_known, may_compute, steps, together
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM721",
    "clip-of-no-parameter",
    group="bug",
    doc=__doc__,
    triggers=(Asks("clip_grad_norm_", "clip_grad_value_", *WORDS),),
)


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for clip in model.events("read"):
        if clip.get("how") != "clipped":
            continue
        losses = [backward.of for backward in model.events("backward")]
        if all(_is_computed(one) or one in losses for one in clip.get("options")):
            message = f"`{_given(clip.site)}` is computed and has no gradient of its own, so nothing is clipped"
            yield Claim(said(True), clip.site, message)
            continue
        early = _before_backward(model, clip)
        if early.yes:
            yield Claim(
                early, clip.site, "the gradients are clipped before `backward()` computes them, so nothing is clipped"
            )
        elif _of_others(model, clip):
            yield Claim(
                said(True),
                clip.site,
                f"`{clip.tensors[0]}` is clipped and in no optimizer that steps after it, so nothing is limited",
            )


def _given(clip: Site) -> str:
    """How the first argument of a call reads."""
    node = clip.node
    return clip.text(node.args[0].value if isinstance(node, nodes.Call) and node.args else node)


def _is_computed(what: object) -> bool:
    """Whether it is no leaf: computed, or picked out of a parameter by an index."""
    if not isinstance(what, Tensor) or what.role != "plain" or not what.made_from:
        return False
    return not what.view or (what.view == "index" and what.base is not None and what.base.role == "parameter")


def _before_backward(model: Model, clip: Event) -> Answer:
    """Whether gradients are cleared, or used, then clipped, and only then computed."""
    if clip.guard.loop or not any(backward.loops == clip.loops for backward in model.events("backward")):
        return Answer("unknown")  # in some rounds alone
    if _is_after_clearing(model, clip):
        return said(True)
    earlier = model.timeline("stepped").back(max(clip.order)) if clip.loops else ()
    step = next((e for e in earlier if e.loops == clip.loops), None)
    if step is None or not model.between(clip, step, ("backward",)).yes:
        return Answer("unknown")
    return model.follows(clip, step) & ~model.between(step, clip, ("backward", "escaped"), partial(may_compute, model))


def _is_after_clearing(model: Model, clip: Event) -> bool:
    """Whether the gradients of an optimizer are cleared, then clipped, and only then computed and used."""

    def is_beside(event: Event) -> bool:
        return event.loops == clip.loops and not event.guard and together(event, clip)

    begun, time = model.timeline("cleared").begun, min(clip.order)
    passes = (b for b in model.timeline("backward").since(time) if is_beside(b) and min(b.order) > time)
    backward = next(passes, None)
    if clip.guard or backward is None:
        return False
    used = (s for s in model.timeline("stepped").since(min(backward.order)) if is_beside(s))
    after = dict.fromkeys(s.of for s in used if min(s.order) > min(backward.order))
    for optimizer in after:
        cleared = next((e for e in begun(time) if e.of == optimizer and is_beside(e)), None)
        mine = {id(t) for t in optimizer.tensors} if isinstance(optimizer, Optimizer) else None
        if cleared is not None and (mine is None or any(id(t) in mine for t in clip.get("tensors"))):
            if not model.between(cleared, clip, ("backward", "escaped"), partial(may_compute, model)).yes:
                return True
    return False


def _of_others(model: Model, clip: Event) -> bool:
    """Whether no step after it uses one of the gradients that are clipped."""
    clipped = clip.get("tensors")
    if not clipped or not all_known(model) or any(t.escaped for t in clipped):
        return False
    after = [o for o, step in steps(model) if model.follows(clip, step).yes]
    if any(not t.known for t in clipped) and not _are_of_others(model, clipped, after):
        return False
    later = [e for t in clipped for e in model.events("written", "rebound", of=t) if e.author == "user"]
    if any(model.follows(clip, e).yes for e in later):  # a step by hand
        return False
    ids = {id(t) for t in clipped}
    return bool(after) and not any(id(t) in ids for o in after for t in o.tensors)


def _are_of_others(model: Model, clipped: list[Tensor], after: list[Optimizer]) -> bool:
    """Whether all parameters of something that is not known are held by other optimizers than those that step."""
    ids = {id(t) for t in clipped}
    mine = {str(t).removesuffix(".parameters()") for t in clipped}
    others = {str(t).removesuffix(".parameters()") for o in after for t in o.tensors}
    if any(a.startswith(f"{b}.") or b.startswith(f"{a}.") for a in mine for b in others):  # one is a part of the other
        return False
    return any(ids <= {id(t) for t in o.tensors} for o in model.optimizers if o not in after)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.idle_clips:
        yield run.proof(seen, f"`{seen.words['function']}` {seen.words['how']}, so nothing is clipped")
