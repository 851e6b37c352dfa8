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
from paramlint.facts import Scope
from paramlint.facts.initialization import EmptyParameter
from paramlint.facts.paths.allocations import ALLOCATORS, stored_at
from paramlint.facts.unwritten_memory import fate_of
from paramlint.model import Claim, Model
from paramlint.model.questions.empty_memory import allocated_empty
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM201",
    "uninitialized-parameter",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Calls(*ALLOCATORS), Asks(*ALLOCATORS, entries=("class",))),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in allocated_empty(model):
        if not tensor.filled.when:
            message = f"`self.{place.key}` is allocated empty and nothing writes it, so it starts as garbage"
            yield Claim(~tensor.filled, place.since.site, message, about=tensor)


_BIAS = re.compile(r"(?:^|_)(?:b|bias|beta|shift|offset)\d*$")


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    fate = fate_of(scope, node)
    if fate is None or fate.uncalled is not None or fate.parameter.written != "never":
        return
    name = fate.parameter.name
    if fate.is_loaded:
        message = f"`self.{name}` is allocated empty and only a checkpoint fills it, so without one it holds garbage"
    else:
        message = f"`self.{name}` is allocated empty and nothing writes it, so it starts as garbage"
    yield Finding(stored_at(scope, node, name), message, _fix(scope, node, fate.parameter))


def _fix(scope: Scope, node: nodes.Call, parameter: EmptyParameter) -> Fix | None:
    """Initialise where the parameter is assigned; of unknown rank, nothing can be proposed."""
    stored = stored_at(scope, node, parameter.name)
    if scope.self_attribute(stored) != parameter.name or parameter.allocation.rank is None:
        return None
    target = f"{scope.self_name}.{parameter.name}"
    if _BIAS.search(parameter.name):
        function, arguments = "zeros_", target
    elif parameter.allocation.rank < 2:
        function, arguments = "normal_", f"{target}, std=0.02"
    else:
        function, arguments = "xavier_uniform_", target
    statement = scope.statement(stored)
    text = f"{scope.spell('torch.nn.init')}.{function}({arguments})"
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
