"""A lazy layer is initialised before its first call, when its parameters have no shape yet.

`nn.LazyLinear` and its relatives learn their input size in the first call. Until then their weight is an
`UninitializedParameter`, and every function of `torch.nn.init` raises on it. `isinstance(m, nn.Linear)` is true for a
`nn.LazyLinear`, so an `apply(init_weights)` on a model that has not run yet raises as well.

Bad:
    self.fc = nn.LazyLinear(10)
    nn.init.xavier_uniform_(self.fc.weight)

Good:
    self.fc = nn.LazyLinear(10)
    self.fc(torch.zeros(1, 20))
    nn.init.xavier_uniform_(self.fc.weight)

Leave it: never; it cannot run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.init_events import init_events
from paramlint.facts.lazy_layers import lazy_classes, may_have_run, writes_lazy
from paramlint.rule import Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM217",
    "lazy-parameter-initialized-early",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*WRITE_NAMES, "apply"),),
)


@rule.static(cst.Call)
def check_write(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    target = found.target if found is not None else None
    if found is None or not isinstance(target, cst.Attribute) or not _runs_at_construction(scope, target.value):
        return
    known = scope.type(target.value)
    layer = known.name if known is not None else ""
    if not layer.startswith("torch.nn.Lazy") or _is_asked(scope, node):
        return
    if not may_have_run(scope, scope.text(target.value), node):
        text = scope.text(target)
        name = layer.rpartition(".")[2]
        yield Finding(
            target, f"`{text}` of a `{name}` has no shape before the first call, so `{found.function}` raises"
        )


@rule.static(cst.Call)
def check_applied(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "apply" or len(node.args) != 1:
        return
    function, owner = _function(scope, node.args[0].value), node.func.value
    if function is None or not isinstance(owner, (cst.Name, cst.Attribute)) or not _runs_at_construction(scope, owner):
        return
    lazy = lazy_classes(scope.type(owner))
    if not lazy or may_have_run(scope, scope.text(owner), node):
        return
    for event in init_events(function):
        if isinstance(event.target, cst.Attribute) and writes_lazy(event, event.target.value, lazy):
            name, layer = scope.text(node.args[0].value), sorted(lazy)[0].rpartition(".")[2]
            message = f"`{scope.text(owner)}` has a `{layer}` without a shape yet, on which `{name}` raises"
            yield Finding(node, message)
            return


def _function(scope: Scope, node: cst.BaseExpression) -> Scope | None:
    name = scope.self_attribute(node)
    if name is not None:
        return scope.cls.method(name) if scope.cls is not None else None
    symbol = scope.resolve(node)
    return symbol if isinstance(symbol, Scope) else None


def _runs_at_construction(scope: Scope, owner: cst.BaseExpression) -> bool:
    """Whether the code runs before anybody can have called the module: it makes it, or the constructor calls it."""
    head = scope.text(owner).partition(".")[0]
    if head == scope.self_name and scope.cls is not None:
        if scope.name == "__init__":
            return True
        made = scope.cls.own_method("__init__")
        text = made.file.source.lines(made.unit.first, made.unit.last) if made is not None else ""
        return re.search(rf"self\.{re.escape(scope.name)}\(", text) is not None
    bindings = scope.bindings.get(head, [])
    return len(bindings) == 1 and bindings[0].kind == "assign" and isinstance(bindings[0].value, cst.Call)


def _is_asked(scope: Scope, node: cst.CSTNode) -> bool:
    tests = [scope.text(a.test) for a in scope.ancestors(node) if isinstance(a, (cst.If, cst.IfExp))]
    return any("uninitialized" in test or "isinstance" in test or "lazy" in test.lower() for test in tests)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for lazy in model.parameters:
        becomes = getattr(type(lazy.module), "cls_to_become", None)
        if lazy.status != "lazy" or becomes is None:
            continue
        alike = [p.init for p in model.parameters if type(p.module) is becomes and p.attribute == lazy.attribute]
        drawn = next((init for init in alike if init is not None and init.by_user and init.module), None)
        if drawn is not None:
            message = f"`{lazy.name}` is lazy still, so `{drawn.call}`, which its kind is given, does not reach it"
            yield lazy.proof(message, drawn)
