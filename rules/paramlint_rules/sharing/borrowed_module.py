"""A submodule belongs to another live model as well.

`self.encoder = teacher.encoder` takes the module itself, not a copy. Training, freezing or moving one model then
changes the other, and so does `load_state_dict`.

Leave it: the models are meant to share, as a policy and a value network share their trunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule("PRM308", "borrowed-module", group="risk", doc=__doc__)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for borrowed in model.borrowed_modules:
        lender = type(borrowed.lender).__name__
        message = f"`{borrowed.name}` belongs to another live `{lender}` too, so training one changes the other"
        yield model.proof_at(borrowed.name, message, lender=lender)
