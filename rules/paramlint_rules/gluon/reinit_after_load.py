"""`force_reinit=True` after parameters were loaded draws all of them anew.

Bad:
    from mxnet.gluon import nn

    net = nn.Dense(3, in_units=4)
    net.load_parameters("net.params")
    net.initialize(force_reinit=True)

Good:
    from mxnet.gluon import nn

    net = nn.Dense(3, in_units=4)
    net.initialize(force_reinit=True)
    net.load_parameters("net.params")

Leave it: training begins anew on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Const, Said, Trace
from paramlint.facts.reading.gluon_code import collected_of, owners
from paramlint.facts.reading.trace import is_method, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM909",
    "reinit-after-load",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("force_reinit"),),
)

_LOADS = ("load_parameters", "load_params")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    loads = [call for call in trace.calls if is_method(call.func, *_LOADS)]
    for call in trace.calls:
        forced = call.keywords.get("force_reinit")
        if not is_method(call.func, "initialize") or not isinstance(forced, Const) or forced.value is not True:
            continue
        nets = {collected_of(one) or one for one in owners(call)}
        before = [one for one in loads if one.index < call.index and one.root == call.root and not one.excludes(call)]
        later = [one for one in loads if one.index > call.index and nets & set(owners(one))]
        if any(nets & set(owners(load)) and load.loops == call.loops for load in before) and not later:
            text = " ".join(call.scope.text(call.node.func.value).split())  # type: ignore[attr-defined]
            yield say(call, f"`{text}` was loaded before, and what was loaded is drawn anew here")
