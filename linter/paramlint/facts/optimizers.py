"""Where optimizers are built, and what they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.passed_on import spread_arguments

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: The classes that torch ships, to nominate code that builds one.
OPTIMIZER_NAMES = (
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam", "RAdam",
    "RMSprop", "Rprop", "SGD", "SparseAdam",
)  # fmt: skip


def optimizer_calls(scope: Scope) -> Iterator[tuple[nodes.Call, nodes.BaseExpression]]:
    """The calls that build an optimizer, each with the parameters or groups that it is given."""
    for call in scope.find(nodes.Call):
        if _last_name(call) not in OPTIMIZER_NAMES:
            continue
        found = scope.type(call)
        if found is None or found.kind != "optimizer":
            continue
        for arg in spread_arguments(scope, call):
            if arg.star:
                break
            if arg.keyword is None or arg.keyword.value == "params":
                yield call, arg.value
                break


def _last_name(call: nodes.Call) -> str:
    if isinstance(call.func, nodes.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, nodes.Name) else ""
