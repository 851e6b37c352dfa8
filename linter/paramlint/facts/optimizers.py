"""What optimizers are given: parameters, and groups of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.passed_on import spread_arguments
from paramlint.nodes import operators
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_OPTIMIZER = re.compile(r"(^|_)(opt|optim|optimizer)(_|\d|$)")
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


@dataclass(frozen=True)
class Built:
    """An optimizer that is bound to a name.

    Attributes:
        call: what builds it.
        name: the name or attribute, as written.
        models: the modules whose parameters it is given, as dotted names.
    """

    call: nodes.Call
    name: str
    models: frozenset[str]


def built_optimizers(scope: Scope) -> Iterator[Built]:
    """The optimizers that a scope builds: by their class, or by name where a factory makes them."""
    for assign in scope.find(nodes.Assign):
        name = scope.dotted(assign.targets[0].target)
        if name is None or not isinstance(assign.value, nodes.Call):
            continue
        models = {m for arg in assign.value.args for m in _models(scope, value_of(scope, arg.value))}
        if not models:
            continue
        is_named = _OPTIMIZER.search(name.rpartition(".")[2]) is not None
        found = scope.type(assign.value) if not is_named else None
        if is_named or (found is not None and found.kind == "optimizer"):
            yield Built(assign.value, name, frozenset(models))


def _models(scope: Scope, node: nodes.BaseExpression) -> Iterator[str]:
    """The modules whose parameters an expression gives, filtered ones included."""
    for call in walk(node):
        if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute):
            if call.func.attr.value in ("parameters", "named_parameters"):
                written = scope.dotted(call.func.value)
                if written is not None:
                    yield written


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


def parameter_paths(scope: Scope, node: nodes.BaseExpression) -> list[tuple[str, bool]]:
    """What is certainly in a group, as dotted names: whole modules (true) and single parameters (false).

    `model.parameters()` gives `("model", True)`, `[model.scale]` gives `("model.scale", False)`; what is filtered, or
    not understood, gives nothing.
    """
    node = value_of(scope, node)
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return [path for e in node.elements for path in _element_paths(scope, e)]
    if isinstance(node, nodes.BinaryOperation) and isinstance(node.operator, operators.Add):
        return parameter_paths(scope, node.left) + parameter_paths(scope, node.right)
    if not isinstance(node, nodes.Call):
        return []
    if isinstance(node.func, nodes.Attribute) and node.func.attr.value == "parameters" and not node.args:
        written = scope.dotted(node.func.value)
        return [(written, True)] if written is not None else []
    if scope.qualified(node.func) in ("list", "tuple", "itertools.chain"):
        return [path for arg in node.args for path in parameter_paths(scope, arg.value)]
    return []


def _element_paths(scope: Scope, element: nodes.BaseElement) -> list[tuple[str, bool]]:
    if isinstance(element, nodes.StarredElement):
        return parameter_paths(scope, element.value)
    written = scope.dotted(element.value)
    return [(written, False)] if written is not None and "." in written else []


def _last_name(call: nodes.Call) -> str:
    if isinstance(call.func, nodes.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, nodes.Name) else ""
