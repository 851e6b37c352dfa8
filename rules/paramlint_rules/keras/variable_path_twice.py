"""Two variables with one path: on the PyTorch backend `parameters()` has only the last of them.

A layer of Keras is a module of PyTorch there, and registers its variables by their paths. Where two have one path, as
those of two `add_weight(name="w")`, the first is in `weights` and trained by `fit`, but `model.parameters()` and
`state_dict()` do not know it: an optimizer of PyTorch leaves it as it is.

Bad:
    from keras import layers

    class Twice(layers.Layer):
        def build(self, shape):
            self.first = self.add_weight(shape=(4, 4), name="w")
            self.second = self.add_weight(shape=(4, 4), name="w")

Good:
    from keras import layers

    class Twice(layers.Layer):
        def build(self, shape):
            self.first = self.add_weight(shape=(4, 4), name="first")
            self.second = self.add_weight(shape=(4, 4), name="second")

Leave it: only Keras itself trains and saves the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule("PRM823", "variable-path-twice", group="risk", doc=__doc__, frameworks=KERAS)


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for hidden, known in model.repeated_paths:
        message = f"`{hidden.name}` has the path of `{known.name}`, so `parameters()` of torch leaves it out"
        yield hidden.proof(message, hidden.init, names=(hidden.name, known.name))
