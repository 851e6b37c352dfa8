"""A variable of TensorFlow or PyTorch on a Keras layer is in no `weights`, so it is not trained or saved.

Keras 3 knows variables that it has made itself: `self.add_weight(...)` or `keras.Variable`. A `tf.Variable`, a
`torch.nn.Parameter` or a tensor with `requires_grad` that is kept on a layer is used, and never changes. Keras 2 did
track `tf.Variable`.

Bad:
    import tensorflow as tf
    from keras import layers

    class Scale(layers.Layer):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(tf.ones((4, 4)))

Good:
    import tensorflow as tf
    from keras import layers

    class Scale(layers.Layer):
        def __init__(self):
            super().__init__()
            self.w = self.add_weight(shape=(4, 4), initializer="ones")

Leave it: the variable is a counter or cache that nothing trains; say so with `trainable=False`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading import Const, Named, Result, Said, Thing, Trace, Value, options
from paramlint.facts.reading.trace import is_layer_class, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM807",
    "foreign-variable",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("Variable", "Parameter", "requires_grad", "__init__", "build", entries=("class",)),),
)

_TENSORFLOW = ("tensorflow.Variable", "tensorflow.compat.v2.Variable")
_TORCH = ("torch.nn.Parameter", "torch.nn.parameter.Parameter")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_layer_class(trace.cls):
        return
    if any(cls.own_method("train_step") is not None for cls in trace.cls.mro):
        return
    for store in trace.stores:
        if store.owner is trace.instance and "call" not in store.stack:
            kind = next((kind for one in options(store.value) if (kind := _foreign(trace, one))), "")
            if kind:
                message = f"`self.{store.name}` is a {kind}, which Keras does not track, so it is not trained or saved"
                yield say(store, message, node=getattr(store.node, "value", store.node))


def _foreign(trace: Trace, value: Value) -> str:
    """What kind of variable a value is that Keras does not know."""
    if isinstance(value, Thing) and value.what in _TORCH:
        return "" if _is(value.made.argument("requires_grad", 1), False) else "parameter of PyTorch"
    if isinstance(value, Thing) and value.what in _TENSORFLOW and trace.generation != "2":
        made = value.made
        initial = made.argument("initial_value", 0)
        is_count = isinstance(initial, Const) and isinstance(initial.value, (int, str, bool))
        is_typed = any(isinstance(made.keywords.get(name), Named) for name in ("dtype",)) and not _is_float(
            made.keywords
        )
        if _is(made.argument("trainable", 1), False) or is_count or is_typed:
            return ""
        return "variable of TensorFlow"
    if isinstance(value, Result) and _is(value.call.keywords.get("requires_grad"), True):
        func = value.call.func
        return "tensor of PyTorch" if isinstance(func, Named) and func.name.startswith("torch.") else ""
    return ""


def _is(value: Value | None, wanted: bool) -> bool:
    return isinstance(value, Const) and value.value is wanted


def _is_float(keywords: dict[str, Value]) -> bool:
    dtype = keywords.get("dtype")
    return isinstance(dtype, Named) and "float" in dtype.name


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    hidden = [one for one in model.untracked if one.hidden_in and not model.is_layer(one.value)]
    for found in (*model.foreign_parameters, *hidden):
        what = "module" if found.is_module else "parameter" if found.is_parameter else "tensor"
        message = (
            f"`self.{found.attribute}` is a {what} of torch that Keras does not track, so it is not trained or saved"
        )
        yield found.proof(message, reached_as=found.path)
