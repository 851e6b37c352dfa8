"""A gradient is used before the first backward pass, when it is still `None`.

`.grad` is `None` until a backward pass fills it. Arithmetic with it, or a method of it, raises at once.

Bad:
    def fit(x, y):
        w = torch.zeros(3, requires_grad=True)
        w.grad.zero_()
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()

Good:
    def fit(x, y):
        w = torch.zeros(3, requires_grad=True)
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        w.grad.zero_()

Leave it: the gradient was filled elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Site, Tensor
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule("PRM106", "grad-read-before-backward", group="bug", doc=__doc__, triggers=(Asks("backward"),))

#: Code that asks whether there is a gradient.
_ASKED = re.compile(r"\bgrad\w*\b(?:\.data)?\s*(?:is\b|==|!=)|(?:\bif|\band|\bor|\bnot)\s+[\w.\[\]]*\.grad\b|hasattr")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    backward = [e for e in model.events("backward") if e.order]
    said_at: set[int] = set()
    for event in model.events("read", "written"):
        gradient = event.of
        if not isinstance(gradient, Tensor) or gradient.role != "gradient" or event.author != "user":
            continue
        node = _gradient_in(event)
        if node is None or id(node) in said_at or not _is_empty_then(model, gradient.base, event):
            continue
        later = [b for b in backward if b.get("inside") == event.get("inside")]
        if event.get("inside") == "__init__":  # what the other methods do comes later
            later = backward
        if not later or any(min(b.order) < min(event.order) for b in later) or any(map(_asks, event.way)):
            continue
        said_at.add(id(node))
        site = next((s for s in event.site.stack if s.function == event.get("inside")), event.site)
        message = f"`{event.site.text(node)}` is used before the first backward pass, when it is still `None`"
        place = node if site is event.site else site.node
        yield Claim(Answer("yes", (event,)), site, message, about=gradient.base, node=place)


def _is_empty_then(model: Model, tensor: Tensor | None, event: Event) -> bool:
    """Whether a tensor is made in the same call, before, and nothing else can have given it a gradient."""
    if tensor is None or not tensor.known or tensor.escaped or event.guard or event.site.in_branch:
        return False
    made = tensor.made or next((place.since for place in tensor.places), None)
    if made is None or made.get("inside") != event.get("inside") or min(made.order) > min(event.order):
        return False
    owner = tensor.owner
    if owner is not None and (owner.escaped or not owner.known.yes):
        return False
    given = [e for e in model.events("bound", of=tensor) if e.get("name") == "grad"]
    return not any(min(e.order) < min(event.order) for e in (*given, *model.events("stepped", "escaped")))


def _gradient_in(event: Event) -> nodes.Node | None:
    """Where the code says `x.grad`."""
    found = (n for n in walk(event.site.node) if isinstance(n, nodes.Attribute) and n.attr.value == "grad")
    return next(found, None)


def _asks(site: Site) -> bool:
    """Whether the function around asks whether there is a gradient, or catches that there is none."""
    around = site.definition
    if around is None:
        return False
    return any(isinstance(n, nodes.Try) for n in walk(around)) or _ASKED.search(site.text(around)) is not None
