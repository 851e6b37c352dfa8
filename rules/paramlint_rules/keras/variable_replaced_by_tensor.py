"""A variable that is replaced by a tensor stays as it was drawn: what is used is no variable any more.

`self.add_weight(...) * 0.1` is a tensor made once, of the first values. The variable is trained, the tensor is used.
The same happens where a variable of a layer, `norm.gamma`, becomes a tensor: `assign` writes the variable.

Bad:
    from keras import layers, ops

    class Scale(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(4, 4)) * 0.1

        def call(self, x):
            return ops.matmul(x, self.w)

Good:
    from keras import layers, ops

    class Scale(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(4, 4))

        def call(self, x):
            return ops.matmul(x, self.w * 0.1)

Leave it: the variable is kept under a name of its own, and the tensor is a constant on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from paramlint.facts.reading import Choice, Const, Derived, Named, Part, Result, Said, Thing, Trace, Value, flat
from paramlint.facts.reading.keras_code import is_variable
from paramlint.facts.reading.trace import is_layer_class, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM809",
    "variable-replaced-by-tensor",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("add_weight", "gamma", "beta", "moving_mean", "moving_variance"),),
)

_REPLACED = ("gamma", "beta", "moving_mean", "moving_variance")
_NORMS = ("keras.layers.BatchNormalization", "keras.layers.LayerNormalization", "keras.layers.GroupNormalization")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    is_layer = trace.cls is not None and is_layer_class(trace.cls)
    kept = {one for store in trace.stores for one in flat(store.value)}
    kept |= {
        one for call in trace.calls if isinstance(call.func, Part) and call.func.name == "append" for one in call.args
    }
    for store in trace.stores:
        if is_layer and store.owner is trace.instance and store.stack and "call" not in store.stack:
            variable = _made_into(store.value)
            if variable is not None and variable not in kept and not _is_constant(variable):
                message = f"`self.{store.name}` is a tensor made once of a new variable, so training does not change it"
                yield say(store, message, node=target(store))
        owner = store.owner
        if store.name in _REPLACED and isinstance(owner, Thing) and owner.what in _NORMS and _is_tensor(store.value):
            name = " ".join(store.scope.text(target(store)).split())
            message = f"`{name}` becomes a tensor in place of the variable, which is still the one that is trained"
            yield say(store, message, node=target(store))


def _made_into(value: Value) -> Thing | None:
    """The variable of which an operator or a function of a framework makes a value."""
    parts: tuple[Value, ...] = ()
    if isinstance(value, Derived):
        parts = value.parts
    elif isinstance(value, Result):
        func = value.call.func
        if isinstance(func, Named) and func.name.startswith(("keras.ops.", "tensorflow.", "torch.", "keras.backend.")):
            parts = tuple(value.call.args)
    for part in parts:
        if isinstance(part, Thing) and part.what == "keras.Variable" and isinstance(part.made.func, Part):
            return part
        inner = _made_into(part)
        if inner is not None:
            return inner
    return None


def _is_constant(variable: Thing) -> bool:
    flag = variable.made.keywords.get("trainable")
    return flag is not None and not (isinstance(flag, Const) and flag.value is True)


def _is_tensor(value: Value) -> bool:
    return not isinstance(value, (Const, Choice)) and not is_variable(value) and isinstance(value, (Derived, Result))


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for one in model.replaced_variables:
        if one.computed:
            end = "is a tensor made once of the variable, so training does not change it"
        else:
            end = "is a tensor in place of the variable, which is still the one that is trained"
        proof = model.by_name[one.held.name].proof(f"`{one.attribute}` {end}", model.by_name[one.held.name].init)
        yield replace(proof, attribute=one.attribute)
