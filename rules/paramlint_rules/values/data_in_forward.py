"""A parameter is used in the forward pass only through `.data` or `.detach()`, so it is never trained.

Both cut the parameter out of the graph: the output does not depend on it as far as autograd knows. Its gradient stays
`None`, the optimizer skips it, and the model keeps the value that it was initialised with.

Bad:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return x * self.gain.data

Good:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return x * self.gain

Fix: safe. The output is the same; the parameter gets a gradient from then on.
Leave it: the value is meant to stay as it is; a buffer, or `requires_grad=False`, says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.gradients import is_edited, may_be_frozen, runs_without_grad
from paramlint.rule import Change, Finding, Fix, Mentions, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM103",
    "data-in-forward",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Mentions("data", "detach"),),
)

_SETUP = re.compile(r"__init__|.*(?:init|reset|load|repr|export|fuse|merge).*")


@rule.static(nodes.Attribute)
def check(node: nodes.Attribute, scope: Scope) -> Iterator[Finding]:
    if scope.cls is None or not scope.cls.is_module or node.attr.value not in _CUTS or not _is_of_pass(scope):
        return
    name = scope.self_attribute(node.value)
    if name is None or is_edited(scope, node) or runs_without_grad(scope, node) or may_be_frozen(scope):
        return
    value = scope.cls.attribute(name)
    if value is None or not value.is_parameter or _is_asked_for_by_name(scope, name):
        return
    cut = _cut(scope, node)
    if cut is None or not _is_operand(scope, cut) or not _always_cut(scope, name) or _is_used_by_base(scope, name):
        return
    fix = None
    if not _needs_no_history(scope, cut):
        fix = Fix("Use the parameter itself", (Change(cut, cut, scope.text(node.value)),), "safe")
    message = f"`self.{name}` is only used through `.{node.attr.value}`, so it gets no gradient and is never trained"
    yield Finding(cut, message, fix, attribute=f"self.{name}")


def _is_of_pass(scope: Scope) -> bool:
    """Whether it is `forward`, or a method that `forward` calls, by whatever others."""
    assert scope.cls is not None
    reached = ["forward"]
    for name in reached:
        method = scope.cls.method(name) if len(reached) < _MOST_METHODS else None
        if name == scope.name:
            return True
        called = _OWN_CALL.findall(method.source) if method is not None else []
        reached += [one for one in dict.fromkeys(called) if one not in reached and _SETUP.fullmatch(one) is None]
    return False


_OWN_CALL = re.compile(r"\bself\.(\w+)\(")
_MOST_METHODS = 30
_CUTS = ("data", "detach")
#: Methods that give the same values in another place or type.
_MOVED = frozenset({"cpu", "numpy", "clone", "to", "cuda", "float", "double", "type_as", "contiguous"})
#: Methods whose result goes on to the output.
_COMPUTING = frozenset(
    {
        "mm", "matmul", "bmm", "mv", "dot", "addmm", "mul", "add", "sub", "div", "pow", "exp", "sigmoid", "tanh",
        "softmax", "log_softmax", "index_select", "gather",
    }
)  # fmt: skip


def _cut(scope: Scope, node: nodes.Attribute) -> nodes.BaseExpression | None:
    """The whole expression that leaves the graph: `x.data`, or the call of `x.detach`."""
    if node.attr.value == "data":
        return node
    call = scope.parent(node)
    return call if isinstance(call, nodes.Call) and call.func is node else None


def _is_operand(scope: Scope, cut: nodes.BaseExpression) -> bool:
    """Whether the value enters arithmetic or one of torch's functions; a local name may stand for it."""
    above = scope.parent(cut)
    if isinstance(above, nodes.Assign) and len(above.targets) == 1 and isinstance(above.targets[0].target, nodes.Name):
        name, start = above.targets[0].target.value, scope.order(above)
        uses = [n for n in scope.find(nodes.Name) if n.value == name and scope.order(n) > start]
        return any(_is_operand(scope, use) for use in uses if not isinstance(scope.parent(use), nodes.AssignTarget))
    if isinstance(above, nodes.Attribute) and above.attr.value in _MOVED | _COMPUTING:
        call = scope.parent(above)
        if not isinstance(call, nodes.Call) or call.func is not above:
            return False
        return above.attr.value in _COMPUTING or _is_operand(scope, call)
    while isinstance(above, (nodes.Element, nodes.List, nodes.Tuple)):
        above = scope.parent(above)
    if isinstance(above, (nodes.BinaryOperation, nodes.UnaryOperation)):
        return True
    call = scope.parent(above) if isinstance(above, nodes.Arg) else None
    if not isinstance(call, nodes.Call):
        return False
    is_method = isinstance(call.func, nodes.Attribute) and call.func.attr.value in _COMPUTING - {
        "add"
    }  # a set has that
    if _gives_back(scope, call):
        return True
    return is_method or (scope.qualified(call.func) or "").startswith("torch.")


def _gives_back(scope: Scope, call: nodes.Call) -> bool:
    """Whether a function or method of the project is called that returns a value, and the value is used."""
    name = scope.self_attribute(call.func)
    known = scope.cls.method(name) if name is not None and scope.cls is not None else scope.resolve(call.func)
    if not isinstance(known, Scope) or isinstance(scope.parent(call), nodes.Expr):
        return False
    return any(isinstance(n, nodes.Return) and n.value is not None for n in known.find(nodes.Return))


def _needs_no_history(scope: Scope, cut: nodes.BaseExpression) -> bool:
    """Whether what is done with the value raises where a gradient is required: `numpy()`, or an edit of its name."""
    above = scope.parent(cut)
    if isinstance(above, nodes.Assign) and isinstance(above.targets[0].target, nodes.Name):
        name = above.targets[0].target.value
        return any(is_edited(scope, use) for use in scope.find(nodes.Name) if use.value == name and _is_use(scope, use))
    while isinstance(above, (nodes.Attribute, nodes.Call)):
        if isinstance(above, nodes.Attribute) and above.attr.value == "numpy":
            return True
        above = scope.parent(above)
    return False


def _is_use(scope: Scope, name: nodes.Name) -> bool:
    return not isinstance(scope.parent(name), nodes.AssignTarget)


def _always_cut(scope: Scope, name: str) -> bool:
    """Whether no method of the class, apart from those that set it up, uses the parameter itself."""
    assert scope.cls is not None
    for other in scope.cls.scopes_with(name):
        if _SETUP.fullmatch(other.name):
            continue
        for attribute in other.find(nodes.Attribute):
            if other.self_attribute(attribute) == name:
                above = other.parent(attribute)
                if not isinstance(above, nodes.Attribute) or above.attr.value not in _CUTS:
                    return False
    return True


def _is_asked_for_by_name(scope: Scope, name: str) -> bool:
    """Whether the parameter's name is a text somewhere in the file, as for `getattr`: that may be a use of it."""
    return re.search(rf"([\"']){re.escape(name)}\1", scope.file.source.text) is not None


def _is_used_by_base(scope: Scope, name: str) -> bool:
    """Whether a base class made the parameter, and its own `forward` is called, which computes with it."""
    assert scope.cls is not None
    is_own = any(a.scope.cls is scope.cls for a in scope.cls.assignments(name) if a.how != "augmented")
    return not is_own and any(scope.text(call.func) == "super().forward" for call in scope.find(nodes.Call))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name in model.forward.read_without_gradient if model.forward else ():
        if name in model.mirrors:
            continue
        message = f"`{name}` is read in forward, but detached from the graph, so it gets no gradient"
        yield model.by_name[name].proof(message)
