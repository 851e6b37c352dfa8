"""Rebinding `.data` gives a parameter new memory behind the back of everything that held the old.

`p.data = t` keeps the parameter object and swaps the memory under it. What shares the old memory does not follow: a
tied or aliased parameter, a view, a flattened RNN weight, FSDP's flat parameter. From then on the two drift apart,
without an error. Nor does autograd see that the value changed.

Setup:
    rows = torch.randn(4, 4)

Bad:
    model.weight.data = rows / rows.norm(dim=1, keepdim=True)

Good:
    with torch.no_grad():
        model.weight.copy_(rows / rows.norm(dim=1, keepdim=True))

Fix: unsafe. What shares the memory, a state dict that was taken before or an alias, is written too, and `copy_` would
broadcast, or refuse, a value of another shape.
Leave it: the memory itself is what must change, as in sharding, off-loading or changing the dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.call_results import behind_call
from paramlint.facts.fix_texts import under_no_grad
from paramlint.facts.gradients import data_owner, is_parameter, runs_without_grad
from paramlint.facts.last_assignment import latest_value
from paramlint.facts.passed_on import spread_arguments
from paramlint.nodes import operators
from paramlint.rule import Change, Finding, Fix, Rule, Stores
from paramlint.syntax.walk import walk

rule = Rule("PRM102", "data-rebound", group="risk", fix="unsafe", doc=__doc__, triggers=(Stores("data"),))

#: Methods whose result has another place, dtype or shape; rebinding `.data` is the way to get there.
_MOVES = {
    "bfloat16", "contiguous", "cpu", "cuda", "double", "flatten", "float", "half", "new_empty", "permute",
    "pin_memory", "reshape", "resize_", "share_memory_", "squeeze", "t", "to", "to_local", "transpose", "type",
    "type_as", "unsqueeze", "view", "view_as",
}  # fmt: skip
_MOVING = {"torch.empty", "torch.empty_like", "torch.Tensor", "torch.tensor", "torch.nn.functional.pad"}


@rule.static(nodes.Assign)
def check(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    if len(node.targets) != 1:
        return
    target = node.targets[0].target
    owner = data_owner(target) if isinstance(target, nodes.Attribute) else None
    if owner is None or not isinstance(target, nodes.Attribute) or not is_parameter(scope, owner):
        return
    place, value = behind_call(scope, _behind_name(scope, node, owner))
    if _is_fresh(scope, node, owner) or _moves(place, value) or _is_live_tensor(place, value) or _is_hidden(value):
        return
    if _keeps(place, value, scope.text(owner)):
        return
    message = f"`{scope.text(target)}` is rebound, so what shares its memory keeps the old values"
    yield Finding(target, message, _fix(scope, node, owner))


#: Operations of which the result has another shape than what it was computed from.
_RESHAPES = _MOVES | {
    "all", "any", "argmax", "argmin", "broadcast_to", "cat", "concat", "diag", "dim", "expand", "gather", "hstack",
    "index_select", "item", "masked_select", "max", "mean", "min", "narrow", "norm", "numel", "numpy", "outer",
    "repeat", "repeat_interleave", "size", "split", "stack", "std", "sum", "tile", "tolist", "unfold", "var", "vstack",
}  # fmt: skip
#: Locals and operations behind one another that are followed.
_DEPTH = 12


def _behind_name(scope: Scope, node: nodes.Assign, owner: nodes.BaseExpression) -> nodes.BaseExpression:
    """What was computed of the parameter itself, in its shape, where that went through a local name."""
    if isinstance(node.value, nodes.Name) and _has_shape(scope, node.value, scope.text(owner), _DEPTH):
        return latest_value(scope, node.value.value, node.value) or node.value
    return node.value


def _has_shape(scope: Scope, value: nodes.BaseExpression, owner: str, depth: int) -> bool:
    """Whether an expression computes with the whole of a parameter, and keeps its shape, dtype and device."""
    scope, value = behind_call(scope, value)
    inner: list[nodes.BaseExpression] = []
    if isinstance(value, nodes.Name):
        before = latest_value(scope, value.value, value)
        inner = [before] if before is not None else []
    elif isinstance(value, nodes.Attribute):
        if scope.text(value) == owner:
            return True
        inner = [value.value] if value.attr.value == "data" else []
    elif isinstance(value, nodes.BinaryOperation) and not isinstance(value.operator, operators.MatrixMultiply):
        inner = [value.left, value.right]
    elif isinstance(value, nodes.UnaryOperation):
        inner = [value.expression]
    elif isinstance(value, nodes.Call) and isinstance(value.func, nodes.Attribute):
        if value.func.attr.value not in _RESHAPES:
            is_torch = (scope.qualified(value.func) or "").startswith("torch.")
            inner = [arg.value for arg in value.args[:1]] if is_torch else [value.func.value]
    return depth > 0 and any(_has_shape(scope, one, owner, depth - 1) for one in inner)


def _is_fresh(scope: Scope, node: nodes.Assign, owner: nodes.BaseExpression) -> bool:
    """Whether the parameter belongs to a module made in this very scope, whose memory nothing can share yet."""
    while isinstance(owner, nodes.Attribute):
        owner = owner.value
    if not isinstance(owner, nodes.Name):
        return False
    value = latest_value(scope, owner.value, node)
    if value is not None:
        return _constructs(scope, value)
    bindings = scope.bindings.get(owner.value, [])
    return bool(bindings) and all(b.kind == "assign" and _constructs(scope, b.value) for b in bindings)


def _is_hidden(value: nodes.BaseExpression) -> bool:
    """Whether what is called is itself the result of a call, as of `partial`."""
    return isinstance(value, nodes.Call) and isinstance(value.func, nodes.Call)


def _constructs(scope: Scope, value: nodes.BaseExpression | None) -> bool:
    if value is not None:
        value = behind_call(scope, value)[1]
    if isinstance(value, nodes.Call) and isinstance(value.func, nodes.Call) and value.func.args:  # of `partial`
        value = nodes.Call(value.func.args[0].value, ())
    if not isinstance(value, nodes.Call):
        return False
    name = value.func.attr if isinstance(value.func, nodes.Attribute) else value.func
    return isinstance(name, nodes.Name) and (name.value[:1].isupper() or name.value == "__class__")


def _moves(scope: Scope, value: nodes.BaseExpression) -> bool:
    """Whether the new value is made to have other memory, another shape, dtype or device."""
    for inner in walk(value):
        if isinstance(inner, nodes.Attribute) and inner.attr.value in ("T", "mT"):
            return True
        if isinstance(inner, nodes.Call):
            if isinstance(inner.func, nodes.Attribute) and inner.func.attr.value in _MOVES:
                return True
            if scope.qualified(inner.func) in _MOVING:
                return True
    return False


def _keeps(scope: Scope, value: nodes.BaseExpression, owner: str) -> bool:
    """Whether the new value is the old memory: what `nn.init` fills in place it also returns."""
    if not isinstance(value, nodes.Call) or not (scope.qualified(value.func) or "").startswith("torch.nn.init."):
        return False
    given = spread_arguments(scope, value)
    return bool(given) and scope.text(given[0].value) in (owner, f"{owner}.data")


def _is_live_tensor(scope: Scope, value: nodes.BaseExpression) -> bool:
    """`b.weight.data`, whose sharing is another rule's, and what is kept or given, which may be anything."""
    return isinstance(value, (nodes.Name, nodes.Subscript, nodes.Attribute)) or _is_given(scope, value)


def _is_given(scope: Scope, value: nodes.BaseExpression) -> bool:
    """Whether a function that was passed in makes the value, as in `_apply(self, fn)`."""
    if not isinstance(value, nodes.Call) or not isinstance(value.func, nodes.Name):
        return False
    return any(binding.kind == "parameter" for binding in scope.bindings.get(value.func.value, []))


def _fix(scope: Scope, node: nodes.Assign, owner: nodes.BaseExpression) -> Fix | None:
    target = node.targets[0].target
    value = scope.text(node.value)
    if isinstance(node.value, nodes.Tuple) and not scope.parentheses(node.value):
        return None
    changes = (Change(target, node.value, f"{scope.text(owner)}.copy_({value})"),)
    if runs_without_grad(scope, node):
        return Fix("Copy into the parameter", changes, "unsafe")
    return under_no_grad(scope, node, "Copy into the parameter under `torch.no_grad()`", changes, "unsafe")
