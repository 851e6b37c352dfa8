"""The initialiser is applied before later submodules exist.

`self.apply(self._init_weights)` visits the modules that are there at that moment. A layer that `__init__` creates
afterwards keeps the default initialisation, although the function has a branch for its class.

Bad:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.body = nn.Linear(width, width)
            self.apply(self._init_weights)
            self.head = nn.Linear(width, 10)

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)

Good:
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.body = nn.Linear(width, width)
            self.head = nn.Linear(width, 10)
            self.apply(self._init_weights)

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)

Fix: unsafe. The call moves to the end of `__init__`, so the later layers start from other values.
Leave it: the later layer is meant to keep its default initialisation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from operator import or_

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.effects import effect
from paramlint.model.questions.visits import is_in_visit
from paramlint.rule import Asks, Change, Fix, Rule
from paramlint.syntax.walk import walk

_VISITS = ("modules", "named_modules", "parameters", "named_parameters")

rule = Rule(
    "PRM204",
    "init-before-submodules",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("apply", *_VISITS, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer that is made after the initialiser went over the model, which gave values to others of its class."""
    for listed in model.events("listed"):
        if listed.get("inside") != "__init__" or listed.of not in model.roots or not _is_in_constructor(listed):
            continue
        written = [w for w in model.events("written") if w.author == "user" and is_in_visit(w, listed)]
        visited = {(owner.cls, w.of.key): w for w in written if (owner := _owner(w.of)) is not None}
        late = next(_in_every_case([t for t in model.parameters if _is_late(t, listed, visited)], listed), None)
        if late is not None and late.owner is not None and late.made is not None:
            way = listed.way[0]
            text = way.text(way.node)
            message = f"`{text}` runs before `{late.owner}` exists, so that keeps its default initialisation"
            yield Claim(Answer("yes", (listed, late.made), late.made.guard), way, message, late.owner, fix=_fix(way))


def _in_every_case(late: list[Tensor], listed: Event) -> Iterator[Tensor]:
    """What is made late wherever the visit runs; a helper may make it in one of several ways, of which each is late."""
    for tensor in late:
        assert tensor.made is not None
        node = tensor.made.way[0].node
        ways = [t.made.guard for t in late if t.made is not None and t.made.way[0].node is node]
        if listed.guard.implies(reduce(or_, ways)):
            yield tensor


def _is_in_constructor(listed: Event) -> bool:
    """Whether the constructor of the class itself, and not that of a base, goes over the model."""
    first, *later = listed.way
    return first.function == "__init__" and all(site.function != "__init__" for site in later)


def _owner(what: object) -> Module | None:
    return what.owner if isinstance(what, Tensor) and what.known and what.role == "parameter" else None


def _is_late(tensor: Tensor, listed: Event, visited: dict[tuple[str, str], Event]) -> bool:
    """Whether a parameter was made after a visit that would have written it, and has only torch's values."""
    made, owner = tensor.made, tensor.owner
    if made is None or owner is None or owner.made is None or tensor.escaped or owner.escaped or not tensor.known:
        return False
    sites = made.way
    write = visited.get((owner.cls, tensor.key)) or _meant_for(owner, tensor.key, listed, visited)
    if owner.made.author != "user" or sites[0].function != "__init__" or write is None:
        return False
    if any(effect(first) == effect(write) for first in tensor.writes if first.author == "torch"):
        return False  # the class gives the same values by itself, as a norm does
    if sites[0].definition is not listed.way[0].definition:
        return False
    is_after = min(made.order) > max(listed.order) and listed.guard.fits(made.guard)
    own = [write for write in tensor.writes if write.author != "torch" and write.get("inside") == "__init__"]
    return is_after and not own and _is_below(owner, listed.of)


def _meant_for(owner: Module, key: str, listed: Event, visited: dict[tuple[str, str], Event]) -> Event | None:
    """The write of a visit that would have reached a layer of this class, by the test of kinds around it."""
    kind = re.compile(rf"\bisinstance\(.*\b{re.escape(owner.cls.rpartition('.')[2])}\b", re.S)
    for (_, written), write in visited.items():
        loop = listed.site.loop
        around = loop.body if loop is not None and write.site.definition is listed.site.definition else None
        if around is None and write.site.definition is not listed.site.definition:
            around = getattr(write.site.definition, "body", None)
        for branch in walk(around) if around is not None and written == key else ():
            if not isinstance(branch, nodes.If) or not any(node is write.site.node for node in walk(branch.body)):
                continue
            test = write.site.text(branch.test)
            if " not " not in test and kind.search(test):
                return write
    return None


def _is_below(part: Module, root: Module) -> bool:
    """Whether the constructor makes something a part of a module."""
    seen: set[int] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop()
        seen.add(id(one))
        held = [p for p in one.places if p.registered and p.since.get("inside") == "__init__"]
        holders = [p.holder for p in held if isinstance(p.holder, Module)]
        if root in holders:
            return True
        waiting += [holder for holder in holders if id(holder) not in seen]
    return False


def _fix(way: Site) -> Fix | None:
    """The call goes to the end of the constructor, where it is a statement of its body."""
    body = way.definition.body.body
    lines = [line for line in body if isinstance(line, nodes.SimpleStatementLine)]
    line = next((line for line in lines if [*line.body] == [way.statement]), None)
    if line is None or not isinstance(way.statement, nodes.Expr) or way.statement.value is not way.node:
        return None
    changes = (Change(line, line, "", "delete"), Change(body[-1], body[-1], way.text(way.node), "after"))
    return Fix("Apply it at the end of `__init__`", changes)
