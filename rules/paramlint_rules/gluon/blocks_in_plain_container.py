"""Blocks in a plain list or dictionary are in no `collect_params()`.

So they are not initialised, trained or saved with the rest. A block of Gluon registers attributes that are blocks.
What a list holds it does not see; MXNet warns of it when parameters are collected.

Bad:
    from mxnet.gluon import Block, nn

    class Net(Block):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(4), nn.Dense(4)]

Good:
    from mxnet.gluon import Block, nn

    class Net(Block):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential()
            self.layers.add(nn.Dense(4), nn.Dense(4))

Fix: unsafe. The parameters get names of the container, and saved ones no longer fit.
Leave it: the blocks are registered elsewhere too, with `register_child` or as attributes.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Held, Said, Stored, Trace, Value
from paramlint.facts.reading.gluon_code import is_block, owns
from paramlint.facts.reading.trace import is_block_class, is_method, say, target
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM905",
    "blocks-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("Block", "HybridBlock", "nn", "__init__", entries=("class",)),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_block_class(trace.cls):
        return
    for store in trace.stores:
        held = store.value
        if store.owner is not trace.instance or not isinstance(held, Held) or not store.stack:
            continue
        lost = [one for one in _all(held) if is_block(one) and owns(trace, one) and not _is_registered(trace, one)]
        if lost and not _is_replaced(trace, store):
            message = f"`self.{store.name}` is a plain {held.kind}, so its blocks are not collected or trained"
            yield say(store, message, _fix(store, held), target(store))


def _all(held: Held, depth: int = 0) -> Iterator[Value]:
    for item in held.items:
        if isinstance(item, Held) and depth < 3:
            yield from _all(item, depth + 1)
        else:
            yield item


def _is_registered(trace: Trace, block: Value) -> bool:
    """Whether a block is an attribute, or is registered or added by a call."""
    for store in trace.stores:
        if store.value is block and store.name != "[]":
            return True
    return any(
        is_method(call.func, "register_child", "add", "add_child", "__setattr__")
        and any(
            block is one or (isinstance(one, Held) and block in _all(one))
            for one in (*call.args, *call.keywords.values())
        )
        for call in trace.calls
    )


def _is_replaced(trace: Trace, store: Stored) -> bool:
    return any(s.owner is store.owner and s.name == store.name and s.index > store.index for s in trace.stores)


def _fix(store: Stored, held: Held) -> Fix | None:
    node = store.node
    value = getattr(node, "value", None)
    if held.kind != "list" or not isinstance(node, nodes.Assign) or not isinstance(value, (nodes.List, nodes.ListComp)):
        return None
    if isinstance(value, nodes.List) and not value.elements:
        return None
    container = _sequential(store)
    text, name = store.scope.text(value), store.scope.text(target(store))
    changes = (Change(value, value, f"{container}()"), Change(node, node, f"{name}.add(*{text})", where="after"))
    return Fix(f"Put them into `{container}`", changes, "unsafe")


def _sequential(store: Stored) -> str:
    for written in ("mxnet.gluon.nn.Sequential", "mxnet.gluon.nn.basic_layers.Sequential"):
        said = store.scope.spell(written)
        if said != written:
            return said
    return "nn.Sequential"
