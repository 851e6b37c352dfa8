"""Hidden units that start equal stay equal: a kernel of constants in two layers in a row learns one unit.

With all kernels zero nothing but the last bias learns; with ones or another constant all units of a layer get the same
gradient and remain copies of each other. `initializers.Constant`, given as a class, is zero.

Bad:
    import keras
    from keras import layers

    model = keras.Sequential([
        layers.Dense(8, kernel_initializer="zeros", activation="relu"),
        layers.Dense(1, kernel_initializer="zeros"),
    ])

Good:
    import keras
    from keras import layers

    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(1, kernel_initializer="zeros")])

Leave it: the layer is a gate, a residual branch or an offset that is meant to begin as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint.facts.reading import (
    Called,
    Choice,
    Const,
    Derived,
    Held,
    Named,
    Result,
    Said,
    Thing,
    Trace,
    Value,
    options,
)
from paramlint.facts.reading.keras_code import text_is_random
from paramlint.facts.reading.trace import is_method, receiver, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM811",
    "constant-kernel",
    group="pedantic",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("kernel_initializer"),),
)

#: Values that are looked through on the way from one layer to another.
_MOST_VALUES = 200
_CONSTANTS = ("Zeros", "Ones", "Constant")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    rows: list[Called] = []
    for call in trace.calls:
        if any(isinstance(f, Named) and f.name.startswith("keras.layers.") for f in options(call.func)):
            rows.append(call)
    weighted = [call for call in rows if _units(call)]
    for call, following in pairwise(weighted):
        arg = call.arg_node("kernel_initializer")
        is_near = call.scope is following.scope and call.stack == following.stack and not call.excludes(following)
        if arg is None or not is_near or not _is_constant(call) or not _is_constant(following):
            continue
        if _feeds(trace, call.result, following.result):
            text = " ".join(call.scope.text(arg.value).split())
            yield say(call, f"`{text}` makes all units of this layer equal, and they stay equal", node=arg.value)


def _feeds(trace: Trace, layer: Value, following: Value) -> bool:
    """Whether the output of a layer goes into another one: in a list of layers, by `add`, or where that is called."""
    for call in trace.calls:
        if any(isinstance(held, Held) and layer in held.items and following in held.items for held in call.args):
            return True
        if any(following in options(func) for func in options(call.func)) and _comes_from(call.args, layer):
            return True
        if is_method(call.func, "add") and layer in call.args:
            return any(following in other.args for other in trace.methods(receiver(call.func), "add"))
    return False


def _comes_from(values: list[Value], layer: Value) -> bool:
    """Whether a call of the layer has made one of these values, or a value that they are made of."""
    pending, seen = list(values), set[Value]()
    while pending and len(seen) < _MOST_VALUES:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value, Result):
            if layer in options(value.call.func):
                return True
            pending += value.call.args
        elif isinstance(value, Derived):
            pending += value.parts
        elif isinstance(value, Choice):
            pending += value.options
    return False


def _units(call: Called) -> bool:
    """Whether a layer is one of units: dense or convolutional."""
    return any(
        isinstance(f, Named) and f.name.rpartition(".")[2].startswith(("Dense", "Conv")) for f in options(call.func)
    )


def _is_constant(call: Called) -> bool:
    given = call.keywords.get("kernel_initializer")
    return given is not None and all(_is_one(one) for one in options(given))


def _is_one(value: Value) -> bool:
    if isinstance(value, Const):
        return isinstance(value.value, str) and text_is_random(value.value) is False and value.value != "identity"
    name = value.what if isinstance(value, Thing) else value.name if isinstance(value, Named) else ""
    return name.startswith("keras.initializers.") and name.rpartition(".")[2] in _CONSTANTS


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for kernel, following in model.constant_kernels:
        message = f"all units of `{kernel.name}` start equal and stay equal, as `{following.name}` is one value too"
        yield kernel.proof(message, kernel.init, names=(kernel.name, following.name))
