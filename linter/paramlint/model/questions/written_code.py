"""What the code of a write or of an assignment says: what is filled, and what gets which value."""

from __future__ import annotations

from paramlint import nodes
from paramlint.knowledge import TENSOR_INIT_INPLACE


def filled(node: object) -> nodes.Attribute | None:
    """The attribute that a call fills: `m.weight` of `init.f_(m.weight)`, `m.weight.f_()` and `m.weight.data.f_()`."""
    if not isinstance(node, nodes.Call):
        return None
    target = node.args[0].value if node.args and not node.args[0].star else None
    if isinstance(node.func, nodes.Attribute) and node.func.attr.value in TENSOR_INIT_INPLACE:
        target = node.func.value
    if isinstance(target, nodes.Attribute) and target.attr.value == "data":
        target = target.value
    return target if isinstance(target, nodes.Attribute) else None


def set_by_call(statement: object) -> nodes.Call | None:
    """The call of a statement `setattr(owner, name, value)`, whose three arguments have no names."""
    call = statement.value if isinstance(statement, nodes.Expr) else None
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Name) or call.func.value != "setattr":
        return None
    return call if len(call.args) == 3 and not any(arg.star or arg.keyword for arg in call.args) else None
