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

from paramlint.facts.unwritten_memory import is_left_on_purpose
from paramlint.model import Claim, Event, Guard, Model, Tensor, said
from paramlint.model.questions.empty_memory import ALLOCATORS, allocated_empty, kept_at, spelled, written_in_part
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM202",
    "partly-initialized-parameter",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*ALLOCATORS, entries=("class",)),),
)


#: What is left where an option is none of those that are known, and questions that only the instance can answer, or
#: that are about what has no name.
_UNKNOWN_OPTION = re.compile(r"\bnot in \(|!=|hasattr|getattr|isinstance|a condition on|<\w+ \d+>")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for tensor, place in allocated_empty(model):
        when = str(tensor.filled.when)
        is_excused = is_left_on_purpose(when) or _UNKNOWN_OPTION.search(when) is not None
        is_excused = is_excused and not _is_drawn_beside(model, tensor)
        written = _written_instead(tensor) if is_excused else None
        if tensor.filled.when and (not is_excused or written is not None):
            where = f"where `{written}` is initialised" if is_excused else f"when `{when}`"
            message = f"`{spelled(place)}` is allocated empty and stays garbage {where}"
            yield Claim(~tensor.filled, kept_at(tensor, place), message, about=tensor)
    for tensor, place in written_in_part(model):
        message = f"`{spelled(place)}` is allocated empty and only part of it is written, so the rest is garbage"
        yield Claim(said(True), kept_at(tensor, place), message, about=tensor)


def _is_drawn_beside(model: Model, tensor: Tensor) -> bool:
    """Whether random values are drawn, and kept nowhere, under a condition under which the tensor gets none."""

    def find() -> list[Guard]:
        made = [(t, t.made) for t in model.all_tensors if t.made is not None and t.made.guard and not t.places.seen]
        return [event.guard for one, event in made if one.role == "plain" and one.draw is not None]

    return any(guard.implies(tensor.filled.when) for guard in model.remember("drawn and kept nowhere", find))


def _written_instead(tensor: Tensor) -> Tensor | None:
    """A sibling that is initialised under a condition under which this one is not: the option is a known one."""
    left = tensor.filled.when
    for sibling in tensor.siblings:
        writes = [w for w in sibling.writes if w.author == "user" and w.guard]
        if any(left.implies(w.guard) and not _is_told_apart(tensor, w) for w in writes):
            return sibling
    return None


def _is_told_apart(tensor: Tensor, write: Event) -> bool:
    """Whether the condition of a write says no more than that the tensor is there."""
    return tensor.guard.implies(write.guard)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if parameter.status == "partly written" and not model.is_lost_on_materialization(parameter):
            message = f"`{parameter.name}` is written only in part ({parameter.fraction:.0%}), the rest is garbage"
            yield parameter.proof(message, fraction=parameter.fraction)
