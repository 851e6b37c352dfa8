"""`self.built = True` while the layers inside are not built: weights that are loaded then are lost.

Keras loads weights into what is built. A `build` that only says so leaves the layers inside without variables until
the first call; `load_weights` before that finds none, loads nothing, and says nothing.

Bad:
    from keras import layers

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)

        def build(self, shape):
            self.built = True

Good:
    from keras import layers

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)

        def build(self, shape):
            self.dense.build(shape)
            self.built = True

Leave it: the layer is always called before weights are loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Called, Const, Held, Part, Said, Thing, Trace, options
from paramlint.facts.reading.keras_code import is_layer, owns
from paramlint.facts.reading.trace import is_layer_class, is_method, receiver, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM820",
    "built-without-building",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("built", entries=("class",)),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.instance is None or trace.cls is None or not is_layer_class(trace.cls) or trace.generation == "2":
        return
    for store in trace.stores:
        if store.owner is not trace.instance or store.name != "built" or store.stack[:1] != ("build",):
            continue
        if not isinstance(store.value, Const) or store.value.value is not True:
            continue
        calls = [call for call in trace.calls if call.stack[:1] == ("build",)]
        left = [name for name, layer in _layers(trace) if owns(trace, layer) is True]
        begun = [call for call in trace.calls if call.stack[:1] == ("__init__",) and _builds_part(call)]
        if left and not begun and not any(_builds(call) for call in calls):
            message = f"`self.{left[0]}` is not built here, so weights that are loaded before the first call are lost"
            yield say(store, message, node=target(store))


def _layers(trace: Trace) -> Iterator[tuple[str, Thing]]:
    """The layers that the constructor has made, with their attributes."""
    assert trace.instance is not None
    for name, value in trace.heap.get(trace.instance, {}).items():
        if not name.isidentifier():
            continue  # `setattr` gave it one that is not known
        for one in value.items if isinstance(value, Held) else [value]:
            if isinstance(one, Thing) and is_layer(one) and one.made.stack[:1] == ("__init__",):
                yield name, one


def _builds_part(call: Called) -> bool:
    """Whether the constructor builds a layer that it has made."""
    return any(is_method(func, "build") and is_layer(receiver(func)) for func in options(call.func))


def _builds(call: Called) -> bool:
    """Whether it builds or calls anything inside."""
    for func in options(call.func):
        if is_layer(func) or (isinstance(func, Part) and is_layer(func.owner) and func.name == "__call__"):
            return True
        if is_method(func, "build", "build_from_config", "_build", "call", "compute_output_shape"):
            owner = receiver(func)
            if not (isinstance(owner, Part) and owner.name == "super()"):
                return True
        if isinstance(func, Part) and isinstance(func.owner, Thing) and not is_layer(func.owner):
            return True
    return any(is_layer(one) for one in call.args)
