"""A constant `training` of a batch normalisation does not do what it says.

In a functional model of Keras 3 `base(x, training=False)` holds only until `fit` passes `training=True`: when the base
is unfrozen, its batch normalisation learns new statistics. In `call`, `self.norm(x, training=True)` makes `predict`
change the statistics.

Bad:
    import keras

    base = keras.applications.ResNet50(include_top=False)
    inputs = keras.Input((224, 224, 3))
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs, training=False)))
    base.trainable = True
    model.compile("sgd", "mse")

Good:
    import keras

    base = keras.applications.ResNet50(include_top=False)
    inputs = keras.Input((224, 224, 3))
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs, training=False)))
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model.compile("sgd", "mse")

Leave it: the statistics are meant to follow the new data, or the code runs on Keras 2, which respects the flag.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.reading import Called, Const, Said, Stored, Thing, Trace, options
from paramlint.facts.reading.keras_code import is_frozen_flag, is_model_value
from paramlint.facts.reading.trace import root_of, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.knowledge.keras_names import APPLICATIONS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM804",
    "overridden-training-flag",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("training"),),
)

_NORM = "keras.layers.BatchNormalization"


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.generation == "2":
        return
    for call in trace.calls:
        flag = call.keywords.get("training")
        arg = call.arg_node("training")
        if arg is None or not isinstance(flag, Const) or not isinstance(flag.value, bool):
            continue
        for func in options(call.func):
            if flag.value and _is_norm_in_call(trace, call, func):
                message = f"`{_text(call)}` keeps its statistics moving in `predict` too, as `training` is always true"
                yield say(call, message, node=arg)
            elif not flag.value and isinstance(func, Thing) and _is_unfrozen(trace, call, func):
                message = (
                    f"`{_text(call)}` is unfrozen later, and then `fit` overrides `training=False`:"
                    " its batch normalisation learns new statistics"
                )
                yield say(call, message, node=arg)


def _text(call: Called) -> str:
    return " ".join(call.scope.text(call.node.func).split())  # type: ignore[attr-defined]


def _is_norm_in_call(trace: Trace, call: Called, func: object) -> bool:
    if trace.instance is None or "call" not in call.stack or not isinstance(func, Thing) or func.what != _NORM:
        return False
    trainable = func.made.argument("trainable")
    return not (isinstance(trainable, Const) and trainable.value is False) and not call.guards


def _is_unfrozen(trace: Trace, call: Called, base: Thing) -> bool:
    if "call" in call.stack or not is_model_value(base) or not _has_norm(trace, base):
        return False
    later = [e for e in trace.after(call) if isinstance(e, Stored) and e.name == "trainable"]
    thawed = [
        e for e in later if is_frozen_flag(e.value) is False and any(root_of(o) is base for o in options(e.owner))
    ]
    return bool(thawed) and not any("BatchNorm" in _conditions(event) for event in later)


def _conditions(event: Stored) -> str:
    """The conditions under which something is stored, and what it is stored to."""
    around = [node for node, _ in event.guards if isinstance(node, nodes.Node)]
    texts = [event.scope.text(getattr(node, "test", node)) for node in around]
    owners = [one.what for one in options(event.owner) if isinstance(one, Thing)]
    return " ".join((*texts, *owners))


def _has_norm(trace: Trace, base: Thing) -> bool:
    if base.what.startswith("keras.applications."):
        return APPLICATIONS.get(base.last, False)
    return any(isinstance(one, Thing) and one.what == _NORM for one in trace.inside(base))


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for moving in model.moving_statistics:
        if moving.base is None:
            message = f"the statistics of `{moving.path}` move in `predict` too"
        else:
            message = (
                f"`{moving.base.name}` is called with `training=False`, and `fit` overrides that:"
                f" the statistics of `{moving.path}` move"
            )
        yield Proof(moving.path, message, "", "", *model.line_of(moving.base or moving.layer))
