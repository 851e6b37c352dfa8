"""A parameter that a block has not made through `params` is in no `collect_params()`.

`self.params.get("w", ...)` makes a parameter that belongs to the block. A `gluon.Parameter` of one's own, or an array
with `attach_grad`, is used by the block, and no trainer knows it.

Bad:
    from mxnet import gluon

    class Scale(gluon.Block):
        def __init__(self):
            super().__init__()
            self.w = gluon.Parameter("w", shape=(4, 1))

Good:
    from mxnet import gluon

    class Scale(gluon.Block):
        def __init__(self):
            super().__init__()
            self.w = self.params.get("w", shape=(4, 1))

Leave it: the code is for MXNet 2, whose blocks register parameters that are attributes.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Named, Part, Said, Thing, Trace, Value, options
from paramlint.facts.reading.trace import is_block_class, is_method, receiver, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM906",
    "unregistered-parameter",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("Parameter", "attach_grad", entries=("class",)),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_block_class(trace.cls) or _is_second(trace):
        return
    for store in trace.stores:
        if store.owner is trace.instance and store.stack[:1] == ("__init__",):
            if any(_is_parameter(one) for one in options(store.value)) and not _is_registered(trace, store.value):
                message = (
                    f"`self.{store.name}` is a parameter that the block does not know, so it is not trained or saved"
                )
                yield say(store, message, node=getattr(store.node, "value", store.node))
    for call in trace.calls:
        for func in options(call.func):
            if call.stack[:1] == ("__init__",) and is_method(func, "attach_grad"):
                owner = receiver(func)
                name = next((s.name for s in trace.stores if s.owner is trace.instance and s.value is owner), "")
                if name or (isinstance(owner, Part) and owner.owner is trace.instance):
                    said = name or getattr(owner, "name", "")
                    yield say(call, f"`self.{said}` is an array that the block does not know, so no trainer updates it")


def _is_parameter(value: Value) -> bool:
    made = value.made.func if isinstance(value, Thing) and value.cls is None else None
    return isinstance(made, Named) and made.name == "gluon.Parameter"


def _is_registered(trace: Trace, value: Value) -> bool:
    return any(is_method(call.func, "update", "register_parameter") for call in trace.calls) or any(
        store.name == "[]" and value in options(store.value) for store in trace.stores
    )


def _is_second(trace: Trace) -> bool:
    """Whether the file is for MXNet 2."""
    text = trace.file.source.text
    return "use_np" in text or "from mxnet import np" in text or "npx" in text
