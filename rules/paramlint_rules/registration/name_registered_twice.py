"""A second module under the same name replaces the first, which nobody has used.

A module registers what it is given under a name. A copied line whose name was not changed, or `add_module` with the
same name again, leaves one of the two: the first is built, counted by nobody and never trained.

Bad:
    self.first = nn.Linear(8, 8)
    self.first = nn.Linear(8, 4)

Good:
    self.first = nn.Linear(8, 8)
    self.second = nn.Linear(8, 4)

Leave it: the first is a default that a subclass or an option replaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.model import Answer, Claim, Model, Module, Place, Tensor
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM413",
    "name-registered-twice",
    group="bug",
    doc=__doc__,
    triggers=(Asks("nn", "add_module", "register_parameter", entries=("class",)),),
)

#: A name that is the same in every round of a loop.
_NAME = re.compile(r"\w+")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for module in model.modules:
        place = module.places.seen[0] if len(module.places.seen) == 1 else None
        if place is None or place.until is None or not module.owns.yes or module.escaped or not _is_plain(module):
            continue
        if not isinstance(place.holder, Module) or not _is_built_for_all(model, place.holder):
            continue
        if not isinstance(place.until.of, Module) or not _is_copied_line(place) or module.calls.seen:
            continue
        if _is_read(place) or (place.since.site.node is place.until.site.node and not _is_name(place)):
            continue
        yield Claim(
            Answer("yes", (place.since, place.until), place.guard),
            place.until.site,
            f"`{place.key}` holds a module already that nothing has used, so that one is lost",
            about=module,
        )


@rule.question
def ask_rounds(model: Model) -> Iterator[Claim]:
    """Every round of a loop registers what it makes under one name."""
    for what in (*model.modules, *model.parameters):
        place = what.places.seen[0] if len(what.places.seen) == 1 else None
        if place is None or not place.registered or not what.loops or place.guard or place.how == "assigned":
            continue
        if not isinstance(place.holder, Module) or place.holder.loops or not _is_built_for_all(model, place.holder):
            continue
        made = what.made
        if made is None or made.author != "user" or what.escaped or not _is_name(place):
            continue
        owns = what.owns if isinstance(what, Module) else what.trains
        if owns.yes and place.since.get("inside") == "__init__" and not _is_used_in_round(model, what):
            yield Claim(
                Answer("yes", (place.since,), place.guard),
                place.since.site,
                f"every round registers under the name `{place.key}`, so only the last one is kept",
                about=what,
            )


def _is_used_in_round(model: Model, what: Module | Tensor) -> bool:
    """Whether the constructor uses it before the next round takes its name."""
    events = model.events("called", "read", "kept", "copied")
    return any(e.of is what and e.get("inside") == "__init__" for e in events)


def _is_built_for_all(model: Model, holder: Module) -> bool:
    """Whether what its constructor was given is not known, so that a condition on it is not taken for certain."""
    return holder in model.roots or holder.cls.startswith("torch.")


def _is_name(place: Place) -> bool:
    """Whether its key is one name; what a key is that each round computes, is not known."""
    return _NAME.fullmatch(place.key) is not None


def _is_plain(module: Module) -> bool:
    """Whether the user's code makes it, and it goes into nothing else."""
    return module.made is not None and module.made.author == "user" and module.copy_of is None


def _is_read(place: Place) -> bool:
    """Whether the constructor reads it until it is replaced: its layers, or a size, may be in what comes after."""
    assert place.until is not None
    site = place.until.site
    code = list(walk(site.definition)) if site.definition is not None else []
    begins = {id(node): index for index, node in enumerate(code)}
    first, last = place.since.site.statement, site.statement
    if id(first) not in begins or id(last) not in begins:
        return False
    written = [target for target, _ in assigned(last)]
    since = begins[id(first)] + sum(1 for _ in walk(first))
    until = begins[id(last)] + sum(1 for _ in walk(last))
    return any(
        isinstance(node, nodes.Attribute) and node.attr.value == place.key and not any(node is t for t in written)
        for node in code[since:until]
    )


def _is_copied_line(place: Place) -> bool:
    """Whether the same function replaces it, under the same conditions, with something built for itself."""
    since, until = place.since, place.until
    assert until is not None
    return (
        since.author == until.author == "user"
        and since.inside == until.inside == "__init__"
        and since.site.function == until.site.function
        and [site.row for site in since.site.stack] == [site.row for site in until.site.stack]
        and since.guard == until.guard
        and since.loops == until.loops
        and until.of.made is not None
    )
