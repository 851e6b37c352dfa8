"""What the code of a write or of an assignment says: what is filled, and what gets which value."""

from __future__ import annotations

from paramlint import nodes
from paramlint.model.event import Event, Site


def filled(event: Event) -> nodes.Attribute | None:
    """The attribute that a call fills: `m.weight` of `init.f_(m.weight)`, `m.weight.f_()` and `m.weight.data.f_()`."""
    target = target_of(event)
    return target if isinstance(target, nodes.Attribute) else None


def target_of(event: Event) -> nodes.BaseExpression | None:
    """What a call of an initialiser, or of a method that fills a tensor, writes to; without a `.data` behind it."""
    node = event.site.node
    if not isinstance(node, nodes.Call):
        return None
    target: nodes.BaseExpression | None = node.func.value if isinstance(node.func, nodes.Attribute) else None
    if event.get("initializer"):
        named = next((a.value for a in node.args if a.keyword is not None and a.keyword.value == "tensor"), None)
        target = named or (node.args[0].value if node.args and not node.args[0].star else None)
    while isinstance(target, nodes.Attribute) and target.attr.value == "data":
        target = target.value
    return target


def part_filled(site: Site) -> str:
    """The index, as it is written, by which a write leaves something of a tensor out; empty where it may not.

    One that is a call or a comparison may well cover everything.
    """
    node = site.node
    target: object = node if isinstance(node, nodes.Subscript) else None
    if isinstance(node, nodes.Call):
        target = node.args[0].value if node.args and not node.args[0].star else None
        if isinstance(node.func, nodes.Attribute) and node.func.attr.value.endswith("_"):
            init = site.text(node.func.value).rpartition(".")[2] == "init"
            target = target if init else node.func.value
        given = (arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "out")
        target = next(given, target)
    elif isinstance(node, nodes.AugAssign):
        target = node.target
    while isinstance(target, nodes.Attribute) and target.attr.value == "data":
        target = target.value
    if not isinstance(target, nodes.Subscript) or not any(_leaves_out(site, one.slice) for one in target.slice):
        return ""
    return site.text(target).partition("[")[2]


def _leaves_out(site: Site, index: nodes.BaseSlice) -> bool:
    if isinstance(index, nodes.Slice):
        bounds = [bound for bound in (index.lower, index.upper, index.step) if bound is not None]
        return any(site.text(bound) != "None" for bound in bounds)
    if not isinstance(index, nodes.Index):
        return False
    single = (nodes.Integer, nodes.UnaryOperation, nodes.Attribute, nodes.Name)
    return isinstance(index.value, single) and site.text(index.value) != "None"


def set_by_call(statement: object) -> nodes.Call | None:
    """The call of a statement `setattr(owner, name, value)`, whose three arguments have no names."""
    call = statement.value if isinstance(statement, nodes.Expr) else None
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Name) or call.func.value != "setattr":
        return None
    return call if len(call.args) == 3 and not any(arg.star or arg.keyword for arg in call.args) else None
