"""Whether an expression is a parameter, and whether code runs where autograd does not record."""

from __future__ import annotations

import re
from typing import Any

import libcst as cst

from paramlint.facts.scopes import Scope
from paramlint.knowledge import TENSOR_INPLACE

#: Names that torch and everybody after it gives to parameters: `weight`, `bias`, `in_proj_weight`, `weight_ih_l0`.
_BY_NAME = re.compile(r"(?:\w+_)?(?:weight|bias)(?:_\w+)?")
_NO_GRAD = {
    "torch.no_grad",
    "torch.inference_mode",
    "torch.autograd.no_grad",
    "torch.autograd.inference_mode",
    "torch.autograd.grad_mode.no_grad",
    "torch.autograd.grad_mode.inference_mode",
    "torch.utils._contextlib.no_grad",
}


def is_parameter(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether an expression is a parameter: by its type, or, where that is unknown, by an attribute's usual name."""
    known = scope.type(node)
    if known is not None:
        return known.is_parameter
    return isinstance(node, cst.Attribute) and _BY_NAME.fullmatch(node.attr.value) is not None


def data_owner(node: cst.CSTNode) -> cst.BaseExpression | None:
    """`x` of `x.data`, `x.data[i]`, `x.data[i][j]`."""
    while isinstance(node, cst.Subscript):
        node = node.value
    if isinstance(node, cst.Attribute) and node.attr.value == "data":
        return node.value
    return None


def is_gradient(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether an expression is some tensor's `.grad`."""
    known = scope.type(node)
    return known is not None and known.name == "torch.Tensor.grad"


def runs_without_grad(scope: Scope, node: cst.CSTNode) -> bool:
    """Whether the code around a node turns autograd off: a `with torch.no_grad()` or a decorator."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, cst.With):
            if any(_is_no_grad(scope, item.item) for item in ancestor.items):
                return True
        elif isinstance(ancestor, cst.FunctionDef):
            if any(_is_no_grad(scope, decorator.decorator) for decorator in ancestor.decorators):
                return True
    return False


def _is_no_grad(scope: Scope, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Call):
        if scope.qualified(node.func) == "torch.set_grad_enabled":
            return bool(node.args) and isinstance(node.args[0].value, cst.Name) and node.args[0].value.value == "False"
        node = node.func
    return scope.qualified(node) in _NO_GRAD


def may_be_frozen(scope: Scope) -> bool:
    """Whether the code around says anything of `requires_grad`, so that a parameter may not require a gradient."""
    unit = scope.unit.cls.unit if scope.unit.cls is not None else scope.unit
    return "requires_grad" in scope.file.source.lines(unit.first, unit.last)


def is_edited(scope: Scope, node: cst.CSTNode) -> bool:
    """Whether an expression is the target of an assignment or of an in-place method, perhaps through subscripts."""
    above: Any = scope.parent(node)
    while above.__class__ is cst.Subscript and above.value is node:
        node, above = above, scope.parent(above)
    kind = above.__class__
    if kind is cst.AssignTarget or kind is cst.Del:
        return True
    if kind is cst.AugAssign or kind is cst.AnnAssign:
        return above.target is node
    return is_inplace_call(scope.parent(above) if above is not None else None, above, node)


def is_inplace_call(call: cst.CSTNode | None, func: cst.CSTNode | None, receiver: cst.CSTNode) -> bool:
    """Whether `func` is an in-place method of `receiver`, and is called."""
    return (
        isinstance(func, cst.Attribute)
        and func.value is receiver
        and func.attr.value in TENSOR_INPLACE
        and isinstance(call, cst.Call)
        and call.func is func
    )
