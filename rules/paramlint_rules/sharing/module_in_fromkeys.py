"""`dict.fromkeys(keys, layer)` puts one and the same layer under every key.

The value is built once, before `fromkeys` sees it: all keys share one set of parameters, and training one trains all.

Bad:
    self.heads = nn.ModuleDict(dict.fromkeys(["a", "b"], nn.Linear(8, 1)))

Good:
    self.heads = nn.ModuleDict({key: nn.Linear(8, 1) for key in ["a", "b"]})

Fix: unsafe. Each key gets parameters of its own; checkpoints keep their keys.
Leave it: the keys are meant to share; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope, owns_parameters
from paramlint.facts.creation import is_creation
from paramlint.facts.intent import sharing_is_meant
from paramlint.rule import Calls, Change, Finding, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM305", "module-in-fromkeys", group="bug", fix="unsafe", doc=__doc__, triggers=(Calls("fromkeys"),))


@rule.static(cst.Call)
def check(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) not in ("dict.fromkeys", "collections.OrderedDict.fromkeys"):
        return
    if len(node.args) != 2 or any(arg.star or arg.keyword is not None for arg in node.args):
        return
    keys, value = node.args[0].value, node.args[1].value
    if owns_parameters(scope.type(value)) is not True or sharing_is_meant(scope, node, scope.text(value)):
        return
    name = scope.text(value.func) if isinstance(value, cst.Call) else scope.text(value)
    message = f"`{' '.join(name.split())}` is one module under every key, so all keys share its parameters"
    yield Finding(value, message, _fix(scope, node, keys, value))


def _fix(scope: Scope, node: cst.Call, keys: cst.BaseExpression, value: cst.BaseExpression) -> Fix | None:
    names = {name.value for name in walk(node) if isinstance(name, cst.Name)}
    if "key" in names or not is_creation(scope, value) or scope.qualified(node.func) != "dict.fromkeys":
        return None
    text = f"{{key: {scope.text(value)} for key in {scope.text(keys)}}}"
    return Fix("Build one for each key", (Change(node, node, text),), "unsafe")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for shared in model.shared_modules:
        if shared.fills is not None and not shared.is_meant and shared.is_keyed:
            message = (
                f"all {len(shared.names)} keys of `{shared.container}` hold one module, so they share its parameters"
            )
            yield shared.proof(message)
