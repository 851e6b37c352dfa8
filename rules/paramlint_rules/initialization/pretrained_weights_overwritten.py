"""A model is initialised after trained weights were loaded into it.

The initialisation replaces what was loaded. Training starts from random values, runs without an error, and is only
worse than expected. The usual form is a class that builds a pretrained backbone and then calls the method that
initialises all of `self.modules()`.

Setup:
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)

Bad:
    model.load_state_dict(torch.load("trained.pt"))
    model.apply(init_weights)

Good:
    model.apply(init_weights)
    model.load_state_dict(torch.load("trained.pt"))

Leave it: only the architecture was wanted, and loading checks that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.facts import Scope
from paramlint.facts.handed_on import is_handed_to
from paramlint.facts.init_events import InitEvent, is_on_one_path
from paramlint.facts.pretrained import loads, whole_inits
from paramlint.rule import Calls, Finding, Keywords, Rule

rule = Rule(
    "PRM216",
    "pretrained-weights-overwritten",
    group="bug",
    doc=__doc__,
    triggers=(Calls("load_state_dict", "from_pretrained"), Keywords("pretrained", "weights")),
)


#: A function that only passes `pretrained` on has none of these, and need not be parsed.
_INITIALISING = re.compile(r"init|reset|apply|load_state_dict|pretrained\s*=\s*True|weights\s*=")

_LOADING = re.compile(r"\bload_state_dict\(")


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if not _INITIALISING.search(scope.source):
        return
    loaded = list(loads(scope))
    if not loaded:
        return
    for event in whole_inits(scope):
        before = [load for load in loaded if _holds(event, load) and is_on_one_path(load, event)]
        again = any(_holds(event, load) and is_on_one_path(event, load) for load in loaded)
        again = again or is_handed_to(scope, event.node, event.key, _LOADING)
        if before and not again and not _is_bound_between(before[-1], event) and not _is_spared(event, before[-1]):
            text = scope.text(before[-1].target)
            message = f"`{text}` has just been given trained weights, which `{event.function}` overwrites"
            yield Finding(event.node, message, attribute=text)


def _holds(event: InitEvent, load: InitEvent) -> bool:
    """Whether what is initialised is, or contains, what was loaded."""
    return load.key == event.key or load.key.startswith(f"{event.key}.")


def _is_bound_between(load: InitEvent, event: InitEvent) -> bool:
    """Whether the model's name is given another model between the two."""
    scope = load.scope
    statement = scope.order(scope.statement(load.node))
    head = event.key.partition(".")[0]
    bindings = [b for b in scope.bindings.get(head, ()) if statement < scope.order(b.node) < scope.order(event.node)]
    return any(not _is_around(scope, load, binding.node) for binding in bindings)


def _is_around(scope: Scope, load: InitEvent, node: object) -> bool:
    return any(ancestor is node for ancestor in scope.ancestors(load.node))


def _is_spared(event: InitEvent, load: InitEvent) -> bool:
    """Whether the method that initialises mentions the part that was loaded, or what is pretrained."""
    scope = event.scope
    name = load.key.rpartition(".")[2]
    method = scope.cls.method(event.function.rpartition(".")[2]) if scope.cls is not None else None
    if method is None or load.key == event.key:
        return False
    text = method.file.source.lines(method.unit.first, method.unit.last)
    return re.search(rf"\b{re.escape(name)}\b|pretrained", text) is not None
