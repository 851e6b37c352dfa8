"""`params.get` of one name twice gives one parameter, not two.

Bad:
    from mxnet.gluon import Block

    class Gated(Block):
        def __init__(self):
            super().__init__()
            self.value = self.params.get("weight", shape=(4, 4))
            self.gate = self.params.get("weight", shape=(4, 4))

Good:
    from mxnet.gluon import Block

    class Gated(Block):
        def __init__(self):
            super().__init__()
            self.value = self.params.get("weight", shape=(4, 4))
            self.gate = self.params.get("gate", shape=(4, 4))

Leave it: the two are meant to be one; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.intent import sharing_is_meant
from paramlint.facts.reading import Called, Const, Said, Stored, Trace, options
from paramlint.facts.reading.gluon_code import owners, params_of
from paramlint.facts.reading.trace import is_block_class, is_method, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM910",
    "parameter-name-twice",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("params", entries=("class",)),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.cls is None or not is_block_class(trace.cls):
        return
    made: dict[str, list[Called]] = {}
    for call in trace.calls:
        if not is_method(call.func, "get") or not call.args or not isinstance(call.args[0], Const):
            continue
        if not any(params_of(owner) is trace.instance for owner in owners(call)) or call.stack[:1] != ("__init__",):
            continue
        name = str(call.args[0].value)
        before = [one for one in made.setdefault(name, []) if not one.excludes(call)]
        made[name].append(call)
        kept = _names(trace, call)
        if before and kept and not any(kept & _names(trace, one) for one in before):
            if not sharing_is_meant(call.scope, call.node):
                message = f"`{name}` is the name of another parameter of this block, so both are one"
                yield say(call, message)


def _names(trace: Trace, call: Called) -> set[str]:
    """The attributes that a parameter is kept under."""
    return {s.name for s in trace.stores if isinstance(s, Stored) and call.result in options(s.value)}
