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

from paramlint import nodes
from paramlint.facts import Assignment, Class
from paramlint.facts.deferred import Deferred, deferred_initialization
from paramlint.facts.writers import Wanted, may_write
from paramlint.model import Claim, Event, Model, Module, Tensor, said
from paramlint.rule import Asks, Classes, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM203",
    "lost-on-materialization",
    group="bug",
    doc=__doc__,
    triggers=(Classes("Parameter", "register_buffer"), Asks("to_empty", entries=("function", "module"))),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Where a model is materialized and initialised: the few tensors that nothing writes after that."""
    for emptied in model.events("moved"):
        whole = emptied.of
        if emptied.get("how") != "to_empty" or not isinstance(whole, Module) or not whole.known.yes or whole.escaped:
            continue
        if any(isinstance(e.of, Module) and model.follows(emptied, e).yes for e in model.events("loaded")):
            continue
        tensors = [t for t in (*whole.parameters, *whole.buffers) if _is_older(t, emptied)]
        later = {id(t): [w for w in t.writes if model.follows(emptied, w).yes] for t in tensors}
        lost = [t for t in tensors if not later[id(t)] and t.known and not t.escaped and t.made is not None]
        if 2 * len(lost) >= len(tensors) or not all(t.known for t in tensors):
            continue
        for tensor in lost:
            made, place = tensor.made, next((p for p in tensor.places if p.registered and p.holds), None)
            if made is None or place is None:
                continue
            is_own = place.since.author == "user"
            if tensor.role == "buffer" and not (is_own and tensor.written_elsewhere.no):
                continue  # a norm's statistics, which its own method resets, or a table that the pass makes anew
            is_call = is_own and isinstance(place.since.site.node, nodes.Call)
            site = place.since.site if is_call else made.site
            text = f"the value of `{tensor}` is lost in `to_empty`, and nothing writes it again"
            yield Claim(said(True), site, text, about=tensor, node=_named_in(site.node) if is_call else None)


def _is_older(tensor: Tensor, emptied: Event) -> bool:
    return tensor.made is None or min(tensor.made.order) < min(emptied.order)


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
    if value is None or (isinstance(value, nodes.Name) and value.value == "None"):
        return False
    if assignment.how == "buffer":
        return True
    if assignment.how == "parameter":
        return isinstance(value, nodes.Call)
    found = assignment.scope.type(value)
    return found is not None and found.is_parameter and isinstance(value, nodes.Call)


def _is_written(cls: Class, name: str, protocol: Deferred) -> bool:
    return any(may_write(scope, Wanted(cls, name)) for scope in protocol.writers)


def _place(assignment: Assignment) -> nodes.Node:
    """The target; of a buffer `persistent=False`, which says that no checkpoint restores it, else its name."""
    node = assignment.node
    if isinstance(node, nodes.Assign):
        return node.targets[0].target
    if isinstance(node, nodes.AnnAssign):
        return node.target
    return _named_in(node) if isinstance(node, nodes.Call) else node


def _named_in(call: nodes.Call) -> nodes.Node:
    """`persistent=False` of the call that registers something, else the first that it is given."""
    flags = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value == "persistent"]
    return flags[0] if flags else call.args[0].value if call.args else call


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
