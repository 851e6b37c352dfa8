"""A parameter is edited in place while autograd records, which raises `RuntimeError`.

A parameter is a leaf that requires a gradient. Autograd refuses to change one in place: "a leaf Variable that requires
grad is being used in an in-place operation".

Bad:
    self.scale = nn.Parameter(torch.ones(4))
    self.scale.mul_(0.5)

Good:
    self.scale = nn.Parameter(torch.ones(4))
    with torch.no_grad():
        self.scale.mul_(0.5)

Fix: safe. The same operation under `torch.no_grad()`; before the fix the code raises.
Leave it: every caller has turned autograd off.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.fix_texts import under_no_grad
from paramlint.facts.gradients import is_edited, may_be_frozen, runs_without_grad
from paramlint.knowledge import TENSOR_INIT_INPLACE
from paramlint.rule import Calls, Edits, Finding, Fix, Rule

rule = Rule(
    "PRM105",
    "leaf-edited-with-grad",
    group="bug",
    fix="safe",
    doc=__doc__,
    only_with=frozenset({"__init__", "forward", "backward"}),
    triggers=(
        Calls("add_", "clamp_", "div_", "mul_", "sub_", "parameters", "named_parameters", *TENSOR_INIT_INPLACE),
        Edits(),
    ),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if not _records(scope) or may_be_frozen(scope):
        return
    for node in scope.find(nodes.Name, nodes.Attribute):
        if not _is_edit(scope, node) or runs_without_grad(scope, node):
            continue
        value = scope.type(node)
        if value is None or not value.is_parameter or _nested(scope, node):
            continue
        message = f"`{scope.text(node)}` is a leaf that requires grad, so editing it in place raises `RuntimeError`"
        yield Finding(node, message, _fix(scope, node))


def _records(scope: Scope) -> bool:
    """Whether autograd certainly records while this code runs: it builds a module, or runs a backward pass."""
    if scope.name in ("__init__", "forward"):
        return scope.cls is not None and scope.cls.is_module is True
    return any(isinstance(c.func, nodes.Attribute) and c.func.attr.value == "backward" for c in scope.find(nodes.Call))


def _is_edit(scope: Scope, node: nodes.Node) -> bool:
    if not is_edited(scope, node):
        return False
    above = scope.parent(node)
    return not isinstance(above, (nodes.AssignTarget, nodes.AnnAssign, nodes.Del))  # these give the name another value


def _nested(scope: Scope, node: nodes.Node) -> bool:
    """Whether the edit stands in a nested function, which may be called anywhere."""
    return any(isinstance(a, (nodes.FunctionDef, nodes.Lambda)) and a is not scope.node for a in scope.ancestors(node))


def _fix(scope: Scope, node: nodes.Node) -> Fix | None:
    line = scope.statement(node)
    if not isinstance(line, nodes.SimpleStatementLine):
        return None
    return under_no_grad(scope, line.body[0], "Edit it under `torch.no_grad()`", (), "safe")
