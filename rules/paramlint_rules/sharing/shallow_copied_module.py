"""`copy.copy` of a module is a second name for the same parameters.

The copy gets the very dictionaries of the original: its parameters, buffers and submodules are the same objects.
Training, freezing or moving one changes the other, and a layer replaced in the copy is replaced in the original.

Bad:
    layer = nn.Linear(8, 8)
    other = copy.copy(layer)

Good:
    layer = nn.Linear(8, 8)
    other = copy.deepcopy(layer)

Fix: safe. The values are the same; the copy then has parameters of its own.
Leave it: the copy is meant to share; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts import Scope, owns_parameters
from paramlint.facts.handed_on import is_handed_to
from paramlint.facts.intent import sharing_is_meant
from paramlint.model import Answer, Claim, Model, Module, Site
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM306",
    "shallow-copied-module",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls("copy"), Asks("copy")),
)

#: Code that goes on to give the copy dictionaries of its own.
_BY_HAND = re.compile(r"\b(?:_parameters|_modules|_buffers|__dict__|_replicate_for_data_parallel)\b")

_INTO_MODULES = re.compile(r"\b(?:ModuleList|ModuleDict|Sequential)\(")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """An argument that is copied, where it or the copy is then used as a module."""
    for event in model.events("copied"):
        of, to, node = event.of, event.get("to"), event.site.node
        if event.get("deep") or not isinstance(node, nodes.Call) or len(node.args) != 1:
            continue
        used: list[Any] = [m for m in (of, to) if isinstance(m, Module) and not m.cls and _is_used(model, m)]
        if not isinstance(of, Module) and event.site.statement is not None:
            used += [of] if _INTO_MODULES.search(event.site.text(event.site.statement)) else []
        text = event.site.text(node.args[0].value)
        if not used or event.site.says("share", "shallow") or _is_by_hand(event.site):
            continue
        changes = (Change(node.func, node.func, event.site.spell("copy.deepcopy")),)
        fix = Fix("Copy it with `copy.deepcopy`", changes, "safe", ("copy.deepcopy",))
        message = f"the shallow copy of `{text}` shares its parameters, so training one changes both"
        yield Claim(Answer("yes", (event,)), event.site, message, about=used[0], fix=fix)


def _is_used(model: Model, module: Module) -> bool:
    """Whether something is done that only a module's own methods do: its parameters are asked for, its mode is set."""
    kinds = model.events("listed", "taken", "loaded", "mode")
    return any(e.of is module and e.get("how") != "init" for e in kinds) or any(p.registered for p in module.places)


def _is_by_hand(site: Site) -> bool:
    return site.definition is not None and _BY_HAND.search(site.text(site.definition)) is not None


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) != "copy.copy" or len(node.args) != 1:
        return
    value = scope.type(node.args[0].value)
    if value is None or not value.is_module or owns_parameters(value) is not True:
        return
    if sharing_is_meant(scope, node) or _BY_HAND.search(scope.file.source.lines(scope.unit.first, scope.unit.last)):
        return
    if _is_parted_elsewhere(scope, node):
        return
    name = " ".join(scope.text(node.args[0].value).split())
    changes = (Change(node.func, node.func, scope.spell("copy.deepcopy")),)
    fix = Fix("Copy it with `copy.deepcopy`", changes, "safe", ("copy.deepcopy",))
    message = f"the shallow copy of `{name}` shares its parameters, so training one changes both"
    yield Finding(node, message, fix, attribute=name)


def _is_parted_elsewhere(scope: Scope, node: nodes.Call) -> bool:
    """Whether a function that is given the copy gives it dictionaries of its own."""
    maker = next((a for a in scope.ancestors(node) if isinstance(a, nodes.FunctionDef) and a is not scope.node), None)
    for line in scope.find(nodes.Assign):
        called = scope.dotted(line.value.func) if isinstance(line.value, nodes.Call) else None
        if line.value is node or (maker is not None and called == maker.name.value):
            if any(is_handed_to(scope, line, scope.text(target.target), _BY_HAND) for target in line.targets):
                return True
    return False


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for original, copied in model.shallow_copies:
        message = f"`{copied}` is a shallow copy of `{original}`, so both register in one dictionary"
        yield model.proof_at(copied, message, original=original)
