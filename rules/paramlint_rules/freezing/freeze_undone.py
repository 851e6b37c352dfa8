"""Parameters that are frozen and then thawed again before anything is trained are not frozen.

Code that freezes some parameters is followed by code that sets `requires_grad = True` for all: a loop that sorts them
into groups, or `requires_grad_(True)`. What was meant to stay as it is trains with the rest.

Bad:
    for p in model.parameters():
        p.requires_grad = False
    for p in model.parameters():
        p.requires_grad = True

Good:
    for p in model.parameters():
        p.requires_grad = False

Leave it: both are switched to and fro on purpose, with a step or a backward in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise

from paramlint.model import Claim, Event, EventKind, Model, Module, Optimizer, Site, Tensor
from paramlint.model.timeline import Timeline
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM606",
    "freeze-undone",
    group="bug",
    doc=__doc__,
    triggers=(Asks("requires_grad", "requires_grad_"),),
)

_USES: tuple[EventKind, ...] = ("stepped", "backward", "called", "escaped")
_NAME = re.compile(r"[\w.]+(\[\w*\][\w.]*)*")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    rows: dict[int, dict[Tensor, None]] = {}
    of_all: dict[str, list[Event]] = {}
    for event in model.events("flagged"):
        if isinstance(event.of, Tensor):
            if _value(event) is False:
                rows.setdefault(event.site.row, {})[event.of] = None
            if event.of.name.endswith(_ALL):
                of_all.setdefault(event.of.name.removesuffix(_ALL), []).append(event)
    frozen = dict.fromkeys(map(tuple, rows.values()))  # together, wherever and however often
    switched = {
        tensor: _off_then_on(tensor, of_all)
        for tensor in dict.fromkeys(chain.from_iterable(frozen))
        if not _is_gone(tensor) and not _is_left_out(model, tensor)
    }
    for tensors in frozen:
        pairs = [switched[tensor] for tensor in tensors if tensor in switched]
        if not pairs or pairs[0] is None:
            continue
        if any(pair is None or pair[1].site.row != pairs[0][1].site.row for pair in pairs):
            continue  # thawing some of what was frozen leaves the rest as it is
        if all(pair is not None and _is_set(model, *pair) for pair in pairs):
            continue  # the flag was only in the way of a write
        off, on = pairs[0]
        undone = model.follows(off, on) & ~model.between(off, on, _USES, _may_train)
        site = _home(off)
        name = tensors[0].name if _NAME.fullmatch(tensors[0].name) else site.text(site.node)
        message = f"`{name}` is frozen here and thawed again in row {_home(on).row}"
        yield Claim(undone, site, message, about=tensors[0])


def _is_set(model: Model, off: Event, on: Event) -> bool:
    """Whether the tensor is given values while it is frozen."""
    return not model.between(off, on, ("written", "rebound"), lambda event: event.of is off.of).no


def _may_train(event: Event) -> bool:
    """Whether what was frozen may be used meanwhile: by name, or by unknown code that is given a model or optimizer."""
    return event.kind != "escaped" or isinstance(event.of, (Module, Optimizer))


#: How the parameters of something unknown are called, all of them together.
_ALL = ".parameters()"


def _off_then_on(tensor: Tensor, of_all: Mapping[str, Sequence[Event]]) -> tuple[Event, Event] | None:
    """The flags of a tensor that is frozen, and then thawed wherever it was frozen, by the same function."""
    of_whole = [e for name in _wholes(tensor) for e in of_all.get(name, ())]
    flags = [e for e in (*tensor.flags, *of_whole) if e.author == "user" and _value(e) is not None]
    flags.sort(key=lambda event: min(event.order))
    for off, on in pairwise(flags):
        if _value(off) is False and _value(on) is True and off.guard.implies(on.guard):
            if off.inside == on.inside and _home(on).function == _home(off).function:
                if _home(on).row > _home(off).row:
                    return off, on
    return None


def _wholes(tensor: Tensor) -> Iterator[str]:
    """The names of what all parameters of something unknown may be a part of, of which they are no copy."""
    if tensor.name.endswith(_ALL):
        name = tensor.name.removesuffix(_ALL)
        yield from (name[:end] for end in range(name.rfind("(") + 1, len(name)) if name[end] in ".[")


def _is_gone(tensor: Tensor) -> bool:
    """Whether something else stands in the place of the layer that holds it."""
    owner = tensor.owner
    return owner is not None and bool(owner.places.seen) and not any(place.holds for place in owner.places)


def _is_left_out(model: Model, tensor: Tensor) -> bool:
    """Whether an optimizer was made while it was frozen, and without it: what is thawed later is said by PRM704."""
    if tensor.groups.seen or tensor.escaped:
        return False
    off = [e for e in tensor.flags if _value(e) is False]
    on = [e for e in tensor.flags if _value(e) is True]
    since = min((time for e in off for time in e.order), default=())
    until = max((time for e in on for time in e.order), default=())
    optimizers = model.remember("when optimizers are made", lambda: _made(model))
    return any(
        any(model.follows(a, made).yes for a in off) and any(model.follows(made, b).yes for b in on)
        for made in optimizers.between(since, until)
    )


def _made(model: Model) -> Timeline:
    return Timeline([o.made for o in model.optimizers if o.made is not None])


def _home(event: Event) -> Site:
    """Where the function that is looked at does it: itself, or by calling a helper."""
    helped = [site for site in event.site.stack if site.function == event.get("inside")]
    return helped[0] if helped else event.site


def _value(event: Event) -> object:
    return getattr(event.get("value"), "value", None)
