"""Modules kept in a plain list, tuple or dict are invisible to the optimizer.

`nn.Module` registers attributes that are modules, but it does not look inside a list, a tuple or a dict. So
`parameters()`, `to()`, `train()` and `state_dict()` silently skip what such a container holds.

Bad:
    self.blocks = [nn.Linear(8, 8), nn.Linear(8, 8)]

Good:
    self.blocks = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

Fix: unsafe. `state_dict()` gains keys, so that older checkpoints no longer load strictly.
Leave it: the container only groups modules that are registered elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from paramlint.facts import Scope, owns_parameters
from paramlint.rule import Change, Finding, Fix, Rule, Stores

rule = Rule(
    "PRM401",
    "modules-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Stores(values=("container",)),),
)


@rule.static(cst.Assign)
def check(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    name = scope.self_attribute(node.targets[0].target)
    if name is None or scope.cls is None or not scope.cls.is_module:
        return
    value = scope.type(node.value)
    if value is None or value.kind != "container" or not owns_parameters(value):
        return
    fix = None
    if isinstance(node.value, cst.List):
        text = f"{scope.spell('torch.nn.ModuleList')}({scope.text(node.value)})"
        fix = Fix(
            "Wrap the list in `nn.ModuleList`",
            (Change(node.value, node.value, text),),
            "unsafe",
            ("torch.nn",),
        )
    yield Finding(node.targets[0].target, f"`self.{name}` is a plain container, so its modules are not trained", fix)
