"""An initialisation writes into a tensor that nobody keeps.

Under weight norm, and under any parametrization, `weight` is computed from other parameters; what is written into it
lives until the next access or call. Indexing with a list, a mask or a tensor makes a copy, and so does `clone()`. The
parameter keeps its old values.

Bad:
    self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(8, 8, 3))
    nn.init.normal_(self.conv.weight, std=0.01)

Good:
    self.conv = nn.Conv1d(8, 8, 3)
    nn.init.normal_(self.conv.weight, std=0.01)
    nn.utils.parametrizations.weight_norm(self.conv)

Leave it: never; the call has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.init_events import init_events
from paramlint.facts.recomputed import recomputed
from paramlint.knowledge import TENSOR_FACTORIES
from paramlint.rule import Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM218", "init-of-temporary", group="bug", doc=__doc__, triggers=(Calls(*WRITE_NAMES, "apply"),))

_COPYING = {"clone", "repeat", "index_select", "masked_select", "abs"}
#: Calls that make a tensor of indices with at least one dimension.
_INDICES = {"torch.arange", "torch.randperm", "torch.LongTensor", "torch.nonzero", "torch.where"}


@rule.static(cst.Call)
def check_write(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    if found is None or not isinstance(scope.parent(node), cst.Expr):
        return
    target, text = found.target, scope.text(found.target)
    if isinstance(target, cst.Attribute):
        what = recomputed(scope, target.value, target.attr.value, node)
        if what is not None:
            message = f"`{text}` is computed by {what}, so what `{found.function}` writes is lost"
            yield Finding(target, message)
        return
    if _is_copy(scope, target):
        yield Finding(target, f"`{text}` is a copy, so what `{found.function}` writes is lost")


@rule.static(cst.Call)
def check_applied(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "apply" or len(node.args) != 1:
        return
    function = scope.resolve(node.args[0].value)
    if not isinstance(function, Scope) or not isinstance(function.node, cst.FunctionDef):
        return
    parameters = function.node.params.params
    owner = node.func.value
    if not parameters or not isinstance(owner, (cst.Name, cst.Attribute)):
        return
    written = f"{parameters[0].name.value}.weight"
    if any(event.key == written for event in init_events(function)):
        what = recomputed(scope, owner, "weight", node)
        if what is not None:
            name, text = scope.text(node.args[0].value), scope.text(owner)
            yield Finding(node, f"`{text}` has weights computed by {what}, so what `{name}` writes is lost")


def _is_copy(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether an expression certainly makes a new tensor."""
    if isinstance(node, cst.Call):
        name = scope.qualified(node.func)
        if name is not None:
            return name in TENSOR_FACTORIES and name not in ("torch.from_numpy", "torch.as_tensor", "torch.asarray")
        is_method = isinstance(node.func, cst.Attribute) and node.func.attr.value in _COPYING
        return is_method and _is_tensor(scope, node.func.value)  # type: ignore[attr-defined]
    if isinstance(node, cst.BinaryOperation):
        return _is_tensor(scope, node.left) or _is_tensor(scope, node.right)
    if isinstance(node, cst.Subscript) and _is_tensor(scope, node.value):
        return any(isinstance(e.slice, cst.Index) and _gathers(scope, e.slice.value) for e in node.slice)
    return False


def _gathers(scope: Scope, index: cst.BaseExpression) -> bool:
    """Whether indexing with an expression copies: a list, a mask, or a tensor of indices."""
    if isinstance(index, (cst.List, cst.ListComp)):
        return True
    if isinstance(index, cst.Comparison):
        return any(_is_tensor(scope, side) for side in (index.left, index.comparisons[0].comparator))
    if isinstance(index, cst.Call):
        name = scope.qualified(index.func)
        if name == "torch.tensor":
            return bool(index.args) and isinstance(index.args[0].value, cst.List)
        return name in _INDICES
    if isinstance(index, cst.Name):
        bindings = scope.bindings.get(index.value, [])
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return value is not None and not isinstance(value, cst.Name) and _gathers(scope, value)
    return False


def _is_tensor(scope: Scope, node: cst.BaseExpression) -> bool:
    known = scope.type(node)
    return known is not None and known.kind in ("parameter", "buffer", "tensor")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for lost in model.lost_writes:
        write, name = lost.write, lost.meant[0] if lost.meant else lost.write.owner
        message = f"`{write.call}` fills a temporary that nobody keeps, so the initialisation of `{name}` is lost"
        stds = {"std": lost.std, "expected_std": lost.expected_std}
        evidence = {"call": write.describe(), "shape": lost.shape, "count": lost.count, "meant": lost.meant[:8]}
        yield Proof(name, message, write.owner, "", write.filename, write.row, evidence | stds)
