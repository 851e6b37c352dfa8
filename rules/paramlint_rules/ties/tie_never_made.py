"""A tie that is asked for, or declared, but never made leaves two parameters where one is meant.

It happens in several ways: an option such as `tie_weights` is accepted and not acted on; the tie is assigned to
something that the model does not have; `_tied_weights_keys` names a parameter that does not exist; the method that
makes the tie is never called. The model trains all the same, with more parameters than it should have.

Bad:
    class Net(nn.Module):
        def __init__(self, tie_weights=True):
            super().__init__()
            self.table = nn.Embedding(100, 8)
            self.head = nn.Linear(8, 100)

Good:
    class Net(nn.Module):
        def __init__(self, tie_weights=True):
            super().__init__()
            self.table = nn.Embedding(100, 8)
            self.head = nn.Linear(8, 100)
            if tie_weights:
                self.head.weight = self.table.weight

Leave it: the option is only kept for callers that still pass it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts import Class, Scope
from paramlint.facts.ties_not_made import OPTIONS, idle_options, missing_names, missing_place, uncalled_tie
from paramlint.rule import Classes, Finding, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM505",
    "tie-never-made",
    group="bug",
    doc=__doc__,
    triggers=(Stores("weight", "bias", "weights", "wieght", "weigth", "bais"), Classes("_tied_weights_keys", *OPTIONS)),
)


@rule.static(cst.Assign)
def check_place(node: cst.Assign, scope: Scope) -> Iterator[Finding]:
    missing = missing_place(scope, node)
    if missing is not None:
        text = scope.text(node.targets[0].target)
        yield Finding(node.targets[0].target, f"`{text}` ties nothing, because {missing}, so the tie is never made")


@rule.static_scope
def check_method(scope: Scope) -> Iterator[Finding]:
    name = uncalled_tie(scope)
    if name is not None:
        yield Finding(name, f"`{name.value}` is never called, so the tie that it makes is never made")


@rule.static_class
def check_options(cls: Class) -> Iterator[Finding]:
    for name in idle_options(cls):
        yield Finding(name, f"`{name.value}` is accepted and not acted on, so the tie is never made")


@rule.static_class
def check_keys(cls: Class) -> Iterator[Finding]:
    for node, part in missing_names(cls):
        yield Finding(node, f"`{part}` of `_tied_weights_keys` does not exist in `{cls.name}`, so it is never tied")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for tie in model.declared_ties:
        if not tie.exists:
            message = f"`_tied_weights_keys` names `{tie.key}`, which no parameter is called"
        elif tie.is_wanted and not tie.is_tied:
            message = f"the configuration asks for `{tie.key}` to be tied, and it is not"
        else:
            continue
        yield Proof(tie.key, message, tie.owner.__qualname__, "_tied_weights_keys", evidence={"source": tie.source})


@rule.runtime
def verify_options(model: LiveModel) -> Iterator[Proof]:
    for unmet in model.unmet_wishes(OPTIONS):
        first, second = unmet.names
        message = f"`{unmet.option}` is true, and `{first}` and `{second}` are two parameters"
        yield unmet.proof(message)


@rule.runtime
def verify_names(model: LiveModel) -> Iterator[Proof]:
    for name, tie in model.strange_names:
        kept = next(other for other in tie.names if other != name)
        yield model.proof_at(name, f"`{name}` is `{kept}`, and its layer has no such parameter, so nothing is tied")


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.held_ties
