"""Calls that initialise: functions of `torch.nn.init`, others of the same names, in-place methods of tensors."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from paramlint import nodes
from paramlint.facts.scopes import Scope
from paramlint.knowledge import DEPRECATED_INIT, INIT_FUNCTIONS, TENSOR_INIT_INPLACE
from paramlint.nodes.call_arguments import arguments_of, without_data

_PREFIX = "torch.nn.init."
#: Attributes that show that a function works on modules.
_OF_MODULES = {"weight", "bias", "apply", "modules", "named_modules", "parameters", "named_parameters", "children"}


@dataclass(frozen=True, eq=False)
class InitCall:
    """One call that gives a whole tensor new values.

    Attributes:
        node: the call.
        function: the name in `torch.nn.init`, by its current spelling, or the method's name.
        target: what is written, without a `.data` behind it.
        arguments: the other arguments by name; positions after a starred argument are left out.
    """

    scope: Scope
    node: nodes.Call
    function: str
    target: nodes.BaseExpression
    arguments: Mapping[str, nodes.BaseExpression]


def init_function(scope: Scope, node: nodes.Node) -> str | None:
    """The function of `torch.nn.init` that an expression names, as it is written there."""
    name = scope.qualified(node)
    if name is None or not name.startswith(_PREFIX):
        return None
    last = name[len(_PREFIX) :]
    return last if last in INIT_FUNCTIONS or last in DEPRECATED_INIT else None


def init_call(scope: Scope, node: nodes.Call) -> InitCall | None:
    """The call of an init function, of torch or of the same name in another library, that a node is."""
    name = scope.qualified(node.func)
    if name is None:
        return None
    last = name.rpartition(".")[2]
    if name.startswith(_PREFIX):
        last = DEPRECATED_INIT.get(last, last)
    elif last not in INIT_FUNCTIONS or not _takes_tensor(scope, node.func):
        return None
    if last not in INIT_FUNCTIONS:
        return None
    given = arguments_of(node.args, INIT_FUNCTIONS[last])
    target = given.pop("tensor", None)
    return None if target is None else InitCall(scope, node, last, without_data(target), given)


def write_call(scope: Scope, node: nodes.Call) -> InitCall | None:
    """Like `init_call`, and also an in-place method that writes the whole tensor without reading it."""
    found = init_call(scope, node)
    if found is not None or not isinstance(node.func, nodes.Attribute):
        return found
    method = node.func.attr.value
    if method not in TENSOR_INIT_INPLACE or scope.qualified(node.func) is not None:
        return None
    given = arguments_of(node.args, ())
    return InitCall(scope, node, method, without_data(node.func.value), given)


def _takes_tensor(scope: Scope, func: nodes.BaseExpression) -> bool:
    """Whether a called name is a function that writes a tensor: an imported one, or one here that takes no module."""
    symbol = scope.resolve(func)
    if symbol is None or isinstance(symbol, str):
        return (scope.dotted(func) or "").partition(".")[0] in scope.file.outline.imports
    if not isinstance(symbol, Scope) or symbol.unit.cls is not None:
        return False
    node = symbol.unit.tree
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if not symbol.words & _OF_MODULES:
        return True
    first = next((arg.arg for arg in (*node.args.posonlyargs, *node.args.args)), None)
    return not any(
        isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == first and n.attr in _OF_MODULES
        for n in ast.walk(node)
    )
