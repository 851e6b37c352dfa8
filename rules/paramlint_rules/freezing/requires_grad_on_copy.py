"""What `state_dict()` gives are detached tensors: a flag set on them freezes nothing.

`state_dict()` returns the parameters' values as tensors of their own, which share memory and nothing else. Setting
`requires_grad` on them leaves the parameters as they are, and they go on training.

Bad:
    for value in model.state_dict().values():
        value.requires_grad = False

Good:
    for p in model.parameters():
        p.requires_grad = False

Leave it: `keep_vars=True` gives the parameters themselves; or the tensors are meant to be leaves of their own, for a
call of the model with other weights.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.model import Answer, Claim, Event, Model
from paramlint.rule import Asks, Rule

rule = Rule("PRM608", "requires-grad-on-copy", group="bug", doc=__doc__, triggers=(Asks("state_dict"),))


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("flagged"):
        if (
            getattr(event.of, "factory", "") == "state_dict"
            and event.author == "user"
            and not _is_leaf_for_itself(event)
        ):
            yield Claim(
                Answer("yes", (event,), event.guard),
                event.site,
                "`state_dict()` gives detached tensors, so this flag reaches no parameter",
                about=event.of,
            )


def _is_leaf_for_itself(event: Event) -> bool:
    """Whether one entry is switched on: code that computes with such copies asks them for gradients."""
    return getattr(event.get("value"), "value", None) is True and not event.of.name.endswith("[...]")
