"""Names in `torch.nn.init` without a trailing underscore are deprecated.

Since PyTorch 0.4 all functions of `torch.nn.init` end in an underscore, as everything does that works in place. The old
names only warn and call the new ones; they will go.

Bad:
    nn.init.xavier_uniform(self.weight)

Good:
    nn.init.xavier_uniform_(self.weight)

Fix: safe. The old name calls the new function with the same arguments.
Leave it: the code has to run on PyTorch 0.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.init_calls import init_function
from paramlint.knowledge import DEPRECATED_INIT
from paramlint.rule import Calls, Change, Finding, Fix, Mentions, Rule

rule = Rule(
    "PRM211",
    "deprecated-init-name",
    group="risk",
    fix="safe",
    doc=__doc__,
    triggers=(Calls(*DEPRECATED_INIT), Mentions(*DEPRECATED_INIT)),
)

#: Where a function is called, or kept to be called; a table of all functions is often there to replace them.
_USES = (nodes.Call, nodes.Arg, nodes.Assign, nodes.AnnAssign, nodes.Param, nodes.Return)


@rule.static(nodes.Attribute)
def check_attribute(node: nodes.Attribute, scope: Scope) -> Iterator[Finding]:
    if isinstance(scope.parent(node), _USES):
        yield from _named(node, node.attr, scope)


@rule.static(nodes.Call)
def check_imported(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if isinstance(node.func, nodes.Name):
        yield from _named(node.func, node.func, scope)


def _named(node: nodes.BaseExpression, name: nodes.Name, scope: Scope) -> Iterator[Finding]:
    old = init_function(scope, node)
    if old is None or old not in DEPRECATED_INIT:
        return
    new = DEPRECATED_INIT[old]
    if isinstance(node, nodes.Attribute):
        fix = Fix(f"Write `{new}`", (Change(name, name, new),), "safe")
    else:
        full = f"torch.nn.init.{new}"
        written = scope.spell(full)
        fix = Fix(f"Write `{written}`", (Change(node, node, written),), "safe", (full,))
    yield Finding(node, f"`{scope.text(node)}` is deprecated and warns, `{new}` does the same", fix)
