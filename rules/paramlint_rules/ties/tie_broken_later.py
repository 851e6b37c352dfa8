"""A tie ends when one of its sides gets a new parameter.

After `self.head.weight = self.table.weight` both names hold one parameter. A later `self.head = nn.Linear(...)`, or a
weight norm on the layer, gives one name a parameter of its own, and the two are trained apart from there on.

Bad:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = self.table.weight
    self.head = nn.Linear(8, 100, bias=False)

Good:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100, bias=False)
    self.head.weight = self.table.weight

Leave it: the tie is made again, in code that cannot be seen from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, Place, Tensor, before, said
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM503",
    "tie-broken-later",
    group="bug",
    doc=__doc__,
    triggers=(Asks("weight", "bias", "Parameter"),),
)


#: Places of one parameter that are compared with each other.
_MOST_PLACES = 16


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in model.parameters:
        held = [p for p in tensor.places if p.registered and _is_held(p.holder)][:_MOST_PLACES]
        for first, second in combinations(held, 2):
            if second.since.author == "user" and (first.holder, first.key) != (second.holder, second.key):
                for broken, what in (*_breaks(model, tensor, first, second), *_breaks(model, tensor, second, first)):
                    names = f"`{second.holder}.{second.key}` was tied to `{first.holder}.{first.key}`"
                    message = f"`{what}` gets a new parameter after {names}, which ends the tie"
                    yield Claim(said(True), broken.site, message)


def _is_held(holder: object) -> bool:
    """Whether a place is in a part of the model: what something else was made from, and nobody keeps, is none."""
    return isinstance(holder, Module) and (holder.is_root or bool(holder.places.seen))


def _breaks(model: Model, tensor: Tensor, side: Place, other: Place) -> Iterator[tuple[Event, str]]:
    """What gives one side of a tie another parameter, where nothing makes the tie again, and which side that is."""
    tied = max(side.since, other.since, key=lambda event: event.order)
    around = {(id(p.holder), p.key.strip("[]")): p for p in (*side.holder.places, side) if p.registered}
    for event in model.events("registered"):
        holder, key, new = event.data["holder"], str(event.data["key"]), event.of
        if event.author != "user":
            old, key = (side if _takes_the_place(event, side) else None), side.key
        else:
            old = around.get((id(holder), key.strip("[]")))
        if old is None or new is old.what or not _comes_after(model, tied, event):
            continue
        if not old.guard.is_known_to_fit(event.guard):
            continue  # an assignment of what may be one of several things gives each its place
        if isinstance(new, Tensor) and any(_is_elsewhere(place, event) for place in new.places):
            continue
        owns = isinstance(new, Tensor) or (new.known.yes and any(t is not tensor for t in new.parameters))
        if owns and tensor not in _tensors(new) and not _is_tied_again(model, event, side.key):
            yield event, f"{holder}.{key}"


def _takes_the_place(event: Event, side: Place) -> bool:
    """Whether torch registers a parameter of its own where it takes one away for good: a weight norm does."""
    taken = side.until
    if taken is None or event.site.node is not taken.site.node or event.data["holder"] is not side.holder:
        return False
    return event.data["role"] != "buffer" and side.what not in side.holder.parameters.seen


def _is_elsewhere(place: Place, event: Event) -> bool:
    """Whether something has another place than where it is registered: it is tied to something else."""
    is_there = place.holder is event.data["holder"] and place.key == event.data["key"]
    return not is_there and place.guard.fits(event.guard)


def _tensors(what: Module | Tensor) -> tuple[Tensor, ...]:
    return what.parameters.seen if isinstance(what, Module) else (what,)


def _comes_after(model: Model, tied: Event, event: Event) -> bool:
    """Whether something comes after a tie: in one call, or in a method that is called on what `__init__` has tied."""
    if tied.get("inside") != event.get("inside"):
        others = [e for e in model.events("registered") if e.get("inside") != event.get("inside")]
        is_of_init = any(e.site.node is event.site.node for e in others)  # others call the method, and may tie again
        return tied.get("inside") == "__init__" and tied.guard.is_known_to_fit(event.guard) and not is_of_init
    return model.follows(tied, event).yes


def _is_tied_again(model: Model, broken: Event, key: str) -> bool:
    """Whether a parameter that has another place is registered under the same name later in the same call."""
    again = [
        e
        for e in model.events("registered")
        if e.author == "user" and isinstance(e.of, Tensor) and e.data["key"] == key and len(e.of.places.seen) > 1
    ]
    return any(e.get("inside") == broken.get("inside") and model.follows(broken, e).yes for e in again)


@rule.question
def ask_bias(model: Model) -> Iterator[Claim]:
    """A layer without a bias gets other rows, and the vector beside it that stands for one keeps its length."""
    for event in model.events("registered"):
        layer, weight = event.data["holder"], event.of
        if event.data["key"] != "weight" or event.author != "user" or not isinstance(weight, Tensor):
            continue
        was = next((p.what for p in reversed(layer.holds.seen) if p.key == "weight" and before(p.since, event)), None)
        length = _length_before(was, weight, event)
        if length is None or layer.at("bias") is not None or not layer.known.yes:
            continue
        around = [(place, vector) for place in layer.places if place.registered for vector in place.holder.tensors]
        for place, vector in around:
            if vector.role == "parameter" and vector.shape == (length,) and not _is_renewed(model, vector):
                what = f"`{vector.key}` stands beside `{place.key}`, which has no bias"
                message = f"{what}, and keeps its length when that gets other rows"
                yield Claim(said(True), vector.places.seen[0].since.site, message, about=vector)


def _length_before(was: object, new: Tensor, event: Event) -> int | str | None:
    """How many rows a weight had, where one with as many columns and another number of rows takes its place."""
    old, shape = was.shape if isinstance(was, Tensor) else None, new.shape
    if old is None or shape is None or len(old) < 2 or old[1:] != shape[1:] or old[0] == shape[0]:
        return None
    is_counted = isinstance(old[0], int) and isinstance(shape[0], int)
    # What a constructor calls by two names may be one number.
    return old[0] if is_counted or all(site.function != "__init__" for site in event.way) else None


def _is_renewed(model: Model, vector: Tensor) -> bool:
    """Whether a parameter gets other data, or gives its place to another one."""
    return bool(model.events("rebound", of=vector)) or not all(p.holds for p in vector.places if p.registered)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for kept, lost, name in model.broken_ties:
        message = f"`{name}` was tied to `{kept.name}` and then replaced, so the tie is gone"
        yield lost.proof(message, tied_to=kept.name)


@rule.runtime
def verify_bias(model: LiveModel) -> Iterator[Proof]:
    for bias, weight in model.outgrown_biases:
        rows = weight.shape[0]
        message = f"`{bias.name}` kept its length of {bias.shape[0]} when `{weight.name}` got {rows} rows"
        yield bias.proof(message, resized=weight.name)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.held_ties


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.parted_ties:
        first, other = seen.names
        yield run.proof(seen, f"`{first}` and `{other}` were one parameter and came apart, so they train apart")
