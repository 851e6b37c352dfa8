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

from paramlint.facts.reading import Called, Const, Part, Result, Said, Stored, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import TRAIN_STEPS, belongs, is_frozen_flag, models_of
from paramlint.facts.reading.trace import is_method, root_of, say, target
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
        return any(_is_once(model, t, step, store) for t in before)
    return False


def _is_once(model: Value, before: Called, after: Called, store: Stored) -> bool:
    """Whether the flag is in no loop of steps, in which flags are switched back and forth, on one model."""
    own = model.made.loops if isinstance(model, Thing) else ()
    around = [loop for loop in store.loops if loop not in own]
    return len(around) <= 1 and not any(loop in before.loops or loop in after.loops for loop in around)


def _flag_at(trace: Trace, store: Stored, index: int) -> bool:
    """Whether what is stored to is frozen at a place; it is not before anything says so."""
    flag = False
    for other in trace.stores:
        if other.name == "trainable" and other.index < index and _is_of_it(other.owner, store.owner):
            flag = bool(is_frozen_flag(other.value))
    return flag


def _is_of_it(other: Value, owner: Value) -> bool:
    """Whether two values are one layer, or may be: by the same name, or the first one is any layer of the model."""
    if other is owner:
        return True
    if not _is_chosen(other) or root_of(other) is not root_of(owner) or isinstance(owner, Thing):
        return False
    name, wanted = _name_of(other), _name_of(owner)
    return name is None or name == wanted


def _is_chosen(value: Value) -> bool:
    """Whether a layer is taken out of a model: `get_layer(...)`, or one of `layers`."""
    if isinstance(value, Result):
        return is_method(value.call.func, "get_layer")
    return isinstance(value, Part) and value.name == "[]"


def _name_of(value: Value) -> object:
    """The name or index by which `get_layer` is asked, where it is written."""
    args = [*value.call.args, *value.call.keywords.values()] if isinstance(value, Result) else []
    return args[0].value if len(args) == 1 and isinstance(args[0], Const) else None
