"""A parameter is allocated empty and written only on some paths, or only in part.

The initialiser stands in another branch than the allocation, or covers only some rows. What it leaves out is memory
as it was, on the configurations that nobody tried.

Bad:
    class Layer(nn.Module):
        def __init__(self, width, bias_init=None):
            super().__init__()
            self.shift = nn.Parameter(torch.empty(width))
            if bias_init is not None:
                bias_init(self.shift)

Good:
    class Layer(nn.Module):
        def __init__(self, width, bias_init=nn.init.zeros_):
            super().__init__()
            self.shift = nn.Parameter(torch.empty(width))
            bias_init(self.shift)

Leave it: the configuration that leaves the parameter unwritten always loads a checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.initialization import EmptyParameter
from paramlint.facts.paths.allocations import ALLOCATORS, stored_at
from paramlint.facts.unwritten_memory import fate_of, is_left_on_purpose
from paramlint.model import Claim, Event, Model, Tensor
from paramlint.model.questions.empty_memory import allocated_empty
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM202",
    "partly-initialized-parameter",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*ALLOCATORS), Asks(*ALLOCATORS, entries=("class",))),
)


#: What is left where an option is none of those that are known, and questions that only the instance can answer, or
#: that are about what has no name.
_UNKNOWN_OPTION = re.compile(r"\bnot in \(|!=|hasattr|getattr|isinstance|a condition on|<\w+ \d+>")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in allocated_empty(model):
        when = str(tensor.filled.when)
        is_excused = is_left_on_purpose(when) or _UNKNOWN_OPTION.search(when) is not None
        if tensor.filled.when and (not is_excused or _is_forgotten(tensor)):
            message = f"`self.{place.key}` is allocated empty and stays garbage when `{when}`"
            yield Claim(~tensor.filled, place.since.site, message, about=tensor)


def _is_forgotten(tensor: Tensor) -> bool:
    """Whether a sibling is initialised under a condition under which this one is not: the option is a known one."""
    left = tensor.filled.when
    writes = [w for sibling in tensor.siblings for w in sibling.writes if w.author == "user" and w.guard]
    return any(left.implies(w.guard) and not _is_told_apart(tensor, w) for w in writes)


def _is_told_apart(tensor: Tensor, write: Event) -> bool:
    """Whether the condition of a write says no more than that the tensor is there."""
    return tensor.guard.implies(write.guard)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    fate = fate_of(scope, node)
    if fate is None or fate.uncalled is not None or fate.parameter.written == "never":
        return
    name = fate.parameter.name
    if fate.parameter.written == "partly":
        message = f"`self.{name}` is allocated empty and only part of it is written, so the rest is garbage"
    else:
        message = f"`self.{name}` is allocated empty and stays garbage {_when(fate.parameter)}"
    yield Finding(stored_at(scope, node, name), message)


def _when(parameter: EmptyParameter) -> str:
    """The condition that says most: the shortest one, a test against None before what follows from it."""
    ranked = sorted(parameter.conditions, key=lambda c: (" is None" not in c[0], len(c[0])))
    if not ranked or "\n" in ranked[0][0]:
        return "on some paths through `__init__`"
    condition, truth = ranked[0]
    return f"when `{condition}`" if truth else f"unless `{condition}`"


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if parameter.status == "partly written" and not model.is_lost_on_materialization(parameter):
            message = f"`{parameter.name}` is written only in part ({parameter.fraction:.0%}), the rest is garbage"
            yield parameter.proof(message, fraction=parameter.fraction)
