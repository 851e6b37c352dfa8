"""A method that would initialise parameters is defined, and nobody calls it.

The parameters are allocated empty, `reset_parameters` (or `init_weights`) would give them values, but neither
`__init__` nor any other code calls it: `nn.Module` does not. They stay whatever was in memory.

Bad:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Good:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))
            self.reset_parameters()

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Fix: unsafe. `__init__` ends with the call, so the parameters start from other values.
Leave it: code outside the project calls the method.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from paramlint.facts import Class, Scope
from paramlint.facts.paths.allocations import ALLOCATORS
from paramlint.facts.unwritten_memory import fate_of, fates_of
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule("PRM205", "init-never-called", group="bug", fix="unsafe", doc=__doc__, triggers=(Calls(*ALLOCATORS),))


@rule.static(cst.Call)
def check(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    fate = fate_of(scope, node)
    method = fate.uncalled if fate is not None else None
    if method is None or scope.cls is None or method.cls is not scope.cls:
        return
    assert isinstance(method.node, cst.FunctionDef)
    names = [f.parameter.name for f in fates_of(scope.cls) if f.uncalled is method]
    shown = ", ".join(f"`self.{name}`" for name in names[:3])
    verb = "starts" if len(names) == 1 else "start"
    message = f"`{method.name}` is never called, so {shown} {verb} as garbage"
    yield Finding(method.node.name, message, _fix(scope.cls, method.name))


def _fix(cls: Class, method: str) -> Fix | None:
    scope = cls.own_method("__init__")
    if scope is None or not isinstance(scope.node, cst.FunctionDef):
        return None
    last = scope.node.body.body[-1]
    change = Change(last, last, f"{scope.self_name}.{method}()", "after")
    return Fix(f"Call `{method}` at the end of `__init__`", (change,), "unsafe")
