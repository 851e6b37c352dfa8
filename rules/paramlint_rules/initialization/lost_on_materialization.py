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
from paramlint.model import Claim, Event, Model, Module, Tensor, said
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM203",
    "lost-on-materialization",
    group="bug",
    doc=__doc__,
    triggers=(Asks("to_empty", entries=("function", "module")), Asks("skip_init")),
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
        tensors = [*whole.parameters, *whole.buffers]
        lost = [t for t in tensors if not any(model.follows(emptied, write).yes for write in t.writes)]
        lost = [t for t in lost if not t.escaped and _was_there(t, emptied)]
        if 2 * len(lost) > len(tensors) or not all(t.known for t in tensors):
            continue
        for tensor in lost:
            held = next((p for p in tensor.places if p.registered), None)
            by_user = held is not None and held.since.author == "user"
            if tensor.role == "buffer" and not (by_user and tensor.written_elsewhere.no):
                continue  # a norm's statistics, which its own method resets, or a table that the pass makes anew
            name = f"self.{held.key}" if held is not None and by_user and held.since.site.in_class else str(tensor)
            text = f"the value of `{name}` is lost in `to_empty`, and nothing writes it again"
            if held is not None and by_user:
                site = held.since.site
                yield Claim(said(True), site, text, about=tensor, node=_place(site.node), attribute=name)
            elif tensor.made is not None:
                yield Claim(said(True), tensor.made.site, text, about=tensor)


def _was_there(tensor: Tensor, emptied: Event) -> bool:
    """Whether a module held a tensor before it was emptied."""
    return any(p.registered and min(p.since.order) < min(emptied.order) for p in tensor.places)


def _place(node: nodes.Node) -> nodes.Node:
    """The target; of a buffer `persistent=False`, which says that no checkpoint restores it, else its name."""
    if isinstance(node, nodes.Assign):
        return node.targets[0].target
    if isinstance(node, nodes.AnnAssign):
        return node.target
    if isinstance(node, nodes.Call) and node.args:
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
