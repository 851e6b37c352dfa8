"""A parameter made from another parameter shares its memory, but it is not the same parameter.

`nn.Parameter(other.weight)` is a new object on the old storage. The two look tied at first. But the optimizer gets
both, each with its own gradient and state, and `.to()`, `copy.deepcopy` and loading a checkpoint end the sharing.

Bad:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = nn.Parameter(self.table.weight)

Good:
    self.table = nn.Embedding(100, 8)
    self.head = nn.Linear(8, 100)
    self.head.weight = self.table.weight

Fix: unsafe. The two become one parameter, so the model has fewer parameters and the optimizer sees one gradient.
Leave it: the source is thrown away afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.ties import bare_parameter, in_one_model
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.rule import Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM501", "tie-by-rewrap", group="bug", fix="unsafe", doc=__doc__, triggers=(Calls("Parameter"),))

#: Methods and attributes that give a view of the same memory.
_VIEWS = {"t", "T", "mT", "transpose", "view", "reshape", "permute"}


@rule.static(cst.Assign)
def check(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    target, value = node.targets[0].target, node.value
    if not isinstance(target, cst.Attribute) or not isinstance(value, cst.Call):
        return
    if scope.qualified(value.func) not in PARAMETER_CLASSES or not value.args or _is_frozen(value, scope):
        return
    wrapped = value.args[0].value
    source = bare_parameter(scope, _viewed(wrapped))
    if source is None or not in_one_model(scope, target, source):
        return
    names = f"`{scope.text(target)}` is a new parameter on the memory of `{scope.text(source)}`"
    fix = None
    if _viewed(wrapped) is wrapped and len(node.targets) == 1:
        fix = Fix("Assign the parameter itself", (Change(value, value, scope.text(source)),), "unsafe")
    yield Finding(value, f"{names}, so the two are trained and moved apart", fix)


def _viewed(node: cst.BaseExpression) -> cst.BaseExpression:
    """`x` of `x.t()` and `x.T`."""
    inner = node.func if isinstance(node, cst.Call) else node
    return inner.value if isinstance(inner, cst.Attribute) and inner.attr.value in _VIEWS else node


def _is_frozen(call: cst.Call, scope: Scope) -> bool:
    """Whether `requires_grad=False` makes it a view that is not trained."""
    flags = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "requires_grad"]
    return any(scope.text(flag) != "True" for flag in [*flags, *(arg.value for arg in call.args[1:2])])


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for alias in model.aliases:
        if len(alias.parameters) > 1 and not alias.by_data:
            first, second = alias.parameters[:2]
            message = f"`{second.name}` is a second parameter on the memory of `{first.name}`, not a tie"
            yield second.proof(message, names=alias.names, lost_by=model.lost_by(alias.names))


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.unaliased
