"""Tensors that a class makes itself: constants, and leaves that ask for a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.scopes import Scope
from paramlint.knowledge import TENSOR_FACTORIES

#: Methods and functions that give no tensor, or one that is placed by hand.
_LEAVES_TORCH = {"item", "tolist", "numpy", "size", "dim", "numel", "is_tensor", "storage", "data_ptr", "stride"}
_PLACES = {"to", "cuda", "cpu", "type_as", "xpu", "npu"}
_FROM_DATA = {"torch.tensor", "torch.as_tensor", "torch.asarray", "torch.scalar_tensor", "torch.Tensor"}
#: Methods after which a tensor has a dimension at least, whatever it was before.
_SHAPES = {"view", "reshape", "unsqueeze", "repeat", "expand", "flatten"}


def asks_for_gradient(scope: Scope, node: nodes.BaseExpression) -> nodes.Call | None:
    """The call that makes a leaf with a gradient: `torch.zeros(3, requires_grad=True)`, `x.requires_grad_()`."""
    if not isinstance(node, nodes.Call):
        return None
    name = scope.qualified(node.func)
    if name in TENSOR_FACTORIES or name in ("torch.autograd.Variable", "torch.Tensor"):
        return node if any(_is_true(arg, "requires_grad") for arg in node.args) else None
    if isinstance(node.func, nodes.Attribute) and node.func.attr.value == "requires_grad_":
        made = node.func.value
        is_on = not node.args or _is_true(node.args[0], None) or _is_true(node.args[0], "requires_grad")
        return node if is_on and is_constant(scope, made) else None
    return None


def _is_true(arg: nodes.Arg, keyword: str | None) -> bool:
    given = arg.keyword.value if arg.keyword is not None else None
    return given == keyword and isinstance(arg.value, nodes.Name) and arg.value.value == "True"


def is_constant(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether an expression makes a tensor of one dimension or more, without a gradient, on the default device."""
    if depth > 8:
        return False
    if isinstance(node, nodes.Name):
        bindings = scope.bindings.get(node.value, [])
        values = [b.value for b in bindings if b.kind == "assign"]
        if not bindings or len(values) != len(bindings):
            return False
        return all(v is not None and is_constant(scope, v, depth + 1) for v in values)
    if isinstance(node, (nodes.BinaryOperation, nodes.Comparison, nodes.UnaryOperation, nodes.Subscript)):
        return any(is_constant(scope, part, depth + 1) for part in _operands(node))
    return isinstance(node, nodes.Call) and _is_constant_call(scope, node, depth)


def _operands(node: nodes.BaseExpression) -> list[nodes.BaseExpression]:
    if isinstance(node, nodes.BinaryOperation):
        return [node.left, node.right]
    if isinstance(node, nodes.UnaryOperation):
        return [node.expression]
    if isinstance(node, nodes.Subscript):
        return [node.value] if any(isinstance(e.slice, nodes.Slice) for e in node.slice) else []
    return [node.left] if isinstance(node, nodes.Comparison) else []


def _is_constant_call(scope: Scope, node: nodes.Call, depth: int) -> bool:
    name = scope.qualified(node.func) or ""
    keywords = {arg.keyword.value for arg in node.args if arg.keyword is not None}
    if "device" in keywords or "out" in keywords or any(arg.star for arg in node.args):
        return False
    if any(_is_true(arg, "requires_grad") for arg in node.args):
        return False
    if name in _FROM_DATA:
        return bool(node.args) and isinstance(node.args[0].value, (nodes.List, nodes.Tuple, nodes.ListComp))
    if name in TENSOR_FACTORIES:
        return not name.endswith("_like") and bool(node.args)
    if name.startswith("torch."):
        last = name.rpartition(".")[2]
        is_function = last.islower() and last not in _LEAVES_TORCH and not name.startswith(("torch.nn.", "torch.jit."))
        return is_function and any(is_constant(scope, part, depth + 1) for part in _arguments(node))
    if not isinstance(node.func, nodes.Attribute):
        return False
    method = node.func.attr.value
    if method in _LEAVES_TORCH or method in _PLACES:
        return False
    if method in _SHAPES and _is_from_data(scope, node.func.value):
        return True
    return is_constant(scope, node.func.value, depth + 1)


def _arguments(node: nodes.Call) -> Iterator[nodes.BaseExpression]:
    """The arguments of a call; of a list or tuple what it holds, as for `torch.stack`."""
    for arg in node.args:
        if isinstance(arg.value, (nodes.List, nodes.Tuple)):
            yield from (element.value for element in arg.value.elements)
        else:
            yield arg.value


def _is_from_data(scope: Scope, node: nodes.BaseExpression) -> bool:
    if not isinstance(node, nodes.Call) or scope.qualified(node.func) not in _FROM_DATA:
        return False
    return all(arg.keyword is None or arg.keyword.value not in ("device", "requires_grad") for arg in node.args)
