"""A layer that is frozen or unfrozen after training has begun stays as it was until the model is compiled again.

`compile` and the first step fix which variables are trained. A `trainable` that is changed later is ignored on
TensorFlow, an error on JAX, and for what is unfrozen an error on PyTorch too.

Bad:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y)
    model.layers[0].trainable = False
    model.fit(x, y)

Good:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(x, y)

Leave it: the model has a `train_step` of its own that asks which variables are trained.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Called, Said, Stored, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import TRAIN_STEPS, belongs, is_frozen_flag, models_of
from paramlint.facts.reading.trace import say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM803",
    "trainable-after-compile",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("trainable"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    compiled = models_of(trace, "compile")
    said: set[object] = set()
    for model, trained in models_of(trace, *TRAIN_STEPS).items():
        if model not in compiled or _has_own_step(model):
            continue
        for store in trace.stores:
            if store.node not in said and _is_late(trace, model, compiled[model], trained, store):
                said.add(store.node)
                written = " ".join(store.scope.text(target(store)).split())
                message = f"`{written}` changes after training has begun, so it has no effect before the next `compile`"
                yield say(store, message, node=target(store))


def _has_own_step(model: Value) -> bool:
    return isinstance(model, Thing) and model.cls is not None and model.cls.method("train_step") is not None


def _is_late(trace: Trace, model: Value, compiled: list[Called], trained: list[Called], store: Stored) -> bool:
    flag = is_frozen_flag(store.value)
    if store.name != "trainable" or flag is None or not any(belongs(trace, one, model) for one in options(store.owner)):
        return False
    compiles = [c for c in compiled if c.index < store.index and not c.excludes(store) and c.root in (0, 1, store.root)]
    if not compiles or _flag_at(trace, store, compiles[-1].index) == flag:
        return False
    last = compiles[-1].index
    before = [t for t in trained if last < t.index < store.index and t.root == store.root and not t.excludes(store)]
    for step in (t for t in trained if t.index > store.index and t.root == store.root and not t.excludes(store)):
        again = [c for c in compiled if store.index < c.index < step.index and not c.excludes(step)]
        if again or _flag_at(trace, store, step.index) != flag:
            return False
        return any(
            t.loops == step.loops and store.loops[: len(step.loops)] == step.loops and _is_once(t, step, store)
            for t in before
        )
    return False


def _is_once(one: Called, other: Called, store: Stored) -> bool:
    """Whether none of it stands in a loop of steps, in which flags are switched back and forth."""
    return not one.loops and not other.loops and len(store.loops) <= 1


def _flag_at(trace: Trace, store: Stored, index: int) -> bool:
    """Whether what is stored to is frozen at a place; it is not before anything says so."""
    flag = False
    for other in trace.stores:
        if other.name == "trainable" and other.index < index and other.owner is store.owner:
            flag = bool(is_frozen_flag(other.value))
    return flag
