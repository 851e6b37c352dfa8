"""`params=net.params` of a container shares nothing: a container has no parameters of its own.

A layer that takes parameters looks them up by its own names. Those of the layers in a container are not in its
`params`, and in `collect_params()` they have the names of the container: the layer gets new ones.

Bad:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4, in_units=4))
    tied = nn.Dense(4, in_units=4, params=net.params)

Good:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4, in_units=4))
    tied = nn.Dense(4, in_units=4, params=net[0].params)

Leave it: a whole network is built again with the parameters of one of the same structure.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Said, Trace
from paramlint.facts.reading.gluon_code import collected_of, is_container, is_leaf, params_of
from paramlint.facts.reading.trace import say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM904",
    "params-of-container",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("params"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for call in trace.calls:
        given, arg = call.keywords.get("params"), call.arg_node("params")
        block = params_of(given) or collected_of(given)
        if arg is None or block is None or block is trace.instance or not is_leaf(call.result):
            continue
        if is_container(block):
            text = " ".join(call.scope.text(arg.value).split())
            yield say(call, f"`{text}` has no parameter under the layer's names, so nothing is shared", node=arg)
