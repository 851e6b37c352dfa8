"""The first argument of these initialisers is the mean or the lower limit, not the deviation.

`TruncatedNormal(0.02)` draws around 0.02 with a deviation of 0.05, and `RandomUniform(0.05)` draws between 0.05 and
0.05: all values are equal. In other libraries the first argument is the deviation.

Bad:
    from keras import initializers, layers

    dense = layers.Dense(4, kernel_initializer=initializers.TruncatedNormal(0.02))

Good:
    from keras import initializers, layers

    dense = layers.Dense(4, kernel_initializer=initializers.TruncatedNormal(stddev=0.02))

Fix: safe. The argument gets the name that it was meant for; the layer starts from other values.
Leave it: a mean or lower limit is meant; then write `mean=` or `minval=`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.facts.reading import Called, Const, Named, Said, Trace, options
from paramlint.facts.reading.trace import say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Change, Fix, Rule

_NORMAL, _UNIFORM = ("TruncatedNormal", "RandomNormal"), "RandomUniform"

rule = Rule(
    "PRM810",
    "positional-initializer-argument",
    group="bug",
    fix="safe",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(
        Asks("TruncatedNormal", "RandomNormal", "RandomUniform", "truncated_normal", "random_normal", "random_uniform",
             "truncated_normal_initializer", "random_normal_initializer", "random_uniform_initializer"),
    ),
)  # fmt: skip

_DEVIATION = re.compile(r"std|sigma|scale|range|init|limit|bound|dev|spread|amplitude", re.I)
#: A plain or dotted name of what is no lower limit.
_NO_LOWER_LIMIT = re.compile(r"(?!.*(?:min|low|left|neg|start|begin|from))[A-Za-z_][\w.]*", re.I)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    said: set[object] = set()
    for call in trace.calls:
        names = {f.name.rpartition(".")[2] for f in options(call.func) if isinstance(f, Named) and _is_keras(f.name)}
        if call.node in said or len(call.arg_nodes) != len(call.args) + len(call.keywords) or len(call.args) != 1:
            continue
        if names & set(_NORMAL) and not {"mean", "stddev"} & call.keywords.keys():
            said.add(call.node)
            yield from _deviation(call)
        elif _UNIFORM in names and not {"minval", "maxval"} & call.keywords.keys():
            said.add(call.node)
            yield from _limit(call)


def _is_keras(name: str) -> bool:
    return name.startswith(("keras.initializers.", "tensorflow.initializers."))


def _deviation(call: Called) -> Iterator[Said]:
    node, value = call.arg_nodes[0].value, call.args[0]
    text = " ".join(call.scope.text(node).split())
    is_number = isinstance(value, Const) and isinstance(value.value, float) and value.value > 0
    if is_number or (not isinstance(value, Const) and _DEVIATION.search(text)):
        fix = Fix(f"Write `stddev={text}`", (Change(node, node, f"stddev={text}"),), "safe")
        yield say(call, f"`{text}` is the mean here, not the deviation, so all values lie around it", fix, node)


def _limit(call: Called) -> Iterator[Said]:
    node, value = call.arg_nodes[0].value, call.args[0]
    text = " ".join(call.scope.text(node).split())
    number = value.value if isinstance(value, Const) else None
    if (isinstance(number, float) and number > 0) or (
        number is None and not isinstance(value, Const) and len(text) > 1 and _NO_LOWER_LIMIT.fullmatch(text)
    ):
        fix = Fix(f"Write `-{text}, {text}`", (Change(node, node, f"-{text}, {text}"),), "safe")
        yield say(call, f"`{text}` is the lower limit here, and the upper one stays 0.05", fix, node)
