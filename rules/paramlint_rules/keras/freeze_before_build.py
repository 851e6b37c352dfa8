"""A loop that freezes the layers of a model before it is built misses those that `build` adds.

`model.layers` lists what there is. A model that makes layers in `build` has them only after its first call, and they
are trainable then.

Bad:
    from keras import Model, layers

    class Late(Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(4)

        def build(self, shape):
            self.b = layers.Dense(1)

    model = Late()
    for layer in model.layers:
        layer.trainable = False
    model(x)

Good:
    from keras import Model, layers

    class Late(Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(4)

        def build(self, shape):
            self.b = layers.Dense(1)

    model = Late()
    model(x)
    for layer in model.layers:
        layer.trainable = False

Leave it: only the layers of the constructor are meant to be frozen.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Part, Said, Stored, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import is_frozen_flag, is_layer
from paramlint.facts.reading.trace import is_layer_class, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM819",
    "freeze-before-build",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("trainable"),),
)

_BUILDS = ("build", "fit", "predict", "evaluate", "train_on_batch", "load_weights", "summary")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for store in trace.stores:
        if store.name != "trainable" or not is_frozen_flag(store.value) or not store.loops:
            continue
        for one in options(store.owner):
            model = _model_of(one)
            if model is not None and _adds_in_build(trace, model) and not _is_built(trace, store, model):
                message = f"`{model.last}` makes layers in `build`, which has not run here, so those stay trainable"
                yield say(store, message, node=target(store))


def _model_of(layer: Value) -> Thing | None:
    """The model whose layers a loop goes through."""
    if (
        isinstance(layer, Part)
        and layer.name == "[]"
        and isinstance(layer.owner, Part)
        and layer.owner.name == "layers"
    ):
        model = layer.owner.owner
        if isinstance(model, Thing) and model.cls is not None and is_layer_class(model.cls):
            return model
    return None


def _adds_in_build(trace: Trace, model: Thing) -> bool:
    return any(
        s.owner is model and "build" in s.stack and any(is_layer(one) for one in options(s.value)) for s in trace.stores
    )


def _is_built(trace: Trace, store: Stored, model: Thing) -> bool:
    calls = [call for call in trace.calls if model in options(call.func)] + list(trace.methods(model, *_BUILDS))
    return any(call.index < store.index and not call.excludes(store) for call in calls)
