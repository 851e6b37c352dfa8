"""A freeze that reaches no parameter: all of them go on being trained.

What freezes a Gluon block is `collect_params().setattr("grad_req", "null")`. An attribute `grad_req` on a block or on
the dictionary of its parameters, `params` of a container, which has none of the blocks inside, PyTorch's
`requires_grad`, a pattern that fits no name and a misspelt attribute all change nothing, without a word.

Bad:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4))
    net.collect_params().grad_req = "null"

Good:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4))
    net.collect_params().setattr("grad_req", "null")

Fix: safe. The parameters are frozen, which nothing else does.
Leave it: a block of one's own has an attribute of this name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Called, Const, Said, Stored, Trace, Value, options
from paramlint.facts.reading.gluon_code import (
    children,
    collected_of,
    is_block,
    is_container,
    is_parameter,
    owners,
    params_of,
)
from paramlint.facts.reading.trace import is_method, say, target
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM903",
    "freeze-without-effect",
    group="bug",
    fix="safe",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("grad_req", "requires_grad", "collect_params", "setattr"),),
)

_SLIPS = ("grad_reqs", "grad_require", "grad_required", "gradreq", "req_grad", "grad_reg", "requires_grad")
_NO_PART_OF_NAMES = re.compile(r"kernel|weights\b|biases\b")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for event in trace.events:
        if isinstance(event, Stored) and event.name in ("grad_req", *_SLIPS):
            yield from _stored(trace, event)
        elif isinstance(event, Called) and is_method(event.func, "setattr") and event.args:
            yield from _set(trace, event)


def _stored(trace: Trace, event: Stored) -> Iterator[Said]:
    node = target(event)
    if (
        not isinstance(node, nodes.Attribute)
        or not isinstance(event.node, nodes.Assign)
        or event.owner is trace.instance
    ):
        return
    if event.scope.self_attribute(node) is not None:
        return  # an attribute of the class's own
    owner, value = event.scope.text(node.value), event.scope.text(event.node.value)
    for one in options(event.owner):
        if event.name == "grad_req" and is_block(one):
            change = f'{owner}.collect_params().setattr("grad_req", {value})'
        elif event.name == "grad_req" and (collected_of(one) is not None or params_of(one) is not None):
            change = f'{owner}.setattr("grad_req", {value})'
            if params_of(one) is not None and is_container(params_of(one) or one):
                change = f'{owner.removesuffix(".params")}.collect_params().setattr("grad_req", {value})'
        elif event.name == "requires_grad" and (is_parameter(one) or is_block(one)) and value in ("False", "True"):
            wanted = '"null"' if value == "False" else '"write"'
            change = f"{owner}.grad_req = {wanted}"
            if is_block(one):
                change = f'{owner}.collect_params().setattr("grad_req", {wanted})'
        elif event.name in _SLIPS and is_parameter(one) and value in ('"null"', "'null'"):
            change = f"{owner}.grad_req = {value}"
        else:
            continue
        fix = Fix('Set "grad_req" of the parameters', (Change(event.node, event.node, change),), "safe")
        yield say(
            event, f"`{event.scope.text(node)}` is an attribute that nothing asks for, so nothing is frozen", fix, node
        )
        return


def _set(trace: Trace, event: Called) -> Iterator[Said]:
    func, first = event.node.func, event.args[0]  # type: ignore[attr-defined]
    name = first.value if isinstance(first, Const) else None
    written = " ".join(event.scope.text(func.value).split())
    for owner in owners(event):
        block = params_of(owner)
        if name in _SLIPS and (block is not None or collected_of(owner) is not None or is_parameter(owner)):
            node = event.arg_nodes[0].value
            fix = Fix('Write "grad_req"', (Change(node, node, '"grad_req"'),), "safe")
            yield say(event, f"`{name}` is no attribute of a parameter, so nothing is frozen", fix, node)
        elif name == "grad_req" and block is not None and is_container(block) and _has_children(trace, block):
            text = written.removesuffix(".params")
            fix = Fix("Ask for all parameters", (Change(func.value, func.value, f"{text}.collect_params()"),), "safe")
            yield say(event, f"`{written}` has no parameters of the blocks inside, so nothing is frozen", fix)
        elif name == "grad_req" and (pattern := _pattern(owner)) and _NO_PART_OF_NAMES.search(pattern):
            yield say(event, f"`{written}` fits no parameter of Gluon, so nothing is frozen")
        else:
            continue
        return


def _has_children(trace: Trace, block: Value) -> bool:
    return bool(children(trace, block)) or block is trace.instance


def _pattern(owner: Value) -> str:
    """The pattern by which parameters are chosen."""
    from paramlint.facts.reading import Result

    if collected_of(owner) is None or not isinstance(owner, Result):
        return ""
    given = owner.call.argument("select", 0)
    return given.value if isinstance(given, Const) and isinstance(given.value, str) else ""
