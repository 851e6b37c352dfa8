"""Texts of fixes that several rules offer."""

from __future__ import annotations

import re

from paramlint import nodes
from paramlint.facts.gradients import data_owner, runs_without_grad
from paramlint.facts.scopes import Scope
from paramlint.finding import Change, Fix
from paramlint.nodes import operators

#: In-place methods that `nn.init` has under another name, with the keywords that both understand.
_INIT = {"normal_": "normal_", "uniform_": "uniform_", "zero_": "zeros_", "fill_": "constant_"}
_INIT_KEYWORDS = {"normal_": {"mean", "std"}}
_INITIALISING = re.compile(r"init|reset|weight", re.I)

#: The methods that do what an augmented assignment does, and how that is written.
_AUGMENTED: dict[type, tuple[str, str]] = {
    operators.AddAssign: ("add_", "+="),
    operators.SubtractAssign: ("sub_", "-="),
    operators.MultiplyAssign: ("mul_", "*="),
    operators.DivideAssign: ("div_", "/="),
}


def without_data(node: nodes.Node) -> list[nodes.Attribute]:
    """The `x.data` of an edited target: `x.data`, `x.data[i]`."""
    while isinstance(node, nodes.Subscript):
        node = node.value
    return [node] if data_owner(node) is not None and isinstance(node, nodes.Attribute) else []


def edit_without_grad(scope: Scope, edited: nodes.Node) -> Fix | None:
    """Turn an edit through `.data` into one of the parameter itself, with autograd off.

    `edited` is the call `x.data.f_(...)`, or the assignment to `x.data[...]` or `x.data *= y`; the statement must be
    nothing but this edit, since its value would be another tensor.
    """
    line = scope.statement(edited)
    if not isinstance(line, nodes.SimpleStatementLine) or len(line.body) != 1:
        return None
    statement = line.body[0]
    init = _initialise(scope, statement)
    if init is not None:
        return init
    if isinstance(statement, nodes.AugAssign):
        changes = _augmented(scope, statement)
    elif isinstance(statement, nodes.Assign) and len(statement.targets) == 1:
        changes = [_drop(scope, node) for node in without_data(statement.targets[0].target)]
    elif isinstance(statement, nodes.Expr):
        changes = [_drop(scope, node) for node in _edited_in(statement.value)]
    else:
        return None
    if not changes:
        return None
    if runs_without_grad(scope, edited):
        return Fix("Edit the parameter itself", tuple(changes), "safe")
    header = f"with {scope.spell('torch.no_grad')}():"
    wrap = Change(statement, statement, header, "wrap")
    return Fix("Edit the parameter under `torch.no_grad()`", (wrap, *changes), "safe", ("torch.no_grad",))


def _initialise(scope: Scope, statement: nodes.Node) -> Fix | None:
    """`nn.init.normal_(x, ...)` for `x.data.normal_(...)` in code that initialises."""
    if not _INITIALISING.search(scope.name) or not isinstance(statement, nodes.Expr):
        return None
    call = statement.value
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute):
        return None
    method, target = call.func.attr.value, call.func.value
    owner = data_owner(target) if isinstance(target, nodes.Attribute) else None
    if owner is None or method not in _INIT:
        return None
    keywords = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    if keywords - _INIT_KEYWORDS.get(method, set()) or any(arg.star for arg in call.args):
        return None
    name = scope.spell(f"torch.nn.init.{_INIT[method]}")
    if not call.args:
        changes = [Change(call, call, f"{name}({scope.text(owner)})")]
    else:
        changes = [
            Change(call.func, call.func, name),
            Change(call.args[0], call.args[0], f"{scope.text(owner)}, {scope.text(call.args[0]).strip().rstrip(',')}"),
        ]
    return Fix(f"Initialise with `{name}`", tuple(changes), "safe", (f"torch.nn.init.{_INIT[method]}",))


def _drop(scope: Scope, node: nodes.Attribute) -> Change:
    return Change(node, node, scope.text(node.value))


def _edited_in(node: nodes.BaseExpression) -> list[nodes.Attribute]:
    """The edited `x.data` of `x.data.f_(...)` or a chain `x.data.f_(...).g_(...)`."""
    while isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
        found = without_data(node.func.value)
        if found:
            return found
        node = node.func.value
    return []


def _augmented(scope: Scope, statement: nodes.AugAssign) -> list[Change]:
    target = statement.target
    if isinstance(target, nodes.Subscript):
        return [_drop(scope, node) for node in without_data(target)]
    written = _AUGMENTED.get(type(statement.operator))
    if written is None or not isinstance(target, nodes.Attribute) or "\n" in scope.text(statement):
        return []
    owner, (method, sign) = scope.text(target.value), written
    value = scope.text(statement.value)
    if value.startswith("(") and scope.parentheses(statement.value):
        value = value[1:-1]
    value = re.sub(rf"(?<![\w.]){re.escape(owner)}\.data\b", owner, value)
    if _may_be_assigned(scope, target.value):
        return [Change(statement, statement, f"{owner} {sign} {value}")]
    return [Change(statement, statement, f"{owner}.{method}({value})")]


def _may_be_assigned(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether `owner *= value` only puts the parameter back where it was: no global, no property, no tuple."""
    if isinstance(owner, nodes.Name):
        return scope.kind != "function" or owner.value in scope.bindings
    if not isinstance(owner, nodes.Attribute):
        return False
    holder = scope.type(owner.value)
    if holder is None or not holder.is_module:
        return False
    if holder.cls is None:
        return holder.name.startswith("torch.nn.") and holder.name != "torch.nn.Module"
    return bool(holder.cls.assignments(owner.attr.value)) and holder.cls.method(owner.attr.value) is None
