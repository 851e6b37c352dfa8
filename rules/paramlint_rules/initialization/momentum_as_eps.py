"""A number meant as a norm's momentum is given in the place of its `eps`.

`nn.BatchNorm2d(num_features, eps=1e-05, momentum=0.1)` takes `eps` second. `nn.BatchNorm2d(64, 0.8)` adds 0.8 to every
variance: channels of small variance are hardly normalised, and the momentum is what it is by default.

Bad:
    self.norm = nn.BatchNorm2d(64, 0.8)

Good:
    self.norm = nn.BatchNorm2d(64, momentum=0.8)

Fix: unsafe. What the layer computes changes, so weights trained with the old `eps` no longer fit.
Leave it: weights that were trained with this `eps` are loaded; then write `eps=0.8`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.knowledge import NORMS_WITH_MOMENTUM, module_class
from paramlint.nodes.call_arguments import arguments_of
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM227",
    "momentum-as-eps",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Calls(*(name.rpartition(".")[2] for name in NORMS_WITH_MOMENTUM)),),
)

#: The largest number that is an `eps` in earnest; the smallest momentum in use is above it.
_LARGEST_EPS = 5e-3
_MOMENTUM = re.compile(r"(?:^|_)(?:mom|momentum|mmt|decay)(?:$|_)", re.I)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    known = module_class(scope.qualified(node.func) or "")
    if known is None or known.name not in NORMS_WITH_MOMENTUM:
        return
    place = known.arguments.index("eps")
    if len(node.args) <= place or any(arg.star or arg.keyword for arg in node.args[: place + 1]):
        return
    given = node.args[place].value
    momentum = arguments_of(node.args, known.arguments).get("momentum")
    channels = node.args[0].value
    if place == 1 and not isinstance(given, nodes.Float) and scope.text(given) == scope.text(channels):
        message = f"`{scope.text(given)}`, the number of channels, stands where `{scope.text(node.func)}` takes `eps`"
        yield Finding(given, message)
    elif _is_momentum(scope, given) and (momentum is None or _is_smaller(scope, momentum, given)):
        text = scope.text(given)
        fix = Fix(f"Write `momentum={text}`", (Change(given, given, f"momentum={text}"),), "unsafe")
        message = f"`{text}` stands where `{scope.text(node.func)}` takes `eps`, so the momentum stays what it was"
        yield Finding(given, message, fix if momentum is None and len(node.args) == place + 1 else None)


def _is_momentum(scope: Scope, node: nodes.BaseExpression) -> bool:
    written = scope.dotted(node)
    if written is not None and _MOMENTUM.search(written.rpartition(".")[2]):
        return True
    value = _number(scope, node)
    return value is not None and _LARGEST_EPS < value <= 1


def _is_smaller(scope: Scope, one: nodes.BaseExpression, other: nodes.BaseExpression) -> bool:
    """Whether two numbers stand in each other's place."""
    first, second = _number(scope, one), _number(scope, other)
    return first is not None and second is not None and first < second


def _number(scope: Scope, node: nodes.BaseExpression) -> float | None:
    """The value of a literal, or of a name that is given one once."""
    if isinstance(node, (nodes.Integer, nodes.Float)):
        return float(node.evaluated_value)
    bound = scope.bindings.get(node.value, []) if isinstance(node, nodes.Name) else []
    value = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else None
    return float(value.evaluated_value) if isinstance(value, (nodes.Integer, nodes.Float)) else None
