"""What optimizers are given: parameters, and groups of them."""

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


def value_of(scope: Scope, node: nodes.BaseExpression) -> nodes.BaseExpression:
    """The expression that a name stands for, when it is bound once; else the node itself."""
    if isinstance(node, nodes.Name):
        bindings = scope.bindings.get(node.value, [])
        if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
            return bindings[0].value
    return node


def groups(scope: Scope, node: nodes.BaseExpression) -> list[nodes.BaseExpression]:
    """What an optimizer's groups hold, one expression a group; without groups, the parameters as they are given."""
    node = value_of(scope, node)
    if isinstance(node, nodes.List):
        held = [group_value(value_of(scope, e.value)) for e in node.elements if isinstance(e, nodes.Element)]
        if any(value is not None for value in held):
            return [value for value in held if value is not None]
    return [node]


def group_value(node: nodes.Node) -> nodes.BaseExpression | None:
    """`p` of the group `{"params": p, ...}` or `dict(params=p, ...)`."""
    if isinstance(node, nodes.Dict):
        for element in node.elements:
            if isinstance(element, nodes.DictElement) and isinstance(element.key, nodes.SimpleString):
                if element.key.evaluated_value == "params":
                    return element.value
    elif isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name) and node.func.value == "dict":
        for arg in node.args:
            if arg.keyword is not None and arg.keyword.value == "params":
                return arg.value
    return None


def _last_name(call: nodes.Call) -> str:
    if isinstance(call.func, nodes.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, nodes.Name) else ""
