"""A layer that takes another one's parameters has a bias that the other one does not have.

`Dense(10, params=embedding.params)` shares the weight of the embedding. The bias of the dense layer is made beside it,
and it is missing wherever only the embedding is initialised or handed to a trainer; two such layers in one block clash.

Bad:
    from mxnet.gluon import nn

    embedding = nn.Embedding(10, 4)
    decoder = nn.Dense(10, in_units=4, params=embedding.params)
    embedding.initialize()
    decoder(x)

Good:
    from mxnet.gluon import nn

    embedding = nn.Embedding(10, 4)
    decoder = nn.Dense(10, in_units=4, use_bias=False, params=embedding.params)
    embedding.initialize()
    decoder(x)

Leave it: a block holds both, and is initialised and trained as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Called, Said, Thing, Trace, Value, options
from paramlint.facts.reading.gluon_code import collected_of, has_bias, params_of
from paramlint.facts.reading.trace import is_called, is_method, receiver, root_of, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM901",
    "params-tie-leaves-bias-out",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("params"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    takers: dict[Value, list[Thing]] = {}
    for call in trace.calls:
        donor, arg = params_of(call.keywords.get("params")), call.arg_node("params")
        taker = call.result
        if (
            donor is None
            or arg is None
            or not isinstance(taker, Thing)
            or not has_bias(taker)
            or has_bias(donor) is not False
        ):
            continue
        others = takers.setdefault(donor, [])
        text = call.scope.text(arg.value)
        if any(not call.excludes(other.made) and other.made.root == call.root for other in others):
            message = f"`{text}` is taken by a second layer with a bias, and the two biases have one name"
            yield say(call, message, node=arg)
        elif _is_alone(trace, donor, taker):
            yield say(call, f"`{text}` has no bias, so that of `{taker.last}` is not initialised or trained", node=arg)
        others.append(taker)


def _is_alone(trace: Trace, donor: Value, taker: Thing) -> bool:
    """Whether only the donor is initialised, or only its parameters are handed to a trainer."""
    for call in trace.calls:
        if is_called(call, "gluon.Trainer") and call.args and collected_of(call.args[0]) is donor:
            return True
    begun = [call for call in trace.calls if is_method(call.func, "initialize")]
    done = {root_of(receiver(func)) for call in begun for func in options(call.func)}
    around = any(taker in trace.inside(one) for one in done if one is not donor)
    used = any(taker in options(call.func) for call in trace.calls if isinstance(call, Called))
    return donor in done and not around and used
