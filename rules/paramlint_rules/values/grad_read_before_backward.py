"""A gradient is used before the first backward pass, when it is still `None`.

`.grad` is `None` until a backward pass fills it. Arithmetic with it, or a method of it, raises at once.

Bad:
    def fit(x, y):
        w = torch.zeros(3, requires_grad=True)
        w.grad.zero_()
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()

Good:
    def fit(x, y):
        w = torch.zeros(3, requires_grad=True)
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        w.grad.zero_()

Leave it: the gradient was filled elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.rule import Finding, Mentions, Rule

rule = Rule(
    "PRM106",
    "grad-read-before-backward",
    group="bug",
    doc=__doc__,
    only_with=frozenset({"backward"}),
    triggers=(Mentions("grad"),),
)

_BLOCKS = (
    nodes.For,
    nodes.While,
    nodes.If,
    nodes.Try,
    nodes.FunctionDef,
    nodes.Lambda,
    nodes.IfExp,
    nodes.BooleanOperation,
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    uses = [n for n in scope.find(nodes.Attribute) if n.attr.value == "grad" and _is_used(scope, n)]
    if not uses:
        return
    backward = [scope.order(n) for n in scope.find(nodes.Attribute, nodes.Name) if _is_backward(n)]
    if not backward:
        return
    for node in uses:
        root = _fresh_root(scope, node)
        if root is None or scope.order(node) > min(backward) or not _is_straight(scope, node):
            continue
        if not _is_handed_over(scope, root, scope.order(node)):
            message = f"`{scope.text(node)}` is used before the first backward pass, when it is still `None`"
            yield Finding(node, message)


def _is_backward(node: nodes.Node) -> bool:
    word = node.attr if isinstance(node, nodes.Attribute) else node
    name = word.value if isinstance(word, nodes.Name) else ""
    return name in ("backward", "manual_backward", "grad_and_value") or name.endswith("_step") or name == "step"


def _is_used(scope: Scope, node: nodes.Attribute) -> bool:
    """Whether the use would raise on `None`: a method or attribute of it, or arithmetic."""
    return isinstance(scope.parent(node), (nodes.Attribute, nodes.BinaryOperation, nodes.AugAssign, nodes.Subscript))


def _fresh_root(scope: Scope, node: nodes.Attribute) -> str | None:
    """The name of the tensor or module, made by a call in this very scope, whose gradient is used."""
    owner: nodes.BaseExpression = node.value
    while isinstance(owner, nodes.Attribute):
        owner = owner.value
    if not isinstance(owner, nodes.Name):
        return None
    bindings = scope.bindings.get(owner.value, [])
    value = scope.type(owner)
    if value is None or value.kind not in ("module", "parameter", "tensor") or len(bindings) != 1:
        return None
    return owner.value if bindings[0].kind == "assign" and isinstance(bindings[0].value, nodes.Call) else None


def _is_straight(scope: Scope, node: nodes.Node) -> bool:
    """Whether the code runs once, unconditionally, in the order of the text."""
    return not any(isinstance(a, _BLOCKS) and a is not scope.node for a in scope.ancestors(node))


def _is_handed_over(scope: Scope, root: str, before: int) -> bool:
    """Whether an earlier call was given the tensor or module, so that it may have run a backward pass."""
    for call in scope.find(nodes.Call):
        if scope.order(call) >= before:
            break
        for arg in call.args:
            if isinstance(arg.value, nodes.Name) and arg.value.value == root:
                return not (scope.qualified(call.func) or "").startswith("torch.")
    return False
