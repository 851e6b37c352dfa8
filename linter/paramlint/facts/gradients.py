"""Whether an expression is a parameter, and whether code runs where autograd does not record."""

from __future__ import annotations

import re
from typing import Any, Literal

from paramlint import nodes
from paramlint.facts.last_assignment import latest_value
from paramlint.facts.scopes import Scope
from paramlint.knowledge import TENSOR_INPLACE
from paramlint.syntax.walk import walk

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
#: What computes gradients, by the names of the functions.
_COMPUTES = re.compile(r"\b(?:backward|autograd\.grad|grad|jacobian|hessian|jacrev|jacfwd|vjp|jvp|hvp)(?:\(|$)")
_GRAD = {"torch.enable_grad", "torch.autograd.enable_grad", "torch.autograd.grad_mode.enable_grad"}
_SWITCH = {"torch.set_grad_enabled", "torch.autograd.set_grad_enabled", "torch.autograd.grad_mode.set_grad_enabled"}


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


def edited_through_data(scope: Scope, target: nodes.BaseExpression) -> nodes.BaseExpression | None:
    """`x` of `x.data` that an edit goes through, also by a local name: `w = x.data` and `w.mul_(2)`."""
    owner = data_owner(target)
    while isinstance(target, nodes.Subscript):
        target = target.value
    if owner is None and isinstance(target, nodes.Name):
        value = latest_value(scope, target.value, target)
        owner = value.value if isinstance(value, nodes.Attribute) and value.attr.value == "data" else None
    return owner


def is_gradient(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression is some tensor's `.grad`."""
    known = scope.type(node)
    return known is not None and known.name == "torch.Tensor.grad"


def runs_without_grad(scope: Scope, node: nodes.Node) -> bool:
    """Whether the code around a node turns autograd off: a `with torch.no_grad()` or a decorator.

    What is nearest counts: `torch.enable_grad()` turns it on again, and an inner function may be called anywhere.
    """
    for ancestor in scope.ancestors(node):
        around: list[nodes.BaseExpression] = []
        if isinstance(ancestor, nodes.With):
            around = [item.item for item in ancestor.items]
        elif isinstance(ancestor, nodes.FunctionDef):
            around = [decorator.decorator for decorator in ancestor.decorators]
        switches = [off for off in (_turns_off(scope, item) for item in around) if off is not None]
        if switches:
            return switches[-1]
        if isinstance(ancestor, (nodes.FunctionDef, nodes.Lambda)):
            return False
    return False


def _turns_off(scope: Scope, node: nodes.BaseExpression) -> bool | None:
    """Whether a context or decorator surely turns autograd off; None where it is about something else."""
    call = node if isinstance(node, nodes.Call) else None
    name = scope.qualified(call.func if call is not None else node)
    if name in _SWITCH:
        given = call.args[0].value if call is not None and call.args else None
        return isinstance(given, nodes.Name) and given.value == "False"
    return True if name in _NO_GRAD else False if name in _GRAD else None


def needs_graph(scope: Scope, statement: nodes.Node) -> Literal["yes", "no", "unknown"]:
    """Whether what a statement calls computes gradients, which raises where autograd is off."""
    found = {_computes_gradients(scope, call) for call in walk(statement) if isinstance(call, nodes.Call)}
    return "yes" if "yes" in found else "unknown" if "unknown" in found else "no"


def _computes_gradients(scope: Scope, call: nodes.Call) -> Literal["yes", "no", "unknown"]:
    name = scope.qualified(call.func) or ""
    if _COMPUTES.search(name if isinstance(call.func, nodes.Name) else scope.text(call.func)):
        return "yes"
    if name.startswith("torch."):
        return "no"
    if isinstance(call.func, nodes.Name):
        known = scope.type(call.func)
        called = scope.resolve(call.func)
        if isinstance(called, Scope):
            return "yes" if _COMPUTES.search(called.source) else "no"
        is_local = call.func.value in scope.bindings and (known is None or not known.is_module)
        return "unknown" if is_local else "no"
    if not isinstance(call.func, nodes.Attribute):
        return "unknown"
    named = [u for u in scope.file.outline.units if u.kind == "function" and u.name == call.func.attr.value]
    texts = [scope.file.source.lines(unit.first, unit.last) for unit in named]
    return "yes" if any(_COMPUTES.search(text) for text in texts) else "no"


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
