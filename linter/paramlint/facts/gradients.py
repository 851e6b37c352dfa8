"""Whether an expression is a parameter, and whether code runs where autograd does not record."""

from __future__ import annotations

import re
from typing import Any

from paramlint import nodes
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


def is_parameter(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression is a parameter: by its type, or, where that is unknown, by an attribute's usual name."""
    known = scope.type(node)
    if known is not None:
        return known.is_parameter
    return isinstance(node, nodes.Attribute) and _BY_NAME.fullmatch(node.attr.value) is not None


def data_owner(node: nodes.Node) -> nodes.BaseExpression | None:
    """`x` of `x.data`, `x.data[i]`, `x.data[i][j]`."""
    while isinstance(node, nodes.Subscript):
        node = node.value
    if isinstance(node, nodes.Attribute) and node.attr.value == "data":
        return node.value
    return None


def is_gradient(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression is some tensor's `.grad`."""
    known = scope.type(node)
    return known is not None and known.name == "torch.Tensor.grad"


def runs_without_grad(scope: Scope, node: nodes.Node) -> bool:
    """Whether the code around a node turns autograd off: a `with torch.no_grad()` or a decorator."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.With):
            if any(_is_no_grad(scope, item.item) for item in ancestor.items):
                return True
        elif isinstance(ancestor, nodes.FunctionDef):
            if any(_is_no_grad(scope, decorator.decorator) for decorator in ancestor.decorators):
                return True
    return False


def _is_no_grad(scope: Scope, node: nodes.BaseExpression) -> bool:
    if isinstance(node, nodes.Call):
        if scope.qualified(node.func) == "torch.set_grad_enabled":
            return (
                bool(node.args) and isinstance(node.args[0].value, nodes.Name) and node.args[0].value.value == "False"
            )
        node = node.func
    return scope.qualified(node) in _NO_GRAD


def may_be_frozen(scope: Scope) -> bool:
    """Whether the code around says anything of `requires_grad`, so that a parameter may not require a gradient."""
    unit = scope.unit.cls.unit if scope.unit.cls is not None else scope.unit
    texts = [scope.file.source.lines(unit.first, unit.last)]
    if scope.cls is not None:
        bases = scope.cls.mro[1:]
        texts += [b.file.source.lines(b.outline.unit.first, b.outline.unit.last) for b in bases if b.file is scope.file]
        said = " ".join(texts)
        makers = [u for u in scope.file.outline.units if u.kind == "function" and u.cls is None and u.name in said]
        texts += [scope.file.source.lines(maker.first, maker.last) for maker in makers]
    return any("requires_grad" in text for text in texts)


def is_edited(scope: Scope, node: nodes.Node) -> bool:
    """Whether an expression is the target of an assignment or of an in-place method, perhaps through subscripts."""
    above: Any = scope.parent(node)
    while above.__class__ is nodes.Subscript and above.value is node:
        node, above = above, scope.parent(above)
    while above.__class__ is nodes.Element:  # one of several targets
        node, above = above, scope.parent(above)
        node, above = above, scope.parent(above)
    kind = above.__class__
    if kind is nodes.AssignTarget or kind is nodes.Del:
        return True
    if kind is nodes.AugAssign or kind is nodes.AnnAssign:
        return above.target is node
    return is_inplace_call(scope.parent(above) if above is not None else None, above, node)


def is_inplace_call(call: nodes.Node | None, func: nodes.Node | None, receiver: nodes.Node) -> bool:
    """Whether `func` is an in-place method of `receiver`, and is called."""
    return (
        isinstance(func, nodes.Attribute)
        and func.value is receiver
        and func.attr.value in TENSOR_INPLACE
        and isinstance(call, nodes.Call)
        and call.func is func
    )
