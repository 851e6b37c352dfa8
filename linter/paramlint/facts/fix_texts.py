"""Texts of fixes that several rules offer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paramlint import nodes
from paramlint.facts.gradients import data_owner, needs_graph, runs_without_grad
from paramlint.facts.scopes import Scope
from paramlint.finding import Applicability, Change, Fix
from paramlint.knowledge.initializers import initialises
from paramlint.nodes import operators
from paramlint.syntax.walk import walk

#: In-place methods that `nn.init` has under another name, with the keywords that both understand.
_INIT = {"normal_": "normal_", "uniform_": "uniform_", "zero_": "zeros_", "fill_": "constant_"}
_INIT_KEYWORDS = {"normal_": {"mean", "std"}}

#: Methods that call a function for each element: a tensor that requires a gradient refuses them, also without autograd.
_EACH = {"apply_", "map_", "map2_"}

#: The methods that do what an augmented assignment does, and how that is written.
_AUGMENTED: dict[type, tuple[str, str]] = {
    operators.AddAssign: ("add_", "+="),
    operators.SubtractAssign: ("sub_", "-="),
    operators.MultiplyAssign: ("mul_", "*="),
    operators.DivideAssign: ("div_", "/="),
}


def _edited_data(node: nodes.Node) -> list[nodes.Attribute]:
    """The `x.data` of an edited target: `x.data`, `x.data[i]`."""
    while isinstance(node, nodes.Subscript):
        node = node.value
    return [node] if data_owner(node) is not None and isinstance(node, nodes.Attribute) else []


def edit_without_grad(scope: Scope, edited: nodes.Node) -> Fix | None:
    """Turn an edit through `.data` into one of the parameter itself, with autograd off.

    `edited` is the call `x.data.f_(...)`, or the assignment to `x.data[...]` or `x.data *= y`; the statement must be
    nothing but this edit, since its value would be another tensor.
    """
    statement = next((a for a in (edited, *scope.ancestors(edited)) if isinstance(a, nodes.BaseSmallStatement)), None)
    if statement is None or _calls_back(edited):
        return None
    init = _initialise(scope, statement)
    if init is not None:
        return init
    if isinstance(statement, nodes.AugAssign):
        changes = _augmented(scope, statement)
    elif isinstance(statement, nodes.Assign) and len(statement.targets) == 1:
        changes = [_drop(scope, node) for node in _edited_data(statement.targets[0].target)]
    elif isinstance(statement, nodes.Expr):
        changes = [_drop(scope, node) for node in _edited_in(statement.value)]
    else:
        return None
    if not changes:
        return None
    if runs_without_grad(scope, edited):
        return Fix("Edit the parameter itself", tuple(changes), "safe")
    return under_no_grad(scope, statement, "Edit the parameter under `torch.no_grad()`", changes, "safe")


def under_no_grad(
    scope: Scope, statement: nodes.Node, title: str, changes: Sequence[Change], applicability: Applicability
) -> Fix | None:
    """A fix that puts a statement into a block where autograd is off; `None` where it cannot be put there.

    Autograd is off for a thread: what waits there for another task, or yields, turns it off for them too. What computes
    a gradient there would raise.
    """
    line = scope.statement(statement)
    if not isinstance(line, nodes.SimpleStatementLine) or len(line.body) != 1:
        return None
    if any(isinstance(node, (nodes.Await, nodes.Yield)) for node in walk(statement)):
        return None
    graph = needs_graph(scope, statement)
    if graph == "yes":
        return None
    wrap = Change(statement, statement, f"with {scope.spell('torch.no_grad')}():", "wrap")
    return Fix(title, (wrap, *changes), "unsafe" if graph == "unknown" else applicability, ("torch.no_grad",))


def _calls_back(edited: nodes.Node) -> bool:
    """Whether it is one of the methods that call a function for each element, which a parameter refuses."""
    method = edited.func if isinstance(edited, nodes.Call) else None
    return isinstance(method, nodes.Attribute) and method.attr.value in _EACH


def _function_around(scope: Scope, node: nodes.Node) -> nodes.Node | None:
    """The function whose names a node uses: an inner one may not assign to those of the outer one."""
    return next((a for a in scope.ancestors(node) if isinstance(a, (nodes.FunctionDef, nodes.Lambda))), None)


def _initialise(scope: Scope, statement: nodes.Node) -> Fix | None:
    """`nn.init.normal_(x, ...)` for `x.data.normal_(...)` in code that initialises."""
    is_initialiser = scope.name == "__init__" or initialises(scope.name)
    if not is_initialiser or not isinstance(statement, nodes.Expr):
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
        row = re.match(r"\([^\S\r\n]*\r?\n([^\S\r\n]*)", scope.text(call)[len(scope.text(call.func)) :])
        separator = f",\n{row[1]}" if row is not None else ", "
        first = scope.text(call.args[0]).strip().rstrip(",")
        changes = [
            Change(call.func, call.func, name),
            Change(call.args[0], call.args[0], f"{scope.text(owner)}{separator}{first}"),
        ]
    return Fix(f"Initialise with `{name}`", tuple(changes), "safe", (f"torch.nn.init.{_INIT[method]}",))


def _drop(scope: Scope, node: nodes.Attribute) -> Change:
    return Change(node, node, scope.text(node.value))


def _edited_in(node: nodes.BaseExpression) -> list[nodes.Attribute]:
    """The edited `x.data` of `x.data.f_(...)` or a chain `x.data.f_(...).g_(...)`."""
    while isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
        found = _edited_data(node.func.value)
        if found:
            return found
        node = node.func.value
    return []


def _augmented(scope: Scope, statement: nodes.AugAssign) -> list[Change]:
    target = statement.target
    if isinstance(target, nodes.Subscript):
        return [_drop(scope, node) for node in _edited_data(target)]
    written = _AUGMENTED.get(type(statement.operator))
    if written is None or not isinstance(target, nodes.Attribute):
        return []
    if "\n" in scope.text(statement):
        return _augmented_over_rows(scope, statement, target)
    owner, (method, sign) = scope.text(target.value), written
    value = scope.text(statement.value)
    if value.startswith("(") and scope.parentheses(statement.value):
        value = value[1:-1]
    value = re.sub(rf"(?<![\w.]){re.escape(owner)}\.data\b", owner, value)
    if _may_be_assigned(scope, target.value):
        return [Change(statement, statement, f"{owner} {sign} {value}")]
    return [Change(statement, statement, f"{owner}.{method}({value})")]


def _augmented_over_rows(scope: Scope, statement: nodes.AugAssign, target: nodes.Attribute) -> list[Change]:
    """The same with the rows of the value as they are."""
    if not _may_be_assigned(scope, target.value):
        return []
    owner = scope.text(target.value)
    read = (node for node in walk(statement.value) if isinstance(node, nodes.Attribute) and node.attr.value == "data")
    return [_drop(scope, target), *(_drop(scope, node) for node in read if scope.text(node.value) == owner)]


def _may_be_assigned(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether `owner *= value` only puts the parameter back where it was: no global, no property, no tuple."""
    if isinstance(owner, nodes.Name):
        function = _function_around(scope, owner)
        found = scope.bindings.get(owner.value, [])
        return scope.kind != "function" or any(_function_around(scope, b.node) is function for b in found)
    if not isinstance(owner, nodes.Attribute):
        return False
    holder = scope.type(owner.value)
    if holder is None or not holder.is_module:
        return False
    if holder.cls is None:
        return holder.name.startswith("torch.nn.") and holder.name != "torch.nn.Module"
    return bool(holder.cls.assignments(owner.attr.value)) and holder.cls.method(owner.attr.value) is None
