"""A discriminator that is frozen after it was compiled does not learn any more.

In Keras 2 a compiled model kept what was trainable when it was compiled, so a GAN could freeze its discriminator
between two calls of `compile`. Keras 3 asks at each training step: frozen for the combined model is frozen for its own
steps as well, and the discriminator stays as it was drawn.

Bad:
    import keras

    d = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    g = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    d.compile("sgd", "mse")
    d.trainable = False
    gan = keras.Sequential([g, d])
    gan.compile("sgd", "mse")
    d.train_on_batch(x, y)

Good:
    import keras

    d = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    g = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    frozen = keras.models.clone_model(d)
    frozen.trainable = False
    d.compile("sgd", "mse")
    gan = keras.Sequential([g, frozen])
    gan.compile("sgd", "mse")
    d.train_on_batch(x, y)
    frozen.set_weights(d.get_weights())

Leave it: the code runs on Keras 2, or sets `trainable` to true again before each step of the discriminator.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Said, Stored, Trace, Value, options
from paramlint.facts.reading.keras_code import TRAIN_STEPS, is_frozen_flag, models_of
from paramlint.facts.reading.trace import say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM805",
    "frozen-compiled-model",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("trainable"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.generation == "2":
        return
    compiled = models_of(trace, "compile")
    trained = models_of(trace, *TRAIN_STEPS)
    for store in trace.stores:
        if store.name != "trainable" or not is_frozen_flag(store.value):
            continue
        for model in options(store.owner):
            if model not in compiled or model not in trained or _is_thawed(trace, store, model):
                continue
            first = [c for c in compiled[model] if c.index < store.index and not c.excludes(store)]
            if not first or any(c.index > store.index for c in compiled[model]):
                continue
            around = [m for m in compiled if m is not model and model in trace.inside(m)]
            if not any(c.index > store.index for m in around for c in compiled[m]):
                continue
            if any(t.index > store.index and not t.excludes(store) for t in trained[model]):
                written = " ".join(store.scope.text(target(store)).split())
                name = written.rpartition(".")[0]
                message = f"`{name}` is frozen for its own training steps too, so it never learns"
                yield say(store, message, node=target(store))


def _is_thawed(trace: Trace, store: Stored, model: Value) -> bool:
    """Whether it is made trainable again later."""
    later = (e for e in trace.stores if e.index > store.index and e.name == "trainable")
    return any(model in options(e.owner) and not is_frozen_flag(e.value) for e in later)
