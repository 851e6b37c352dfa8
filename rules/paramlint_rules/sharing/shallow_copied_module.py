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
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Scope, owns_parameters
from paramlint.facts.intent import sharing_is_meant
from paramlint.rule import Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule("PRM306", "shallow-copied-module", group="bug", fix="safe", doc=__doc__, triggers=(Calls("copy"),))

#: Code that goes on to give the copy dictionaries of its own.
_BY_HAND = re.compile(r"\b(?:_parameters|_modules|_buffers|__dict__|_replicate_for_data_parallel)\b")


@rule.static(cst.Call)
def check(node: cst.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) != "copy.copy" or len(node.args) != 1:
        return
    value = scope.type(node.args[0].value)
    if value is None or not value.is_module or owns_parameters(value) is not True:
        return
    if sharing_is_meant(scope, node) or _BY_HAND.search(scope.file.source.lines(scope.unit.first, scope.unit.last)):
        return
    name = " ".join(scope.text(node.args[0].value).split())
    changes = (Change(node.func, node.func, scope.spell("copy.deepcopy")),)
    fix = Fix("Copy it with `copy.deepcopy`", changes, "safe", ("copy.deepcopy",))
    yield Finding(node, f"the shallow copy of `{name}` shares its parameters, so training one changes both", fix)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for original, copied in model.shallow_copies:
        message = f"`{copied}` is a shallow copy of `{original}`, so both register in one dictionary"
        yield model.proof_at(copied, message, original=original)
