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
from paramlint.model import Answer, Claim, Event, Model, Tensor
from paramlint.rule import Asks, Calls, Edits, Finding, Fix, Rule

rule = Rule(
    "PRM105",
    "leaf-edited-with-grad",
    group="bug",
    fix="safe",
    doc=__doc__,
    beyond_plain=True,
    only_with=frozenset({"__init__", "forward", "backward"}),
    triggers=(
        Calls("add_", "clamp_", "div_", "mul_", "sub_", "parameters", "named_parameters", *TENSOR_INIT_INPLACE),
        Edits(),
        Asks("Parameter", "Module", "backward"),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Edits where autograd records: in what a constructor or `forward` calls, or beside a pass backward."""
    recording = {"__init__", "forward", *(b.get("inside") for b in model.events("backward") if b.grad)}
    for write in model.events("written"):
        edited = _edited(write.site.node)
        if edited is None or write.get("inside") not in recording or not _raises(write):
            continue
        message = (
            f"`{write.site.text(edited)}` is a leaf that requires grad, so editing it in place raises `RuntimeError`"
        )
        yield Claim(Answer("yes", (write,), write.guard), write.site, message, write.of, edited)


def _raises(write: Event) -> bool:
    """Whether a leaf that surely requires a gradient is edited while autograd records."""
    leaf = write.of
    if not isinstance(leaf, Tensor) or not leaf.trains.certain or not leaf.trains.yes or leaf.flags.seen:
        return False
    is_leaf = leaf.role == "parameter" or (leaf.role == "plain" and not leaf.view and not leaf.made_from)
    is_edit = write.author == "user" and not write.get("through") and not write.get("initializer")
    return is_leaf and is_edit and write.grad and "grad" not in str(write.guard)


def _edited(node: nodes.Node) -> nodes.BaseExpression | None:
    """What is edited in place by a call of a method, an augmented assignment, or an assignment to an item."""
    if isinstance(node, nodes.Call):
        edited = node.func.value if isinstance(node.func, nodes.Attribute) else None
    elif isinstance(node, nodes.AugAssign):
        edited = node.target
    else:
        edited = node if isinstance(node, nodes.Subscript) else None
    while isinstance(edited, nodes.Subscript):
        edited = edited.value
    return edited


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
    # These give the name another value.
    return not isinstance(above, (nodes.AssignTarget, nodes.AnnAssign, nodes.Del, nodes.Element))


def _nested(scope: Scope, node: nodes.Node) -> bool:
    """Whether the edit stands in a nested function, which may be called anywhere."""
    return any(isinstance(a, (nodes.FunctionDef, nodes.Lambda)) and a is not scope.node for a in scope.ancestors(node))


def _fix(scope: Scope, node: nodes.Node) -> Fix | None:
    line = scope.statement(node)
    if not isinstance(line, nodes.SimpleStatementLine):
        return None
    return under_no_grad(scope, line.body[0], "Edit it under `torch.no_grad()`", (), "safe")
