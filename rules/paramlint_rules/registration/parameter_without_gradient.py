"""A parameter is registered and trainable, but the output does not depend on it.

The optimizer holds it, checkpoints carry it, `DistributedDataParallel` waits for its gradient, and nothing ever changes
it: a layer that is built and not called, or a branch that this configuration never takes. It is seen in the autograd
graph of one pass on the example input.

Leave it: another input or another mode reaches the parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule("PRM410", "parameter-without-gradient", group="risk", doc=__doc__)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.forward is None:
        return
    for name in model.forward.without_gradient:
        if name not in model.forward.read_without_gradient:
            message = f"`{name}` is registered, but the output does not depend on it, so it is never trained"
            yield model.by_name[name].proof(message)
