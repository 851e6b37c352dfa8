"""`clone_model` copies the layers of a model, and draws new weights.

A target or frozen copy that is made with `clone_model` starts from other values than the model that it stands for,
until `set_weights` gives it the same.

Bad:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    target = keras.models.clone_model(model)
    q = target.predict(x)

Good:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    target = keras.models.clone_model(model)
    target.set_weights(model.get_weights())
    q = target.predict(x)

Leave it: a fresh start is meant, as for cross-validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Called, Held, Said, Stored, Trace, Value, options
from paramlint.facts.reading.trace import is_called, is_method, receiver, root_of, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM815",
    "clone-without-weights",
    group="risk",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("clone_model"),),
)

_FILLS = ("set_weights", "load_weights", "assign", "load_own_variables", "set_value")
_TRAINS = ("fit", "train_on_batch", "compile", "fit_generator")
_USES = ("predict", "predict_on_batch", "evaluate", "call")
_COPY = re.compile(r"target|frozen|teacher|ema|copy|old|snapshot|reference", re.I)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for call in trace.calls:
        if not is_called(call, "keras.models.clone_model") or not call.args or len(call.keywords) + len(call.args) > 1:
            continue
        name = _name(call)
        if not name or _is_filled(trace, call, name):
            continue
        uses = list(_uses(trace, call.result))
        if "" in uses or (not uses and not _COPY.search(name)):
            continue
        if _COPY.search(name) or not any(use in _TRAINS for use in uses):
            yield say(call, f"`{name}` has new weights, not those of the model that it is cloned from")


def _name(call: Called) -> str:
    statement = call.scope.parent(call.node)
    if isinstance(statement, nodes.Assign) and len(statement.targets) == 1:
        return call.scope.dotted(statement.targets[0].target) or ""
    return ""


def _is_filled(trace: Trace, call: Called, name: str) -> bool:
    """Whether anything in the file gives it weights."""
    last = re.escape(name.rpartition(".")[2])
    text = trace.file.source.text if "." in name else call.scope.source
    if re.search(rf"\b{last}\b(?:\.\w+)*\.(?:{'|'.join(_FILLS)})\b", text):
        return True
    for other in trace.calls:
        if is_method(other.func, *_FILLS) and root_of(receiver(other.func)) is call.result:
            return True
    return bool(re.search(rf"zip\([^\n]*\b{last}\b", text)) and "assign" in text


def _uses(trace: Trace, clone: Value) -> Iterator[str]:
    """The names of the methods that are called on it; an empty one where it is handed on."""
    for event in trace.events:
        if isinstance(event, Called):
            for func in options(event.func):
                if func is clone:
                    yield "call"
                elif root_of(receiver(func)) is clone and is_method(func, *_TRAINS, *_USES):
                    yield next(one for one in (*_TRAINS, *_USES) if is_method(func, one))
            if any(clone is one or (isinstance(one, Held) and clone in one.items) for one in event.args):
                yield ""
        elif isinstance(event, Stored) and event.value is clone and event.owner is not trace.instance:
            yield ""
    for taken in trace.taken:
        if taken.owner is clone:
            yield "weights"
