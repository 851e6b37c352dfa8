"""Making a model trainable again un-freezes the layers in it that were frozen by themselves.

`outer.trainable = True` is handed down to all layers on the PyTorch backend, and to those in a functional or sequential
model on others; whether `inner.trainable = False` of before survives depends on the backend and the kind of model.

Bad:
    import keras

    inner = keras.layers.Dense(4)
    outer = keras.Sequential([keras.Input((4,)), inner])
    inner.trainable = False
    outer.trainable = True

Good:
    import keras

    inner = keras.layers.Dense(4)
    outer = keras.Sequential([keras.Input((4,)), inner])
    outer.trainable = True
    inner.trainable = False

Leave it: all layers are meant to be trained from here on.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Said, Stored, Trace, Value, options
from paramlint.facts.reading.keras_code import is_frozen_flag, is_layer
from paramlint.facts.reading.trace import root_of, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM824",
    "trainable-by-backend",
    group="pedantic",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("trainable"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    stores = [store for store in trace.stores if store.name == "trainable"]
    for store in stores:
        for outer in options(store.owner):
            if not is_layer(outer) or is_frozen_flag(store.value) is not False:
                continue
            inside = trace.inside(outer)
            frozen = [one for s in stores if s.index < store.index for one in _frozen(s, store, outer, inside)]
            again = [one for s in stores if s.index > store.index for one in options(s.owner)]
            if any(one not in again for one in frozen):
                written = " ".join(store.scope.text(target(store)).split())
                message = f"`{written}` un-freezes the layers in it that were frozen before, on some backends"
                yield say(store, message, node=target(store))


def _frozen(store: Stored, later: Stored, outer: Value, inside: set[Value]) -> Iterator[Value]:
    """The layers inside that something freezes before."""
    if is_frozen_flag(store.value) and not store.excludes(later):
        for one in options(store.owner):
            if one is not outer and (one in inside or (one is not root_of(one) and root_of(one) is outer)):
                yield one
