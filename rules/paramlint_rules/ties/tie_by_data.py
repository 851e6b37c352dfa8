"""Giving one parameter the `.data` of another shares memory, but the two stay two parameters.

After `a.weight.data = b.weight.data` both read the same numbers. But the optimizer gets both, each with a gradient and
state of its own, so the shared memory is updated twice. And `.to()`, `copy.deepcopy` and loading a checkpoint end the
sharing silently.

Bad:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight.data = self.table.weight.data

Good:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = self.table.weight

Fix: unsafe. The two become one parameter, so the model has fewer parameters and the optimizer sees one gradient.
Leave it: the source is thrown away afterwards, or only its values were wanted: then copy them under `torch.no_grad()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.ties import bare_parameter, in_one_model
from paramlint.rule import Change, Finding, Fix, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM502", "tie-by-data", group="bug", fix="unsafe", doc=__doc__, triggers=(Stores("data"),))


@rule.static(cst.Assign)
def check(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    written = node.targets[0].target
    if not isinstance(written, cst.Attribute) or written.attr.value != "data" or len(node.targets) != 1:
        return
    target, source = bare_parameter(scope, written), bare_parameter(scope, node.value)
    if target is None or source is None or not in_one_model(scope, target, source):
        return
    names = f"`{scope.text(target)}` gets the memory of `{scope.text(source)}` but stays a parameter of its own"
    changes = (Change(written, written, scope.text(target)), Change(node.value, node.value, scope.text(source)))
    fix = Fix("Assign the parameter itself", changes, "unsafe")
    yield Finding(written, f"{names}, so the two are trained and moved apart", fix)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for alias in model.aliases:
        if len(alias.parameters) > 1 and alias.by_data:
            first, second = alias.parameters[:2]
            message = f"`{second.name}` got the memory of `{first.name}` through `.data`, which is not a tie"
            yield second.proof(message, names=alias.names, lost_by=model.lost_by(alias.names))


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.unaliased
