"""A parameter is not what the contract says.

`paramlint verify --contract parameters.toml` compares a model with what was agreed about it, by hand or with
`--write-contract`: names, shapes, dtypes, ties, what is frozen, and the law of the initial values. A change that nobody
meant, such as a tie that is gone after a refactoring, shows at once; one that is meant is a change of the file.

Leave it: never. Either the model or the contract has to change.

Source: laws are compared with the values of a real build, and with what the initialising call names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.knowledge.frameworks import LIVE
from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule("PRM220", "broken-contract", group="bug", doc=__doc__, asked_of=LIVE)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.contract is None:
        return
    for breach in model.agreement.breaches:
        place = f"{model.contract.path}:{breach.row}" if breach.row else model.contract.path
        evidence = {"contract": place, "expected": breach.expected, "found": breach.found}
        if breach.tensor is not None:
            yield breach.tensor.proof(breach.message, breach.tensor.init, **evidence)
        else:
            yield Proof(breach.name, breach.message, filename=model.contract.path, row=breach.row, evidence=evidence)
