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

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.tie_ends import Replacement, bias_without_place, replaced_in_class, replaced_in_scope
from paramlint.facts.ties import ties_in
from paramlint.model import Claim, Event, Model, Module, Place, Tensor, said
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Calls, Finding, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM503",
    "tie-broken-later",
    group="bug",
    doc=__doc__,
    triggers=(Stores("weight", "bias", of_names=True), Calls("Parameter"), Asks("weight", "bias", "Parameter")),
)


#: Places of one parameter that are compared with each other.
_MOST_PLACES = 16


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor in model.parameters:
        held = [p for p in tensor.places if p.registered and _is_held(p.holder)][:_MOST_PLACES]
        for first, second in combinations(held, 2):
            if second.since.author == "user" and (first.holder, first.key) != (second.holder, second.key):
                for broken in (*_breaks(model, tensor, first, second), *_breaks(model, tensor, second, first)):
                    names = f"`{second.holder}.{second.key}` was tied to `{first.holder}.{first.key}`"
                    what = f"{broken.data['holder']}.{broken.data['key']}"
                    message = f"`{what}` gets a new parameter after {names}, which ends the tie"
                    yield Claim(said(True), broken.site, message)


def _is_held(holder: object) -> bool:
    """Whether a place is in a part of the model: what something else was made from, and nobody keeps, is none."""
    return isinstance(holder, Module) and (holder.is_root or bool(holder.places.seen))


def _breaks(model: Model, tensor: Tensor, side: Place, other: Place) -> Iterator[Event]:
    """What gives one side of a tie another parameter, where nothing makes the tie again."""
    tied = max(side.since, other.since, key=lambda event: event.order)
    around = {(id(p.holder), p.key.strip("[]")): p.what for p in side.holder.places if p.registered}
    around[id(side.holder), side.key] = tensor
    for event in model.events("registered"):
        old = around.get((id(event.data["holder"]), str(event.data["key"]).strip("[]")))
        new = event.of
        if old is None or new is old or event.author != "user" or not _comes_after(model, tied, event):
            continue
        if isinstance(new, Tensor) and len(new.places.seen) > 1:  # a tie to something else
            continue
        owns = isinstance(new, Tensor) or (new.known.yes and any(t is not tensor for t in new.parameters))
        if owns and tensor not in _tensors(new) and not _is_tied_again(model, event, side.key):
            yield event


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


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for tie in ties_in(scope):
        for found in (*replaced_in_scope(scope, tie), *replaced_in_class(scope, tie)):
            yield Finding(found.node, _message(found), attribute=found.what, others=(found.target, found.source))


def _message(found: Replacement) -> str:
    return (
        f"`{found.what}` gets a new parameter after `{found.target}` was tied to `{found.source}`, which ends the tie"
    )


@rule.static(nodes.Assign, nodes.AnnAssign)
def check_bias(node: nodes.BaseSmallStatement, scope: Scope) -> Iterator[Finding]:
    for target, value in assigned(node):
        layer = bias_without_place(scope, target, value)
        if layer is not None:
            text = scope.text(target)
            message = f"`{text}` is kept equal to the bias of `{layer}`, which has none, so a resize does not reach it"
            yield Finding(target, message, others=(layer,))


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
