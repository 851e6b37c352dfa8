"""A copy that follows a model's parameters alone keeps the first buffers.

The mean and variance of batch norms are buffers. A teacher or average that is updated by a loop over `parameters()`
gets new weights and keeps the statistics that it was copied with, so in `eval()` mode it normalises with those of an
untrained model.

Setup:
    batches = torch.load("batches.pt")

Bad:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    average = copy.deepcopy(model)
    average.eval()
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters()):
                slow.lerp_(fast, 0.01)
            average(x)

Good:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    average = copy.deepcopy(model)
    average.eval()
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters()):
                slow.lerp_(fast, 0.01)
            for slow, fast in zip(average.buffers(), model.buffers()):
                slow.copy_(fast)
            average(x)

Leave it: the copy is used in `train()` mode, where it gathers statistics of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, Tensor, said, sources
from paramlint.model.questions.training import below, only_evaluated, owners
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM712",
    "average-without-buffers",
    group="risk",
    doc=__doc__,
    triggers=(
        Asks("zip", "parameters", "ema", "ema_model", "update_ema", "teacher", "target", "deepcopy", made=False),
    ),
)

#: An average that an object keeps for others, which evaluate it.
_KEPT = re.compile(r"^self\.\w*(?:ema|shadow|avg|average)", re.IGNORECASE)


@rule.question
def check(model: Model) -> Iterator[Claim]:
    claimed: set[int] = set()
    for write in model.events("written", "rebound"):
        to, source = _pair(model, write)
        if to is None or source is None or id(to) in claimed or not (write.repeats or _averages(write)):
            continue
        running = [b for b in to.buffers if b.owner is not None and b.owner.is_a("_BatchNorm", "_NormBase").yes]
        if not running or not to.buffers.closed.yes or to.escaped or any(b.escaped for b in running):
            continue
        claimed.add(id(to))
        is_used_later = not to.calls.seen and to.copy_of is source and _KEPT.search(str(to)) is not None
        if _follow(model, to, running, write) or not (only_evaluated(to) or is_used_later):
            continue
        yield Claim(
            said(True),
            _listed(model, to, write).site,
            f"`{to}` follows the parameters of `{source}` alone, so its norms keep their first statistics",
            about=to,
        )


def _pair(model: Model, write: Event) -> tuple[Module | None, Module | None]:
    """The module whose parameter is written, and the one from whose parameters."""
    if write.author != "user" or not isinstance(write.of, Tensor) or write.of.role != "parameter":
        return None, None
    given = write.get("given", ()) if write.kind == "written" else (write.get("value"),)
    for value in given:
        for tensor in sources(value):
            to, source = _apart(model, write.of, tensor, write)
            if isinstance(to, Module) and isinstance(source, Module):
                return to, source
    return None, None


def _apart(
    model: Model, one: Tensor, other: Tensor, at: Event
) -> tuple[Tensor | Module, Tensor | Module] | tuple[None, None]:
    """The outermost modules that hold one tensor and not the other: what is in one model may be two parts of it."""
    roots = model.root_of(one, at), model.root_of(other, at)
    if roots[0] is not roots[1] or one is other:
        return roots if roots[0] is not roots[1] else (None, None)
    ways = [owners(t.owner)[::-1] if t.owner is not None else [] for t in (one, other)]
    mine = next((m for m in ways[0] if m not in ways[1]), None)
    its = next((m for m in ways[1] if m not in ways[0]), None)
    return (mine, its) if mine is not None and its is not None and its.cls == mine.cls else (None, None)


def _averages(write: Event) -> bool:
    """Whether what is written depends on what stood there, as in an average that is kept up, and in no plain copy."""
    given = write.get("given", ()) if write.kind == "written" else (write.get("value"),)
    is_step = write.get("law") in ("add_", "lerp_", "mul_")
    return is_step or any(tensor is write.of for value in given for tensor in sources(value))


def _follow(model: Model, to: Module, running: list[Tensor], write: Event) -> bool:
    """Whether the buffers are written too, or whole states are loaded, while the parameters are averaged."""
    later = [e for b in running for e in model.events("written", "rebound", of=b) if e.author == "user"]
    later += [e for m in below(to) for e in model.events("loaded", "rebound", of=m)]
    return any(model.follows(write, e).yes for e in later)


def _listed(model: Model, to: Module, write: Event) -> Event:
    """Where the parameters that are written were listed."""
    listed = [e for e in model.events("listed") if e.of is to and min(e.order) < min(write.order)]
    return listed[-1] if listed else write


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.averages_without_buffers:
        what = f"`{seen.words['average']}` follows `{seen.words['model']}` by its parameters only"
        yield run.proof(seen, f"{what}, so the statistics of {seen.said} stay as they were")
