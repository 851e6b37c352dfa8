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
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.tie_ends import Replacement, bias_without_place, replaced_in_class, replaced_in_scope
from paramlint.facts.ties import ties_in
from paramlint.rule import Calls, Finding, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM503",
    "tie-broken-later",
    group="bug",
    doc=__doc__,
    triggers=(Stores("weight", "bias", of_names=True), Calls("Parameter")),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for tie in ties_in(scope):
        for found in (*replaced_in_scope(scope, tie), *replaced_in_class(scope, tie)):
            yield Finding(found.node, _message(found))


def _message(found: Replacement) -> str:
    return (
        f"`{found.what}` gets a new parameter after `{found.target}` was tied to `{found.source}`, which ends the tie"
    )


@rule.static(cst.Assign)
def check_bias(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    layer = bias_without_place(scope, node)
    if layer is not None:
        target = scope.text(node.targets[0].target)
        message = f"`{target}` is kept equal to the bias of `{layer}`, which has none, so a resize does not reach it"
        yield Finding(node.targets[0].target, message)


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
