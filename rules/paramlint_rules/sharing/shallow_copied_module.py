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
from paramlint.model import Answer, Claim, Model, Module, Site
from paramlint.model.questions.intent import is_marked
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM306",
    "shallow-copied-module",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks("copy"),),
)

#: Code that goes on to give the copy dictionaries of its own.
_BY_HAND = re.compile(r"\b(?:_parameters|_modules|_buffers|__dict__|_replicate_for_data_parallel)\b")

_INTO_MODULES = re.compile(r"\b(?:ModuleList|ModuleDict|Sequential)\(")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A module with parameters that is copied, or an argument that is then used as a module, or whose copy is."""
    for event in model.events("copied"):
        of, to, node = event.of, event.get("to"), event.site.node
        if event.get("deep") or not isinstance(node, nodes.Call) or len(node.args) != 1:
            continue
        if isinstance(of, Module) and of.cls:
            used: list[Any] = [of] if of.owns.yes and not is_marked(event) else []
        elif event.site.says("share", "shallow"):
            continue
        else:
            used = [m for m in (of, to) if isinstance(m, Module) and _is_used(model, m)]
        if not isinstance(of, Module) and event.site.statement is not None:
            used += [of] if _INTO_MODULES.search(event.site.text(event.site.statement)) else []
        text = event.site.text(node.args[0].value)
        if not used:
            continue
        changes = (Change(node.func, node.func, event.site.spell("copy.deepcopy")),)
        fix = Fix("Copy it with `copy.deepcopy`", changes, "safe", ("copy.deepcopy",))
        message = f"the shallow copy of `{text}` shares its parameters, so training one changes both"
        is_right = _is_by_hand(event.site) or _is_parted(model, to)
        yield Claim(Answer("yes", (event,)), event.site, message, about=used[0], fix=fix, is_right=is_right)


def _is_used(model: Model, module: Module) -> bool:
    """Whether something is done that only a module's own methods do: its parameters are asked for, its mode is set."""
    kinds = model.events("listed", "taken", "loaded", "mode")
    return any(e.of is module and e.get("how") != "init" for e in kinds) or any(p.registered for p in module.places)


def _is_by_hand(site: Site) -> bool:
    return site.definition is not None and _BY_HAND.search(site.text(site.definition)) is not None


def _is_parted(model: Model, copy: Any) -> bool:
    """Whether a copy gets dictionaries of its own later, wherever it is handed to."""
    return any(_BY_HAND.search(str(event.get("name"))) for event in model.events("bound", of=copy))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for original, copied in model.shallow_copies:
        message = f"`{copied}` is a shallow copy of `{original}`, so both register in one dictionary"
        yield model.proof_at(copied, message, original=original)
