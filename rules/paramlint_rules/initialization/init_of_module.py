"""`nn.init` is given a module instead of a parameter, or the `weight` of something that has none.

The functions of `torch.nn.init` write into a tensor. A module has no `fill_` or `dim`, and a parameter has no `weight`,
so the call raises an `AttributeError`, often only on the day when the branch that it stands in is taken. So does one
for `lstm.weight`: the parameters of an `nn.LSTM` are called `weight_ih_l0` and so on.

Bad:
    self.proj = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.proj)

Good:
    self.proj = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.proj.weight)

Fix: safe. The call raises as it is; with the fix it initialises the weight.
Leave it: the function is no longer called by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope, Type
from paramlint.facts.init_calls import WRITE_NAMES, InitCall, write_call
from paramlint.knowledge import INIT_FUNCTIONS, MODULE_CLASSES, module_class
from paramlint.model import Answer, Claim, Event, Model, Site
from paramlint.nodes.branches import is_branch
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM206",
    "init-of-module",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls(*WRITE_NAMES), Asks(*INIT_FUNCTIONS)),
)

#: Containers that have only what they are given, under numbers.
_LISTS = {"torch.nn.Sequential", "torch.nn.ModuleList"}
_FETCHED = re.compile(r"""getattr\((\w+), ["'](\w+)["']\)""")
_CONSTANTS = {"zeros_", "ones_", "constant_"}


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer of torch that a loop or a function is given, and that has no parameter of the name that is written."""
    said_at: set[int] = set()
    for event in model.events("raised"):
        layer, node = event.of, event.site.node
        if event.get("cause") == "init of a module":
            yield from _of_whole(event, said_at)
            continue
        is_call = isinstance(node, nodes.Call) and bool(node.args) and isinstance(node.args[0].value, nodes.Attribute)
        if not is_call or id(node) in said_at or event.get("cause") != "no such attribute":
            continue
        known = module_class(layer.cls)
        if known is None or event.name in (*known.parameters, *known.buffers, *known.submodules):
            continue  # some of its kind have it
        if event.guard or layer.escaped or _is_caught(event.site):
            continue
        said_at.add(id(node))
        target = node.args[0].value
        text, name = event.site.text(target), layer.cls.replace("torch.nn.", "nn.")
        message = f"`{text}` is that of `{name}` too, which has no parameter `{event.name}`, so `{event.law}` raises"
        yield Claim(Answer("yes", (event,), event.guard), event.site, message, about=layer, node=target)


def _of_whole(event: Event, said_at: set[int]) -> Iterator[Claim]:
    """A module that a helper is given and that its code hands on for a tensor."""
    node = event.site.node
    is_call = isinstance(node, nodes.Call) and bool(node.args) and node.args[0].star == ""
    if not is_call or id(node) in said_at or event.guard or not event.of.cls or _is_caught(event.site):
        return
    target = node.args[0].value
    said_at.add(id(node))
    message = f"`{event.site.text(target)}` is a module, not a tensor, so `{event.law}` raises"
    yield Claim(Answer("yes", (event,), event.guard), event.site, message, about=event.of, node=target)


def _is_caught(site: Site) -> bool:
    """Whether something on the way catches what is raised."""
    for one in (*site.stack, site):
        for part in walk(one.definition) if one.definition is not None else ():
            if not isinstance(part, nodes.Try) or not is_branch(part, part.body):
                continue
            if any(node is one.node for node in walk(part.body)):
                return True
    return False


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    if found is None or _is_tested(found):
        return
    target = found.target
    known = scope.type(target)
    text = scope.text(target)
    if known is not None and known.is_module:
        if found.origin == "method":
            return
        message = f"`{text}` is a module, not a tensor, so `{found.function}` raises"
        yield Finding(target, message, _weight_of(found, known, text))
    elif isinstance(target, nodes.Attribute) and target.attr.value in ("weight", "bias"):
        owner = scope.type(target.value)
        if owner is not None and owner.is_parameter:
            inner = scope.text(target.value)
            fix = Fix(f"Initialise `{inner}`", (Change(target, target, inner),), "safe")
            name = target.attr.value
            message = f"`{inner}` is a parameter and has no `{name}`, so `{found.function}` raises"
            yield Finding(target, message, fix, attribute=inner)
        elif owner is not None and _has_no(owner, target.attr.value):
            layer = owner.name.replace("torch.nn.", "nn.")
            message = f"`{layer}` has no parameter `{target.attr.value}`, so the call raises"
            yield Finding(target, message)


def _has_no(owner: Type, name: str) -> bool:
    """Whether no instance of one of torch's layers has such a parameter."""
    known = module_class(owner.name) if owner.is_module and owner.cls is None else None
    if known is None or known.name not in MODULE_CLASSES or (known.owns == "children" and known.name not in _LISTS):
        return False
    return name not in (*known.parameters, *known.buffers, *known.submodules)


def _weight_of(found: InitCall, known: Type, text: str) -> Fix | None:
    """Which of a module's parameters is meant: its weight, unless a constant could as well be for its bias."""
    torch_module = module_class(known.name)
    if torch_module is None or "weight" not in torch_module.parameters:
        return None
    if found.function in _CONSTANTS and "bias" in torch_module.parameters:
        return None
    target = found.target
    return Fix(f"Initialise `{text}.weight`", (Change(target, target, f"{text}.weight"),), "safe")


def _is_tested(found: InitCall) -> bool:
    """Whether a condition around the call asks what the target is; what is known of local names heeds that already."""
    scope, target = found.scope, found.target
    texts = {scope.text(node) for node in (target, getattr(target, "value", None)) if isinstance(node, nodes.Attribute)}
    for ancestor in scope.ancestors(found.node):
        if isinstance(ancestor, (nodes.If, nodes.IfExp)):
            tested = _FETCHED.sub(r"\1.\2", scope.text(ancestor.test))
            if any(call in tested for call in ("isinstance(", "hasattr(", "type(")) and any(t in tested for t in texts):
                return True
        if isinstance(ancestor, nodes.Try) and is_branch(ancestor, ancestor.body):
            return True
    return False
