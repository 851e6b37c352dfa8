"""Texts of fixes that several rules offer."""

from __future__ import annotations

import re

import libcst as cst

from paramlint.facts.gradients import data_owner, runs_without_grad
from paramlint.facts.scopes import Scope
from paramlint.finding import Change, Fix

#: In-place methods that `nn.init` has under another name, with the keywords that both understand.
_INIT = {"normal_": "normal_", "uniform_": "uniform_", "zero_": "zeros_", "fill_": "constant_"}
_INIT_KEYWORDS = {"normal_": {"mean", "std"}}
_INITIALISING = re.compile(r"init|reset|weight", re.I)

_AUGMENTED: dict[type, str] = {
    cst.AddAssign: "add_",
    cst.SubtractAssign: "sub_",
    cst.MultiplyAssign: "mul_",
    cst.DivideAssign: "div_",
}


def without_data(node: cst.CSTNode) -> list[cst.Attribute]:
    """The `x.data` of an edited target: `x.data`, `x.data[i]`."""
    while isinstance(node, cst.Subscript):
        node = node.value
    return [node] if data_owner(node) is not None and isinstance(node, cst.Attribute) else []


def edit_without_grad(scope: Scope, edited: cst.CSTNode) -> Fix | None:
    """Turn an edit through `.data` into one of the parameter itself, with autograd off.

    `edited` is the call `x.data.f_(...)`, or the assignment to `x.data[...]` or `x.data *= y`; the statement must be
    nothing but this edit, since its value would be another tensor.
    """
    line = scope.statement(edited)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    statement = line.body[0]
    init = _initialise(scope, statement)
    if init is not None:
        return init
    if isinstance(statement, cst.AugAssign):
        changes = _augmented(scope, statement)
    elif isinstance(statement, cst.Assign) and len(statement.targets) == 1:
        changes = [_drop(scope, node) for node in without_data(statement.targets[0].target)]
    elif isinstance(statement, cst.Expr):
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


def _initialise(scope: Scope, statement: cst.CSTNode) -> Fix | None:
    """`nn.init.normal_(x, ...)` for `x.data.normal_(...)` in code that initialises."""
    if not _INITIALISING.search(scope.name) or not isinstance(statement, cst.Expr):
        return None
    call = statement.value
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return None
    method, target = call.func.attr.value, call.func.value
    owner = data_owner(target) if isinstance(target, cst.Attribute) else None
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


def _drop(scope: Scope, node: cst.Attribute) -> Change:
    return Change(node, node, scope.text(node.value))


def _edited_in(node: cst.BaseExpression) -> list[cst.Attribute]:
    """The edited `x.data` of `x.data.f_(...)` or a chain `x.data.f_(...).g_(...)`."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        found = without_data(node.func.value)
        if found:
            return found
        node = node.func.value
    return []


def _augmented(scope: Scope, statement: cst.AugAssign) -> list[Change]:
    target = statement.target
    if isinstance(target, cst.Subscript):
        return [_drop(scope, node) for node in without_data(target)]
    method = _AUGMENTED.get(type(statement.operator))
    if method is None or not isinstance(target, cst.Attribute):
        return []
    text = f"{scope.text(target.value)}.{method}({scope.text(statement.value)})"
    return [Change(target, statement.value, text)]
