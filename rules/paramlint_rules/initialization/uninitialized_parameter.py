"""A parameter is allocated empty and nothing writes it.

`torch.empty` and `torch.Tensor(n)` give memory as it is. Where no initialiser follows, training starts from whatever
was in it: often zeros, sometimes old activations, now and then `nan`. Runs differ, and the loss alone does not tell.

Bad:
    class Attention(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.query = nn.Parameter(torch.empty(width, width))

        def forward(self, x):
            return x @ self.query

Good:
    class Attention(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.query = nn.Parameter(torch.empty(width, width))
            nn.init.xavier_uniform_(self.query)

        def forward(self, x):
            return x @ self.query

Fix: unsafe. The parameter starts from other values: a matrix from `xavier_uniform_`, a bias from zeros, any other
    vector from a narrow normal law. The law is a choice that only the author of the model can make.
Leave it: every caller loads a checkpoint, or writes the values itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Claim, Model, Tensor
from paramlint.model.event import Site
from paramlint.model.questions.empty_memory import ALLOCATORS, allocated_empty, kept_at, spelled
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM201",
    "uninitialized-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks(*ALLOCATORS, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in allocated_empty(model):
        if not tensor.filled.when:
            message = f"`{spelled(place)}` is allocated empty and nothing writes it, so it starts as garbage"
            site = kept_at(tensor, place)
            yield Claim(~tensor.filled, site, message, about=tensor, fix=_fix(site, tensor, place.key))


_BIAS = re.compile(r"(?:^|_)(?:b|bias|beta|shift|offset)\d*$")


def _fix(site: Site, tensor: Tensor, name: str) -> Fix | None:
    """Initialise where the parameter is assigned; of unknown rank, nothing can be proposed."""
    statement, target = site.statement, site.text(site.node)
    if not isinstance(site.node, nodes.Attribute) or site.node.attr.value != name or tensor.shape is None:
        return None
    if not isinstance(site.node.value, nodes.Name):
        return None
    if _BIAS.search(name):
        function, arguments = "zeros_", target
    elif len(tensor.shape) < 2:
        function, arguments = "normal_", f"{target}, std=0.02"
    else:
        function, arguments = "xavier_uniform_", target
    text = f"{site.spell('torch.nn.init')}.{function}({arguments})"
    change = Change(statement, statement, text, "after")
    return Fix(f"Initialise `{target}` with `{function}`", (change,), "unsafe", ("torch.nn",))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if not model.is_lost_on_materialization(parameter) and parameter.is_unwritten:
            how = "computed from memory that was" if parameter.status == "tainted" else "allocated and"
            yield parameter.proof(f"`{parameter.name}` is {how} never written, so it starts as whatever was there")
    for buffer in model.buffers:
        if buffer.status == "unwritten" and buffer.is_unwritten and not model.is_filled(buffer):
            yield buffer.proof(f"`{buffer.name}` is allocated and never written, so it starts as whatever was there")


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    for parameter in model.parameters:
        # That a checkpoint fills it is what the finding says: without one it holds garbage.
        if parameter.writing and not parameter.is_loaded:
            yield from ((name, parameter.writing) for name in parameter.names)
