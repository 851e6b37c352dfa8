"""`set_data` copies values once: two layers that are tied with it go apart at the first step.

Bad:
    from mxnet.gluon import nn

    net = nn.Sequential()
    one, other = nn.Dense(4, in_units=4), nn.Dense(4, in_units=4)
    net.add(one, other)
    net.initialize()
    other.weight.set_data(one.weight.data())

Good:
    from mxnet.gluon import nn

    net = nn.Sequential()
    one = nn.Dense(4, in_units=4)
    other = nn.Dense(4, in_units=4, params=one.params)
    net.add(one, other)
    net.initialize()

Leave it: only the first values are meant to be equal; say so with `init` or `copy` in the function's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.facts.reading import Called, Named, Part, Result, Said, Thing, Trace, Value, options
from paramlint.facts.reading.gluon_code import children, is_block, is_container
from paramlint.facts.reading.trace import is_method, receiver, root_of, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM911",
    "tie-by-set-data",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("set_data"),),
)

_TRANSPOSES = ("transpose", "swapaxes", "copy")
_COPIES = re.compile(r"init|copy|update|sync|target|load|reset|ema", re.I)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for call in trace.calls:
        if not is_method(call.func, "set_data") or not call.args or call.loops:
            continue
        if any(_COPIES.search(name) for name in call.stack if name != "__init__"):
            continue
        to, source = receiver(call.func), _untransposed(call.args[0])
        if isinstance(source, Result) and is_method(source.call.func, "data"):
            one, other = root_of(to), root_of(receiver(source.call.func))
            if isinstance(to, Part) and one is not other and _are_together(trace, one, other):
                text = " ".join(call.scope.text(call.node.func.value).split())  # type: ignore[attr-defined]
                yield say(call, f"`{text}` gets a copy of another layer's values, which ties nothing")


def _untransposed(value: Value) -> Value:
    """The array that is handed over with its axes changed: `weight.data().T`, `nd.transpose(weight.data())`."""
    if isinstance(value, Part) and value.name == "T":
        return value.owner
    if isinstance(value, Result):
        func = value.call.func
        if isinstance(func, Part) and func.name in _TRANSPOSES:
            return func.owner
        if isinstance(func, Named) and func.name.rpartition(".")[2] in _TRANSPOSES and value.call.args:
            return value.call.args[0]
    return value


def _are_together(trace: Trace, one: Value, other: Value) -> bool:
    """Whether two layers are in one block."""
    if not is_block(one) or not is_block(other):
        return False
    made = {call.result for call in trace.calls if isinstance(call, Called)} | {trace.instance}
    nets = [net for net in made if isinstance(net, Thing) and is_container(net)]
    return any({one, other} <= {inner for inside in children(trace, net) for inner in options(inside)} for net in nets)
