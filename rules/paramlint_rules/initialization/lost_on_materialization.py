"""A value given in `__init__` is lost when the model is built on the meta device and then gets its memory.

On the meta device `torch.zeros(n)` has no values. `to_empty` then allocates every parameter and buffer anew, without
values, and only what runs afterwards (`init_weights`, `reset_parameters`) counts. What that code leaves out is garbage:
a scale of one, a table of positions, a bias.

Setup:
    def build():
        with torch.device("meta"):
            net = Net(4)
        net.to_empty(device="cpu")
        net.init_weights()
        return net

Bad:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width))
            self.scale = nn.Parameter(torch.ones(width))

        def init_weights(self):
            nn.init.ones_(self.weight)

Good:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width))
            self.scale = nn.Parameter(torch.ones(width))

        def init_weights(self):
            nn.init.ones_(self.weight)
            nn.init.ones_(self.scale)

Leave it: a checkpoint that has the tensor is always loaded afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Assignment, Class
from paramlint.facts.deferred import Deferred, deferred_initialization
from paramlint.facts.writers import Wanted, may_write
from paramlint.rule import Classes, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM203", "lost-on-materialization", group="bug", doc=__doc__, triggers=(Classes("Parameter", "register_buffer"),)
)


@rule.static_class
def check(cls: Class) -> Iterator[Finding]:
    if not cls.is_module:
        return
    protocol = deferred_initialization(cls.file)
    if protocol is None or not protocol.concerns(cls):
        return
    for name, assignments in cls.own_attributes.items():
        given = next((a for a in assignments if a.scope.name == "__init__" and _has_values(a)), None)
        if given is not None and not _is_written(cls, name, protocol):
            method = next((s.name for s in protocol.writers if s.cls in cls.mro), protocol.called[0])
            message = f"the value of `self.{name}` is lost in `to_empty`, and `{method}` does not write it again"
            yield Finding(_place(given), message)


def _has_values(assignment: Assignment) -> bool:
    """Whether an assignment makes a parameter or a buffer that has memory."""
    value = assignment.value
    if value is None or (isinstance(value, cst.Name) and value.value == "None"):
        return False
    if assignment.how == "buffer":
        return True
    if assignment.how == "parameter":
        return isinstance(value, cst.Call)
    found = assignment.scope.type(value)
    return found is not None and found.is_parameter and isinstance(value, cst.Call)


def _is_written(cls: Class, name: str, protocol: Deferred) -> bool:
    return any(may_write(scope, Wanted(cls, name)) for scope in protocol.writers)


def _place(assignment: Assignment) -> cst.CSTNode:
    """The target; of a buffer `persistent=False`, which says that no checkpoint restores it, else its name."""
    node = assignment.node
    if isinstance(node, cst.Assign):
        return node.targets[0].target
    if isinstance(node, cst.AnnAssign):
        return node.target
    if isinstance(node, cst.Call):
        flags = [arg for arg in node.args if arg.keyword is not None and arg.keyword.value == "persistent"]
        return flags[0] if flags else node.args[0].value
    return node


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for tensor in model.tensors:
        if model.is_lost_on_materialization(tensor):
            role = "value" if tensor.role == "parameter" else "buffer's value"
            message = f"the {role} of `{tensor.name}` is lost on materialization, so it starts as whatever was there"
            allocated = model.plain.by_name[tensor.name].allocation if model.plain else None
            yield tensor.proof(message, allocated, preset=model.preset, fraction=tensor.fraction)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    for tensor in model.tensors:
        if tensor.writing and model.was_materialized(tensor):
            yield from ((name, f"{tensor.writing}, after `to_empty`") for name in tensor.names)
