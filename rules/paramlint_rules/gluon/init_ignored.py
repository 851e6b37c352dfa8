"""An `initialize` that changes nothing: the values are those of before, or of the layer's own initialiser.

Parameters that have values keep them unless `force_reinit=True` is given. A layer with a `weight_initializer` of its
own uses that, whatever `initialize` is given.

Bad:
    from mxnet import init
    from mxnet.gluon import nn

    net = nn.Dense(3, in_units=4)
    net.initialize()
    net.initialize(init.Constant(1))

Good:
    from mxnet import init
    from mxnet.gluon import nn

    net = nn.Dense(3, in_units=4)
    net.initialize()
    net.initialize(init.Constant(1), force_reinit=True)

Leave it: a net that was loaded in part is completed.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Called, Const, Said, Thing, Trace, Value, options
from paramlint.facts.reading.gluon_code import is_block, is_leaf, owners
from paramlint.facts.reading.trace import is_method, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM908",
    "init-ignored",
    group="risk",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("initialize"),),
)

_LOADS = ("load_parameters", "load_params", "load_dict", "add", "register_child", "load")
_SIZES = ("in_units", "in_channels", "input_dim")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    begun: dict[Value, Called] = {}
    for call in trace.calls:
        if not is_method(call.func, "initialize"):
            continue
        is_given = bool(call.args) or "init" in call.keywords
        is_forced = "force_reinit" in call.keywords or call.open
        for owner in owners(call):
            first = begun.get(owner)
            if is_block(owner) and is_given and not is_forced:
                if first is not None and first.root == call.root and _has_values(trace, first, call, owner):
                    yield say(call, f"`{_text(call)}` has values already, so this initialiser is ignored")
                elif _has_own(owner):
                    yield say(call, f"`{_text(call)}` has an initialiser of its own, so this one is ignored")
            begun.setdefault(owner, call)


def _text(call: Called) -> str:
    return " ".join(call.scope.text(call.node.func.value).split())  # type: ignore[attr-defined]


def _has_values(trace: Trace, first: Called, second: Called, owner: Value) -> bool:
    """Whether the first call has given values by then, and nothing new has come since."""
    between = [c for c in trace.calls if first.index < c.index < second.index]
    if first.excludes(second) or any(
        is_method(c.func, *_LOADS) for c in trace.calls if c.index < second.index and c.index > first.index
    ):
        return False
    if any(is_method(c.func, "load_parameters", "load_params") for c in trace.calls if c.index < second.index):
        return False
    if any(owner in options(c.func) for c in between):
        return True
    inside = [one for one in trace.inside(owner) if is_leaf(one)]
    return bool(inside) and all(_has_size(one) for one in inside)


def _has_size(block: Value) -> bool:
    """Whether the shapes of its parameters are known when it is made."""
    return isinstance(block, Thing) and (block.last == "Embedding" or any(n in block.made.keywords for n in _SIZES))


def _has_own(owner: Value) -> bool:
    """Whether the only weight of a layer has an initialiser of its own."""
    if not is_leaf(owner) or not isinstance(owner, Thing):
        return False
    given = owner.made.keywords.get("weight_initializer")
    return given is not None and not (isinstance(given, Const) and given.value is None)
