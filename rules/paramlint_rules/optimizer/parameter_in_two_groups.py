"""The same parameters are in two groups of an optimizer.

`model.parameters()` already holds what `model.head.parameters()` gives. An optimizer refuses a parameter that is in
two groups, and steps twice a round with one that is twice in the same group.

Bad:
    groups = [{"params": model.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Good:
    groups = [{"params": model.body.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Leave it: one of the modules overrides `parameters()` and leaves the other's out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from paramlint.knowledge.frameworks import LIVE
from paramlint.model import Claim, Group, Model, Tensor, said
from paramlint.model.questions.training import WORDS, below, spoken
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM708",
    "parameter-in-two-groups",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*WORDS),),
    asked_of=LIVE,
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for optimizer in model.optimizers:
        groups = [group for group in optimizer.groups if group.sure]
        for index, group in enumerate(groups):
            earlier = [one for one in groups[:index] if one.guard.is_known_to_fit(group.guard)]
            is_later = group.is_added  # an attribute that nothing is known of may be made in between
            mine = _covered(model, group.sure, is_later=is_later)
            if not any(_covered(model, one.sure, is_later=is_later) & mine for one in earlier):
                if not _is_twice_in(model, group):
                    continue
            what = group.module or group.sure[0]
            message = f"`{what}` is in `{spoken(optimizer)}` twice, so an optimizer refuses it or steps it twice"
            yield Claim(said(True), group.given or group.site, message, about=group)


def _is_twice_in(model: Model, group: Group) -> bool:
    """Whether a group has a parameter twice."""
    if len(set(map(id, group.sure))) < len(group.sure):
        return True
    unknown = [tensor for tensor in group.sure if not tensor.known]
    return any(
        _covered(model, [one]) & _covered(model, [other])
        for one in unknown
        for other in group.sure[group.sure.index(one) + 1 :]
    )


def _covered(model: Model, tensors: Sequence[Tensor], *, is_later: bool = False) -> set[int]:
    """The parameters that some stand for; one that stands for a module that is not known for all that it holds."""
    found = {id(t) for t in tensors}
    for module in model.modules:
        mine = [t for t in module.parameters if not t.known]
        if mine and id(mine[-1]) in found and "parameters" not in module.methods:
            start = f"{module.name}."
            inner = [m for m in model.modules if m.name.startswith(start)]
            found |= {id(t) for m in (module, *below(module), *inner) for t in (*m.tensors, *m.parameters)}
            if not is_later:
                found |= {id(t) for t in model.parameters if not t.known and t.name.startswith(start)}
    return found


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for names in model.coverage.repeated if model.coverage else ():
        both = " and ".join(f"`{name}`" for name in dict.fromkeys(names))
        message = f"the memory of {both} is in the optimizer more than once, so each step changes it twice"
        yield model.by_name[names[0]].proof(message, names=names)
