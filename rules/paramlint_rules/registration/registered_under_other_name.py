"""A name is registered with what another name holds already, so it never gets a parameter of its own.

`self.register_parameter("bias", self.weight)` puts one parameter under two names, most often a copied line in which one
of the names was not changed. `parameters()` gives it once, the checkpoint has it twice, and what the second name should
have held was never made.

Bad:
    self.weight = nn.Parameter(torch.ones(4))
    self.shift = torch.zeros(4)
    self.register_parameter("bias", self.weight)

Good:
    self.weight = nn.Parameter(torch.ones(4))
    self.shift = torch.zeros(4)
    self.register_parameter("bias", nn.Parameter(self.shift))

Leave it: the second name is kept for old checkpoints; say so with `share`, `tie` or `same` in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.intent import sharing_is_meant
from paramlint.rule import Calls, Finding, Rule

rule = Rule(
    "PRM414",
    "registered-under-other-name",
    group="bug",
    doc=__doc__,
    triggers=(Calls("register_parameter", "register_buffer"),),
)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or scope.self_attribute(node.func) is None or scope.cls is None:
        return
    given = [arg.value for arg in node.args if arg.keyword is None and not arg.star]
    given += [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value in ("param", "tensor")]
    if len(given) < 2 or not isinstance(given[0], nodes.SimpleString) or not scope.cls.is_module:
        return
    name, other = str(given[0].evaluated_value), scope.self_attribute(given[1])
    if other is None or other == name or sharing_is_meant(scope, node, name):
        return
    assignments = [a for a in scope.cls.assignments(other) if a.node is not node]
    held = scope.type(given[1])
    is_buffer = bool(assignments) and all(a.how == "buffer" for a in assignments)
    if not assignments or not (is_buffer or (held is not None and held.is_parameter)):
        return
    message = f"`self.{other}` is registered as `{name}` too, so both names are one tensor and `{name}` was never made"
    yield Finding(given[1], message, attribute=f"self.{name}")
