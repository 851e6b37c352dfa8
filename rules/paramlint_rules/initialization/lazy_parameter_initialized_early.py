"""A lazy layer is initialised before its first call, when its parameters have no shape yet.

`nn.LazyLinear` and its relatives learn their input size in the first call. Until then their weight is an
`UninitializedParameter`, and every function of `torch.nn.init` raises on it. `isinstance(m, nn.Linear)` is true for a
`nn.LazyLinear`, so an `apply(init_weights)` on a model that has not run yet raises as well. Through `.data` nothing
raises: an empty tensor is written, and the first call draws the weight as if nobody had.

Bad:
    self.fc = nn.LazyLinear(10)
    nn.init.xavier_uniform_(self.fc.weight)

Good:
    self.fc = nn.LazyLinear(10)
    self.fc(torch.zeros(1, 20))
    nn.init.xavier_uniform_(self.fc.weight)

Leave it: never; it cannot run, or does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.gradients import data_owner
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.init_events import init_events
from paramlint.facts.lazy_layers import lazy_classes, lazy_layer, may_have_run, writes_lazy
from paramlint.model import Answer, Claim, Event, Model, Module, Tensor
from paramlint.model.questions.training import whole_of
from paramlint.model.questions.written_code import filled
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM217",
    "lazy-parameter-initialized-early",
    group="bug",
    doc=__doc__,
    triggers=(
        Calls(*WRITE_NAMES, "apply"),
        Asks(*(f"Lazy{kind}{n}d" for kind in ("Conv", "ConvTranspose", "BatchNorm") for n in (1, 2, 3)), "LazyLinear"),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """The same where the constructor comes to the layer another way: in a loop, as an item, in a helper."""
    for write in model.events("written"):
        layer = write.of.owner if isinstance(write.of, Tensor) and write.of.role == "parameter" else None
        target = filled(write)
        if layer is None or target is None or not layer.cls.startswith("torch.nn.Lazy") or not layer.known.yes:
            continue
        if write.author != "user" or write.get("inside") != "__init__" or _NOTICED.search(str(write.guard)):
            continue
        if any(min(e.order) < min(write.order) for e in _uses(model, layer)):
            continue
        text, name, law = write.site.text(target), layer.cls.rpartition(".")[2], str(write.get("law"))
        is_lost = bool(write.get("through")) and not write.get("initializer")
        so = f"what `{law}` writes is lost" if is_lost else f"`{law}` raises"
        message = f"`{text}` of a `{name}` has no shape before the first call, so {so}"
        yield Claim(Answer("yes", (write,), write.guard), write.site, message, write.of, target)


#: Words of conditions that ask whether there is a shape yet.
_NOTICED = re.compile(r"lazy|uninitialized", re.IGNORECASE)


def _uses(model: Model, layer: Module) -> list[Event]:
    """What may give a layer its shape: a call of it or of what it is part of, what is loaded, what is unknown."""
    whole = whole_of(model, layer)
    return [e for e in model.events("called", "loaded", "escaped") if e.of in whole]


@rule.static(nodes.Call)
def check_write(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    target = found.target if found is not None else None
    if found is None or not isinstance(target, nodes.Attribute) or not _runs_at_construction(scope, target.value):
        return
    layer = lazy_layer(scope, target.value)
    if layer is None or _is_asked(scope, node):
        return
    outer = target.value.value if isinstance(target.value, nodes.Subscript) else target.value
    if not may_have_run(scope, scope.text(outer), node):
        is_lost = data_owner(getattr(node.func, "value", node)) is target and found.origin == "method"
        so = f"what `{found.function}` writes is lost" if is_lost else f"`{found.function}` raises"
        name = layer.rpartition(".")[2]
        yield Finding(target, f"`{scope.text(target)}` of a `{name}` has no shape before the first call, so {so}")


@rule.static(nodes.Call)
def check_applied(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "apply" or len(node.args) != 1:
        return
    function, owner = _function(scope, node.args[0].value), node.func.value
    if (
        function is None
        or not isinstance(owner, (nodes.Name, nodes.Attribute))
        or not _runs_at_construction(scope, owner)
    ):
        return
    lazy = lazy_classes(scope.type(owner))
    if not lazy or may_have_run(scope, scope.text(owner), node):
        return
    for event in init_events(function):
        if isinstance(event.target, nodes.Attribute) and writes_lazy(event, event.target.value, lazy):
            name, layer = scope.text(node.args[0].value), sorted(lazy)[0].rpartition(".")[2]
            message = f"`{scope.text(owner)}` has a `{layer}` without a shape yet, on which `{name}` raises"
            yield Finding(node, message, attribute=scope.text(owner))
            return


def _function(scope: Scope, node: nodes.BaseExpression) -> Scope | None:
    name = scope.self_attribute(node)
    if name is not None:
        return scope.cls.method(name) if scope.cls is not None else None
    symbol = scope.resolve(node)
    return symbol if isinstance(symbol, Scope) else None


def _runs_at_construction(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether the code runs before anybody can have called the module: it makes it, or the constructor calls it."""
    head = re.split(r"\W", scope.text(owner), maxsplit=1)[0]
    if head == scope.self_name and scope.cls is not None:
        if scope.name == "__init__":
            return True
        made = scope.cls.own_method("__init__")
        text = made.file.source.lines(made.unit.first, made.unit.last) if made is not None else ""
        return re.search(rf"\b{head}\.{re.escape(scope.name)}\(", text) is not None
    bindings = scope.bindings.get(head, [])
    return len(bindings) == 1 and bindings[0].kind == "assign" and isinstance(bindings[0].value, nodes.Call)


def _is_asked(scope: Scope, node: nodes.Node) -> bool:
    tests = [scope.text(a.test) for a in scope.ancestors(node) if isinstance(a, (nodes.If, nodes.IfExp))]
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
