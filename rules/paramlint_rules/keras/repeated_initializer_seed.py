"""Initialisers of one seed give layers the same values, each time one is made.

`RandomNormal(seed=7)` draws from a generator that starts at 7 whenever it is called. In a loop, or written for layer
after layer, each gives the same numbers: layers of one shape are copies of each other. A `SeedGenerator` moves on.

Bad:
    import keras
    from keras import layers

    blocks = [layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(seed=7)) for _ in range(3)]

Good:
    import keras
    from keras import layers

    blocks = [layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(seed=7 + i)) for i in range(3)]

Leave it: the layers are meant to start equal, as those of a target network are, or in a test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading import Called, Const, Said, Thing, Trace, Value
from paramlint.facts.reading.keras_code import initializer_uses, is_constant_by_name, is_model_value, is_random
from paramlint.facts.reading.trace import is_method, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM802",
    "repeated-initializer-seed",
    group="risk",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("seed"),),
)

_MEANT = re.compile(r"target|twin|same|share|tie|test|siamese", re.I)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if _MEANT.search(os.path.basename(trace.file.source.path)) or _MEANT.search(trace.unit.name):
        return
    first: dict[tuple[object, ...], tuple[Called, Value]] = {}
    said: set[object] = set()
    for call in trace.calls:
        for name, value in initializer_uses(call):
            if not isinstance(value, Thing) or not is_random(value) or is_constant_by_name(name):
                continue
            seed, made = value.made.argument("seed"), value.made
            if not isinstance(seed, Const) or not isinstance(seed.value, int) or made.node in said:
                continue
            key = (made.scope, value.what, seed.value, made.root, made.stack)
            before = first.setdefault(key, (call, value))
            is_repeated = before[1] is not value and before[0].node is not call.node and not call.excludes(before[0])
            if (made.loops and made.loops == call.loops and not _builds_models(trace, made)) or (
                is_repeated and not _MEANT.search(made.scope.source)
            ):
                said.add(made.node)
                message = (
                    f"`{value.last}` starts from seed `{seed.value}` for each layer, so layers of one shape start equal"
                )
                yield say(made, message)


def _builds_models(trace: Trace, made: Called) -> bool:
    """Whether each round of the loop around it makes or trains a model of its own."""
    inside = (call for call in trace.calls if call.loops[: len(made.loops)] == made.loops)
    return any(is_model_value(call.result) or is_method(call.func, "compile", "fit") for call in inside)


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for draw in model.equal_draws:
        if draw.seed is not None and not _MEANT.search(" ".join(draw.names)):
            both = " and ".join(f"`{name}`" for name in draw.names[:2])
            message = f"{both} are drawn from seed `{draw.seed}`, so they start from the same values"
            yield draw.first.proof(message, draw.first.init, names=draw.names)
