"""Tensors that a class makes itself: constants, and leaves that ask for a gradient."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from paramlint.facts.scopes import Scope
from paramlint.knowledge import TENSOR_FACTORIES

#: Methods and functions that give no tensor, or one that is placed by hand.
_LEAVES_TORCH = {"item", "tolist", "numpy", "size", "dim", "numel", "is_tensor", "storage", "data_ptr", "stride"}
_PLACES = {"to", "cuda", "cpu", "type_as", "xpu", "npu"}
_FROM_DATA = {"torch.tensor", "torch.as_tensor", "torch.asarray", "torch.scalar_tensor", "torch.Tensor"}
#: Methods after which a tensor has a dimension at least, whatever it was before.
_SHAPES = {"view", "reshape", "unsqueeze", "repeat", "expand", "flatten"}


def asks_for_gradient(scope: Scope, node: cst.BaseExpression) -> cst.Call | None:
    """The call that makes a leaf with a gradient: `torch.zeros(3, requires_grad=True)`, `x.requires_grad_()`."""
    if not isinstance(node, cst.Call):
        return None
    name = scope.qualified(node.func)
    if name in TENSOR_FACTORIES or name in ("torch.autograd.Variable", "torch.Tensor"):
        return node if any(_is_true(arg, "requires_grad") for arg in node.args) else None
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "requires_grad_":
        made = node.func.value
        is_on = not node.args or _is_true(node.args[0], None) or _is_true(node.args[0], "requires_grad")
        return node if is_on and is_constant(scope, made) else None
    return None


def _is_true(arg: cst.Arg, keyword: str | None) -> bool:
    given = arg.keyword.value if arg.keyword is not None else None
    return given == keyword and isinstance(arg.value, cst.Name) and arg.value.value == "True"


def is_constant(scope: Scope, node: cst.BaseExpression, depth: int = 0) -> bool:
    """Whether an expression makes a tensor of one dimension or more, without a gradient, on the default device."""
    if depth > 8:
        return False
    if isinstance(node, cst.Name):
        bindings = scope.bindings.get(node.value, [])
        values = [b.value for b in bindings if b.kind == "assign"]
        if not bindings or len(values) != len(bindings):
            return False
        return all(v is not None and is_constant(scope, v, depth + 1) for v in values)
    if isinstance(node, (cst.BinaryOperation, cst.Comparison, cst.UnaryOperation, cst.Subscript)):
        return any(is_constant(scope, part, depth + 1) for part in _operands(node))
    return isinstance(node, cst.Call) and _is_constant_call(scope, node, depth)


def _operands(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(node, cst.BinaryOperation):
        return [node.left, node.right]
    if isinstance(node, cst.UnaryOperation):
        return [node.expression]
    if isinstance(node, cst.Subscript):
        return [node.value] if any(isinstance(e.slice, cst.Slice) for e in node.slice) else []
    return [node.left] if isinstance(node, cst.Comparison) else []


def _is_constant_call(scope: Scope, node: cst.Call, depth: int) -> bool:
    name = scope.qualified(node.func) or ""
    keywords = {arg.keyword.value for arg in node.args if arg.keyword is not None}
    if "device" in keywords or "out" in keywords or any(arg.star for arg in node.args):
        return False
    if any(_is_true(arg, "requires_grad") for arg in node.args):
        return False
    if name in _FROM_DATA:
        return bool(node.args) and isinstance(node.args[0].value, (cst.List, cst.Tuple, cst.ListComp))
    if name in TENSOR_FACTORIES:
        return not name.endswith("_like") and bool(node.args)
    if name.startswith("torch."):
        last = name.rpartition(".")[2]
        is_function = last.islower() and last not in _LEAVES_TORCH and not name.startswith(("torch.nn.", "torch.jit."))
        return is_function and any(is_constant(scope, part, depth + 1) for part in _arguments(node))
    if not isinstance(node.func, cst.Attribute):
        return False
    method = node.func.attr.value
    if method in _LEAVES_TORCH or method in _PLACES:
        return False
    if method in _SHAPES and _is_from_data(scope, node.func.value):
        return True
    return is_constant(scope, node.func.value, depth + 1)


def _arguments(node: cst.Call) -> Iterator[cst.BaseExpression]:
    """The arguments of a call; of a list or tuple what it holds, as for `torch.stack`."""
    for arg in node.args:
        if isinstance(arg.value, (cst.List, cst.Tuple)):
            yield from (element.value for element in arg.value.elements)
        else:
            yield arg.value


def _is_from_data(scope: Scope, node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.Call) or scope.qualified(node.func) not in _FROM_DATA:
        return False
    return all(arg.keyword is None or arg.keyword.value not in ("device", "requires_grad") for arg in node.args)
