"""The values of a parameter do not follow the law that was declared for it.

`--law '*.weight=normal(std=0.02)'`, the configuration or a test says how a parameter is initialised. The values of a
real build are tested against it, and so is the call that wrote them, exactly and at any size, so that a wrong std, a
forgotten bound or a part that was overwritten later shows before the training does.

Leave it: never. Either the initialisation or the declaration is wrong.

Source: over all parameters of a model, the probability of a false report is 1 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.knowledge.frameworks import LIVE
from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule("PRM219", "wrong-init-law", group="bug", doc=__doc__, asked_of=LIVE)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name, (law, fit) in model.law_fits.items():
        if fit.verdict == "rejected":
            parameter = model.by_name[name]
            message = f"the values of `{name}` do not follow `{law}`: {fit.reason}"
            yield parameter.proof(message, parameter.init, law=str(law), p_value=fit.p_value)
