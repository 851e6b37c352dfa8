"""The values of a parameter do not follow the law that was declared for it.

A contract or a test says how a parameter is initialised: `normal(std=0.02)`, `kaiming_uniform(a=5**0.5)`, or as another
function fills a tensor. The values of a real build are tested against it, exactly and at any size, so that a wrong std,
a forgotten bound or a part that was overwritten later shows before the training does.

Leave it: never. Either the initialisation or the declaration is wrong.

Source: the tests are exact; over all parameters of a model, the probability of a false report is 1 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.verify.live import LiveModel

rule = Rule("PRM219", "wrong-init-law", group="bug", doc=__doc__)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name, fit in model.rejected_laws.items():
        parameter = model.by_name[name]
        law = model.expected_laws[name].law
        message = f"the values of `{name}` do not follow `{law}`: {fit.reason}"
        yield parameter.proof(message, parameter.init, law=law, p_value=fit.p_value)
