"""A constant tensor as a plain attribute stays behind when the module moves.

`to()`, `cuda()` and `half()` move parameters and buffers, not other attributes. Used in `forward`, the tensor is then
on the wrong device or of the wrong type and the call raises; on the CPU nobody notices. A buffer moves along, and with
`persistent=False` it adds nothing to `state_dict()`.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = torch.tensor([0.4, 0.5, 0.6])

        def forward(self, x):
            return x - self.mean

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]), persistent=False)

        def forward(self, x):
            return x - self.mean

Fix: unsafe. The tensor changes its device and type with the module.
Leave it: the module never leaves the CPU, or the tensor must not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Assignment, Class, Scope
from paramlint.facts.own_tensors import is_constant
from paramlint.knowledge import TENSOR_FACTORIES
from paramlint.rule import Change, Defines, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM408",
    "tensor-instead-of-buffer",
    group="risk",
    fix="unsafe",
    doc=__doc__,
    triggers=(Defines("__init__", text={"Tensor", *(name.rpartition(".")[2] for name in TENSOR_FACTORIES)}),),
)

#: What is asked of a tensor without computing with it, or to move it by hand.
_ASKED = {"shape", "size", "dim", "numel", "dtype", "device", "tolist", "item", "numpy", "ndim", "is_cuda"}
_MOVED = {"to", "cuda", "type_as", "cpu", "clone", "data", "expand_as", "copy_"}


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    cls = scope.cls
    if cls is None or not cls.is_module or scope.name != "__init__" or cls.own_method("_apply") is not None:
        return
    for name, assignment in scope.assignments:
        if assignment.how != "assign" or assignment.value is None or assignment.target is None:
            continue
        if not is_constant(scope, assignment.value):
            continue
        if _is_always_constant(scope, cls, name) and _is_computed_with(cls, name):
            message = f"`self.{name}` is a plain tensor, so it does not move with the module"
            yield Finding(assignment.target, message, _fix(scope, name, assignment))


def _is_always_constant(scope: Scope, cls: Class, name: str) -> bool:
    """Whether it is only ever given constants, all of them in this `__init__`."""
    return all(
        a.scope is scope and a.how == "assign" and a.value is not None and is_constant(scope, a.value)
        for a in cls.assignments(name)
    )


def _is_computed_with(cls: Class, name: str) -> bool:
    """Whether `forward`, or a method that it calls, computes with the attribute as it is, and nothing moves it."""
    reached = _reached(cls)
    is_used = False
    for base in cls.mro:
        for scope in base.scopes_with(name):
            for node in scope.find(nodes.Attribute):
                if scope.self_attribute(node) != name:
                    continue
                use = _use(scope, node)
                if use in ("moved", "unknown"):
                    return False
                is_used = is_used or (use == "computed" and scope.name in reached)
    return is_used


def _reached(cls: Class) -> set[str]:
    """The names of `forward` and of the methods that it calls, directly or not."""
    found: set[str] = set()
    waiting = ["forward"]
    while waiting:
        name = waiting.pop()
        method = cls.method(name)
        if name in found or method is None or (method.cls is not None and method.cls.canonical == "torch.nn.Module"):
            continue
        found.add(name)
        waiting.extend(called for call in method.find(nodes.Call) if (called := method.self_attribute(call.func)))
    return found


def _use(scope: Scope, node: nodes.Node) -> str:
    """`moved`, `computed`, `unknown`, or empty for what needs no device."""
    parent = scope.parent(node)
    if isinstance(parent, nodes.Attribute):
        if parent.attr.value in _MOVED:
            return "moved"
        call = scope.parent(parent)
        is_called = isinstance(call, nodes.Call) and call.func is parent
        if is_called and call is not None and _use(scope, call) == "moved":
            return "moved"
        return "" if parent.attr.value in _ASKED else "computed"
    if isinstance(parent, nodes.Subscript) and node is parent.value:
        return _use(scope, parent)
    if isinstance(parent, nodes.Arg):
        call = scope.parent(parent)
        if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute) and call.func.attr.value in _MOVED:
            return "moved"
        is_torch = isinstance(call, nodes.Call) and (scope.qualified(call.func) or "").startswith("torch.")
        is_method = isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute)
        return "computed" if is_torch or is_method else "unknown"
    if isinstance(parent, (nodes.BinaryOperation, nodes.Comparison, nodes.ComparisonTarget)):
        return "computed"
    return "" if isinstance(parent, (nodes.AssignTarget, nodes.AnnAssign, nodes.Index)) else "unknown"


def _fix(scope: Scope, name: str, assignment: Assignment) -> Fix | None:
    node, value = assignment.node, assignment.value
    if not isinstance(node, nodes.Assign) or len(node.targets) != 1 or node.value is not value or value is None:
        return None
    new = f'{scope.self_name}.register_buffer("{name}", {scope.text(value)}, persistent=False)'
    return Fix("Register it as a buffer", (Change(node, node, new),))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.plain_tensors_used:
        is_computed_with = partial(_is_computed_with, name=found.attribute)
        if found.through in ("attribute", "container") and model.source_says(type(found.owner), is_computed_with):
            message = f"`{found.path}` is a tensor used in forward but no buffer, so `to()` does not move it"
            yield found.proof(message)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.registered
