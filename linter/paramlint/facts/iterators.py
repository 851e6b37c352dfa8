"""Iterators over parameters, and where code uses them up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts.name_uses import reads
from paramlint.facts.training import is_inside, loops_around
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Functions that go through all of an argument.
_CONSUMERS = {
    "all", "any", "dict", "enumerate", "filter", "list", "map", "max", "min", "set", "sorted", "sum", "tuple", "zip",
    "collections.OrderedDict", "torch.nn.ParameterList", "torch.nn.utils.clip_grad_norm_",
    "torch.nn.utils.clip_grad_value_", "torch.nn.utils.parameters_to_vector",
}  # fmt: skip
_CONSUMING_METHODS = {"extend", "update", "clip_grad_norm_", "clip_grad_value_", "add_param_group"}
#: Functions that look at the iterator itself, or take one item.
_LOOKERS = {
    "callable", "hasattr", "id", "isinstance", "iter", "next", "print", "repr", "type", "itertools.tee",
    "inspect.isgenerator",
}  # fmt: skip
_OPTIMIZER = re.compile(r"(^|_|\.)opt(im|imizer)?s?(_|\.|$)|Optim|Adam|SGD")


def is_parameter_iterator(scope: Scope, node: cst.BaseExpression | None) -> bool:
    """Whether an expression is a generator, `map` or `filter` over parameters, which can be gone through once."""
    if isinstance(node, cst.IfExp):
        return is_parameter_iterator(scope, node.body) and is_parameter_iterator(scope, node.orelse)
    if node is None or not _names_parameters(node):
        return False
    found = scope.type(node)
    return found is not None and found.kind == "container" and found.lazy


def _names_parameters(node: cst.BaseExpression) -> bool:
    """Whether an expression calls `parameters()` or `named_parameters()`: the cheap test, before types are asked."""
    return any(
        isinstance(call, cst.Call)
        and isinstance(call.func, cst.Attribute)
        and call.func.attr.value in ("parameters", "named_parameters")
        for call in walk(node)
    )


def uses(scope: Scope, name: str) -> list[cst.CSTNode]:
    """Where an iterator of that name is given away or gone through, in the order of the text."""
    return [node for node in reads(scope, name, cst.Pass()) if _is_use(scope, node)]


def consumes(scope: Scope, node: cst.CSTNode) -> bool:
    """Whether what stands around a use certainly goes through the whole iterator."""
    parent = scope.parent(node)
    if isinstance(parent, (cst.For, cst.CompFor, cst.StarredElement)):
        return True
    if isinstance(parent, cst.DictElement):
        return isinstance(parent.key, cst.SimpleString) and parent.key.evaluated_value == "params"
    if not isinstance(parent, cst.Arg):
        return False
    call = scope.parent(parent)
    if not isinstance(call, cst.Call):
        return False
    if isinstance(call.func, cst.Attribute) and call.func.attr.value in _CONSUMING_METHODS:
        return True
    return scope.qualified(call.func) in _CONSUMERS or _OPTIMIZER.search(scope.text(call.func)) is not None


def repeating_loops(scope: Scope, node: cst.CSTNode) -> Iterator[cst.For | cst.While]:
    """The loops whose every round comes to a node; a loop goes to what it iterates over only once."""
    for loop in loops_around(scope, node):
        if not isinstance(loop, cst.For) or not is_inside(scope, node, loop.iter):
            yield loop


def excludes(scope: Scope, first: cst.CSTNode, second: cst.CSTNode) -> bool:
    """Whether the second of two nodes is never reached after the first: other branches, or a return between."""
    for block in scope.ancestors(first):
        if not isinstance(block, cst.BaseSuite):
            continue
        if is_inside(scope, second, block):
            return False
        around = scope.parent(block)
        if isinstance(around, cst.If) and around.orelse is not None and is_inside(scope, second, around.orelse):
            return True
        last = block.body[-1]
        end = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
        if isinstance(end, (cst.Return, cst.Raise, cst.Continue, cst.Break)):
            return True
    return False


def _is_use(scope: Scope, node: cst.CSTNode) -> bool:
    parent = scope.parent(node)
    if isinstance(parent, cst.For):
        return parent.iter is node
    if isinstance(parent, cst.CompFor):
        return parent.iter is node
    if isinstance(parent, cst.Arg):
        call = scope.parent(parent)
        return isinstance(call, cst.Call) and scope.qualified(call.func) not in _LOOKERS
    return isinstance(parent, (cst.StarredElement, cst.DictElement))
