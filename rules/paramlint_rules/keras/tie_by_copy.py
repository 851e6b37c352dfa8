"""A copy made when a layer is built does not tie two layers: they go apart at the first step.

`self.out.kernel.assign(ops.transpose(self.emb.embeddings))` writes the values once, and a transposed tensor that is
kept is no variable. Layers are tied by using one variable in `call`.

Bad:
    from keras import Model, layers, ops

    class Tied(Model):
        def __init__(self):
            super().__init__()
            self.emb = layers.Embedding(10, 4)
            self.emb.build((None,))
            self.out = layers.Dense(10, use_bias=False)
            self.out.build((None, 4))
            self.out.kernel.assign(ops.transpose(self.emb.embeddings))

Good:
    from keras import Model, layers, ops

    class Tied(Model):
        def __init__(self):
            super().__init__()
            self.emb = layers.Embedding(10, 4)

        def call(self, x):
            return ops.matmul(self.emb(x), ops.transpose(self.emb.embeddings))

Leave it: only the first values are meant to be equal; say so with `init` in the method's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading import Called, Part, Result, Said, Stored, Trace, Value, options
from paramlint.facts.reading.keras_code import VARIABLES, comes_from, is_layer
from paramlint.facts.reading.trace import is_layer_class, is_method, receiver, root_of, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM816",
    "tie-by-copy",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("assign", "transpose", "T", "set_weights", entries=("class",)),),
)


#: What a method of its own that does this is called.
_TIES = re.compile(r"(?:^|_)(?:tie|share)(?:_|$)")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_layer_class(trace.cls):
        return
    for event in trace.events:
        if (
            not event.stack
            or not (event.stack[0] in ("__init__", "build") or _TIES.search(event.stack[0]))
            or any("init" in name for name in event.stack[1:])
        ):
            continue
        if isinstance(event, Called) and event.args:
            for func in options(event.func):
                if is_method(func, "assign", "set_weights") and _ties(func, event.args[0]):
                    written = " ".join(event.scope.text(event.node.func).split()).rpartition(".")[0]  # type: ignore[attr-defined]
                    yield say(event, f"`{written}` is given a copy of another layer's values, which ties nothing")
        if isinstance(event, Stored) and event.owner is trace.instance and _is_transposed(event.value):
            message = f"`self.{event.name}` is a tensor made once of another layer's variable, which ties nothing"
            yield say(event, message, node=target(event))


def _ties(func: Value, value: Value) -> bool:
    to = root_of(receiver(func))
    if not is_layer(to):
        return False

    def is_other(one: Value) -> bool:
        if isinstance(one, Part) and one.name in VARIABLES:
            return is_layer(root_of(one)) and root_of(one) is not to
        if isinstance(one, Result) and is_method(one.call.func, "get_weights"):
            other = root_of(receiver(one.call.func))
            return is_layer(other) and other is not to
        return False

    return comes_from(value, is_other) and comes_from(value, _is_transpose)


def _is_transpose(one: Value) -> bool:
    if isinstance(one, Part):
        return one.name == "T"
    return isinstance(one, Result) and _last(one.call.func) in ("transpose", "permute_dimensions", "swapaxes")


def _last(func: Value) -> str:
    return getattr(func, "name", "").rpartition(".")[2]


def _is_transposed(value: Value) -> bool:
    """Whether a value is a layer's variable, transposed."""
    inner: Value | None = None
    if isinstance(value, Part) and value.name == "T":
        inner = value.owner
    elif isinstance(value, Result) and _is_transpose(value):
        inner = value.call.args[0] if value.call.args else receiver(value.call.func)
    return isinstance(inner, Part) and inner.name in ("embeddings", "kernel") and is_layer(root_of(inner))


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for table, copy in model.copied_ties:
        message = f"`{copy.name}` began as a copy of `{table.name}`, which ties nothing: they are two variables"
        yield copy.proof(message, copy.init, names=(table.name, copy.name))
