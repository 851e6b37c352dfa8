"""Where code replaces, adds or moves the parameters of a model that exists already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from paramlint import nodes
from paramlint.facts.memo import remember
from paramlint.facts.types import owns_parameters

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

_MOVES = {"to", "cuda", "xpu", "npu", "mps", "ipu"}
#: Arguments of `to` that give no new device.
_NO_DEVICE = re.compile(r"['\"]cpu['\"]|.*dtype.*|torch\.(float|bfloat|half|double|int|complex)\w*|memory_format=.*")
_ADDING_METHODS = {"add_module", "register_module", "register_parameter", "resize_token_embeddings"}
_REPLACING_FUNCTIONS = {
    "peft.get_peft_model", "torch.distributed.fsdp.FullyShardedDataParallel", "torch.nn.utils.weight_norm",
    "torch.nn.utils.spectral_norm", "torch.nn.utils.parametrizations.weight_norm",
    "torch.nn.utils.parametrizations.spectral_norm", "torch.nn.utils.parametrizations.orthogonal",
    "torch.nn.utils.parametrize.register_parametrization",
}  # fmt: skip


@dataclass(frozen=True)
class ModelChange:
    """One place that changes which tensors a model's parameters are, or where they lie.

    Attributes:
        node: the target, or the call.
        path: the changed module as a dotted name: `model.head` where that is replaced.
        kind: `replaced`, `added`, or `moved`.
    """

    node: nodes.Node
    path: str
    kind: Literal["replaced", "added", "moved"]


def model_changes(scope: Scope) -> list[ModelChange]:
    """The changes of models in a scope, in the order of the text."""
    return remember(scope, "model changes", lambda: list(_model_changes(scope)))


def _model_changes(scope: Scope) -> Iterator[ModelChange]:
    for node in scope.find(nodes.AssignTarget, nodes.Call):
        if isinstance(node, nodes.AssignTarget):
            yield from _replaced(scope, node)
        elif isinstance(node, nodes.Call):
            yield from _called(scope, node)


def _replaced(scope: Scope, node: nodes.AssignTarget) -> Iterator[ModelChange]:
    """`model.head = nn.Linear(8, 2)`, `model[0] = ...`."""
    assign = scope.parent(node)
    target = node.target.value if isinstance(node.target, nodes.Subscript) else node.target
    path = scope.dotted(target)
    if not isinstance(assign, nodes.Assign) or not isinstance(assign.value, nodes.Call) or path is None:
        return
    found = scope.type(assign.value)
    if found is not None and (found.is_parameter or (found.is_module and owns_parameters(found))):
        if not isinstance(node.target, nodes.Name):
            yield ModelChange(node.target, path, "replaced")


def _called(scope: Scope, node: nodes.Call) -> Iterator[ModelChange]:
    if isinstance(node.func, nodes.Attribute):
        name, path = node.func.attr.value, scope.dotted(node.func.value)
        if path is not None and name in _MOVES and not _keeps_device(scope, node):
            yield ModelChange(node, path, "moved")
        elif path is not None and name in _ADDING_METHODS:
            yield ModelChange(node, path, "added")
    if scope.qualified(node.func) in _REPLACING_FUNCTIONS and node.args:
        path = scope.dotted(node.args[0].value)
        if path is not None:
            yield ModelChange(node, path, "replaced")


def _keeps_device(scope: Scope, node: nodes.Call) -> bool:
    return bool(node.args) and all(_NO_DEVICE.fullmatch(scope.text(arg)) for arg in node.args)
