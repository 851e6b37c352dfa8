"""A trainer knows the parameters that there were when it was made.

`gluon.Trainer(net.collect_params(), ...)` collects once. Blocks that are added afterwards are run, and never trained.

Bad:
    from mxnet import gluon
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4))
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    net.add(nn.Dense(1))

Good:
    from mxnet import gluon
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4))
    net.add(nn.Dense(1))
    trainer = gluon.Trainer(net.collect_params(), "sgd")

Leave it: what is added has no parameters, or is frozen on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Called, Said, Stored, Trace, Value, flat
from paramlint.facts.reading.gluon_code import collected_of, is_block, owns
from paramlint.facts.reading.trace import is_called, is_method, receiver, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM907",
    "stale-trainer",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("Trainer"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    trainers = [
        c for c in trace.calls if is_called(c, "gluon.Trainer") and c.args and collected_of(c.args[0]) is not None
    ]
    for trainer in trainers:
        net = collected_of(trainer.args[0])
        if net is None:
            continue
        for event in trace.after(trainer):
            added = _added(event, net)
            if event.root != trainer.root or not any(is_block(one) and owns(trace, one) for one in added):
                continue
            again = (c for c in trainers if c.index > event.index and collected_of(c.args[0]) is not None)
            if not any(again):
                yield say(trainer, "`Trainer` is made before a block is added, so that one is never trained")
                break


def _added(event: object, net: Value) -> list[Value]:
    """The blocks that an event gives a block."""
    if isinstance(event, Called) and is_method(event.func, "add", "register_child"):
        return list(event.args) if receiver(event.func) is net else []
    if isinstance(event, Stored) and event.owner is net:
        return list(flat(event.value))
    return []
