"""The average that `use_ema` keeps reaches the model only when it is put there.

With `use_ema=True` an optimizer keeps averages beside the variables. `fit` puts them into the model at the end; a loop
of one's own has to call `finalize_variable_values`, or the averages are never used.

Bad:
    import keras

    optimizer = keras.optimizers.SGD(0.1, use_ema=True)
    for x in batches:
        optimizer.apply(gradients(x), model.trainable_variables)

Good:
    import keras

    optimizer = keras.optimizers.SGD(0.1, use_ema=True)
    for x in batches:
        optimizer.apply(gradients(x), model.trainable_variables)
    optimizer.finalize_variable_values(model.trainable_variables)

Leave it: the averages are read from the optimizer in another way.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Const, Said, Thing, Trace
from paramlint.facts.reading.trace import say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM822",
    "average-never-applied",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("use_ema"),),
)

_PUT = ("finalize_variable_values", "SwapEMAWeights", "ema_overwrite_frequency", "_model_variables_moving_average")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if any(word in trace.file.source.text for word in _PUT):
        return
    for call in trace.calls:
        optimizer, flag, arg = call.result, call.keywords.get("use_ema"), call.arg_node("use_ema")
        if arg is None or not isinstance(flag, Const) or flag.value is not True or not isinstance(optimizer, Thing):
            continue
        if optimizer.what.startswith("keras.optimizers.") and any(trace.methods(optimizer, "apply", "apply_gradients")):
            yield say(call, f"`{optimizer.last}` keeps averages that nothing puts into the model", node=arg)
