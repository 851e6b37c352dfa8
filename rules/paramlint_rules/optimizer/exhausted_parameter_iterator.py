"""An iterator of parameters is gone through twice, and is empty the second time.

`parameters()`, `filter(...)`, `map(...)` and generator expressions give each item once. Whoever comes second, an
optimizer or a gradient clipper, gets nothing, mostly without a word.

Bad:
    params = filter(lambda p: p.requires_grad, model.parameters())
    print(sum(p.numel() for p in params))
    optimizer = torch.optim.SGD(params, lr=0.1)

Good:
    params = [p for p in model.parameters() if p.requires_grad]
    print(sum(p.numel() for p in params))
    optimizer = torch.optim.SGD(params, lr=0.1)

Fix: safe. The same parameters in the same order, kept in a list.
Leave it: the second use is meant to go on where the first one stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Site
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Change, Fix, Rule
from paramlint.syntax.walk import walk

_OF_GROUP = re.compile(r"""\[["']params["']\]""")

rule = Rule(
    "PRM705",
    "exhausted-parameter-iterator",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks("parameters", "named_parameters"),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    passes: dict[int, list[Event]] = {}
    for event in model.events("read"):
        if event.get("made") is not None:
            passes.setdefault(id(event.of), []).append(event)
    emptied: dict[Any, list[tuple[Event, Event]]] = {}
    for whole in passes.values():
        if not any(event.get("gives") == "parameters" for event in whole):
            continue
        found = list(filter(_goes_through, whole))
        second = _second_pass(model, found)
        if second is None:
            continue
        made = found[0].made
        if found[0].get("inside") != second.get("inside"):
            message = f"`{_shown(made, made.node)}` is an iterator that is used up before `{second.get('inside')}`"
            yield Claim(Answer("yes", (second,)), made, message, fix=_fix([made]))
        else:
            emptied.setdefault(second.site.node, []).append((found[0], second))
    for twins in emptied.values():
        first, second = twins[0]
        site = _in_function_of(first.made, second)
        names = _names(first.made)
        if not _is_handed(first.made, names, site):
            site = second.site
        given = _given(site.node)
        given = _beside(site, given, names) if given is not None else None
        if given is None:
            continue  # a function of a library does it, and no place of the code is that
        is_kept = second.get("how") == "kept for a group"
        name = _shown(first.made, first.made.node) if is_kept else _shown(site, given)
        if second.again and not isinstance(given, nodes.CompFor) and _is_asked(second):
            message = f"`{name}` is an iterator that the first test uses up, so all others find nothing in it"
        else:
            message = f"`{name}` is an iterator that has been gone through already, so it gives no parameters here"
        yield Claim(Answer("yes", (second,)), site, message, node=given, fix=_fix([one.made for one, _ in twins], site))


def _goes_through(event: Event) -> bool:
    """Whether somebody goes through an iterator, or will through one that a group has in the end.

    Who reads it out of a group does so instead of the optimizer.
    """
    how = event.get("how")
    if event.site.node is None:
        return False  # the model is put together, which no code says
    if how == "gone through":
        given = _given(event.site.node)
        return not isinstance(given, nodes.BaseExpression) or _OF_GROUP.search(_shown(event.site, given)) is None
    return how == "kept for a group" and bool(event.get("holds"))


def _given(node: Any) -> Any:
    """What a call is given to go through; another node as it is."""
    if not isinstance(node, nodes.Call) or not node.args:
        return node
    is_of_function = isinstance(node.func, nodes.Name) and node.func.value in ("map", "filter") and len(node.args) > 1
    return node.args[1 if is_of_function else 0].value


def _in_function_of(made: Site, second: Event) -> Site:
    """Where the function that made an iterator goes through it, or hands it to who does."""
    return next((site for site in reversed(second.way) if site.definition is made.definition), second.site)


def _names(made: Site) -> list[str]:
    """What an iterator is bound to where it is made."""
    return [made.text(node) for node, value in assigned(made.statement) if value is made.node]


def _is_handed(made: Site, names: list[str], site: Site) -> bool:
    """Whether a call says a name of the iterator: a method that takes it from an attribute is given other things.

    One that is made as it is handed on has a name only where it is used up.
    """
    if not names:
        return all(node is not made.node for node in walk(site.node))
    return any(name in site.text(site.node) for name in names)


def _beside(site: Site, given: Any, names: list[str]) -> Any:
    """The argument that has the name, where a call goes through several things: `zip(limits, params)`."""
    arguments = [arg.value for arg in site.node.args] if isinstance(site.node, nodes.Call) else []
    return next((one for one in arguments if site.text(one) in names), given)


def _is_asked(event: Event) -> bool:
    """Whether it is asked whether something is in an iterator."""
    return isinstance(event.site.node, nodes.Name)


def _shown(site: Site, node: nodes.Node) -> str:
    return " ".join(site.text(node).split())


def _second_pass(model: Model, found: list[Event]) -> Event | None:
    """The first time that somebody goes through an iterator that has surely given all before."""
    for index, second in enumerate(found):
        if second.again and second.repeats:
            return second
        for first in found[:index]:
            if first.site.node is not second.site.node and model.follows(first, second).yes:
                return second
    return None


def _fix(made: Sequence[Site], site: Site | None = None) -> Fix | None:
    """Lists in the place of iterators, where these are made in the function that is pointed at."""
    if site is not None and any(one.definition is not site.definition for one in made):
        return None
    return Fix("Keep the parameters in a list", tuple(map(_kept, made)), "safe")


def _kept(made: Site) -> Change:
    """The list of what an iterator gives; a generator becomes a list by its brackets."""
    value = made.node
    text, parentheses = made.text(value), made.parentheses(value)
    if isinstance(value, nodes.GeneratorExp) and parentheses:
        return Change(value, value, "[]", "enclosed")
    bare = text[parentheses:-parentheses].strip() if parentheses else text
    return Change(value, value, f"list({bare})")
