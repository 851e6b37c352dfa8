"""A layer that is made in `call` is a new one at each call, with new values, and is never trained.

What `call` makes is thrown away when it returns. Its weights are drawn anew each time, so two calls give two answers,
and they are not in `weights`, so no optimizer knows them.

Bad:
    from keras import Model, layers

    class Net(Model):
        def call(self, x):
            return layers.Dense(4)(x)

Good:
    from keras import Model, layers

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)

        def call(self, x):
            return self.dense(x)

Leave it: the layer has no weights, such as `Add` or `Flatten`; those are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading import Said, Thing, Trace, options
from paramlint.facts.reading.keras_code import is_layer, owns
from paramlint.facts.reading.trace import is_layer_class, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM808",
    "layer-made-in-call",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("call", entries=("class",)),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_layer_class(trace.cls):
        return
    kept = {one for store in trace.stores for one in options(store.value)}
    used = {func for call in trace.calls for func in options(call.func)}
    for call in trace.calls:
        layer = call.result
        if not call.stack or call.stack[0] != "call" or not isinstance(layer, Thing) or layer.made is not call:
            continue
        if "__init__" in call.stack or "build" in call.stack or layer in kept or not is_layer(layer):
            continue
        is_used = layer in used or any(layer in other.args for other in trace.calls)
        if is_used and owns(trace, layer) is True:
            message = f"`{layer.last}` is made anew in each `call`, so its weights are new each time and never trained"
            yield say(call, message)


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for made in model.made_in_call:
        name = made.layer.__name__
        message = f"`{name}` is made anew in each `call`, so its weights are new each time and never trained"
        yield Proof(name, message, made.caller.__qualname__, "", made.filename, made.row)
