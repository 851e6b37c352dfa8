"""Code that goes over all modules or parameters of a model: `apply`, and loops over `modules()` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from paramlint import nodes
from paramlint.model.event import Event, Site
from paramlint.model.model import Model, before
from paramlint.model.objects import Module
from paramlint.nodes import operators
from paramlint.nodes.assigned import assigned
from paramlint.nodes.branches import denied, leaves
from paramlint.syntax.walk import operands, walk

#: Names of attributes that are sizes, rates, flags and settings.
_PLAIN = re.compile(
    r"size|dim|num|(?:^|_)n_|width|height|hidden|channels|features|heads|dropout|(?:^|_)p$|rate|eps|bias|device|dtype"
    r"|len|depth|kernel|stride|padding|groups|config|cfg|args|opts?$|hparams|mode|name|lr$|mom|scale|ratio|alpha|beta"
    r"|gamma|temperature|tau|use_|with_|is_|has_|type$|reduction|vocab|seed|steps?$|epochs?|classes|reals|flags|labels",
    re.I,
)
_LITERAL = re.compile(r"None$|True$|False$|[-+.\d]|['\"]|(?:tuple|list|dict)\(")
_KEY = re.compile(r"\w+")
#: Names that are looked at.
_MOST = 2_000
#: Locals that are computed from another, and that from another.
_LOCALS = 2


def is_in_visit(event: Event, listed: Event) -> bool:
    """Whether something happens to what a visit is at: in the function that `apply` calls, or in the loop's body.

    Args:
        event: what happens.
        listed: the event of the call that goes through the model.
    """
    depth = len(listed.site.stack)
    way = event.way[depth:]
    before = [site.node for site in event.site.stack[:depth]]
    if not way or before != [site.node for site in listed.site.stack]:
        return False
    return way[0].node is listed.site.node or _is_in_loop(way[0], listed.site)


def is_over_one_twice(site: Site) -> bool:
    """Whether a loop around a place runs over a display where one item stands twice: `for w in (a, a)`."""
    around = site.definition
    for loop in walk(around) if around is not None else ():
        if isinstance(loop, nodes.For) and isinstance(loop.iter, (nodes.Tuple, nodes.List)):
            texts = [site.text(element.value) for element in loop.iter.elements]
            if len(set(texts)) < len(texts) and any(node is site.node for node in walk(loop.body)):
                return True
    return False


def names_below(model: Model, module: Module, at: Event) -> list[str] | None:
    """The names of all parameters at and below a module when something happened; None where they are not all known.

    An attribute that is an argument counts as a number or a text where its name says so.
    """
    found: list[str] = []
    waiting: list[tuple[str, Module]] = [("", module)]
    while waiting:
        prefix, one = waiting.pop()
        if len(found) > _MOST or not one.known.yes or one.escaped or not one.holds.closed.yes:
            return None
        bound = [e for e in model.events("bound", of=one) if e.author == "user" and e.get("how") == "assigned"]
        if not all(_LITERAL.match(str(e.get("value"))) or _PLAIN.search(str(e.get("name"))) for e in bound):
            return None  # it may be a module
        for place in one.holds:
            if not place.registered or not before(place.since, at):
                continue
            key = place.key.strip("[]")
            if not _KEY.fullmatch(key):
                return None
            if isinstance(place.what, Module):
                waiting.append((f"{prefix}{key}.", place.what))
            elif place.kind == "parameter":
                found.append(prefix + key)
    return found


def modules_below(model: Model, module: Module, at: Event) -> list[Module] | None:
    """A module and all at and below it when something happened; None where they are not all known."""
    if names_below(model, module, at) is None:
        return None
    found = [module]
    for one in found:
        children = (p.what for p in one.holds if p.registered and isinstance(p.what, Module) and before(p.since, at))
        found.extend(child for child in children if not any(child is known for known in found))
    return found


def whole_visits(model: Model) -> Iterator[Event]:
    """Where the code of the entry goes through a model that is known."""
    return (listed for listed in model.events("listed") if listed.author == "user" and is_about_whole(model, listed))


def is_about_whole(model: Model, event: Event) -> bool:
    """Whether the code of the entry is about a model that is known: that of a class about its own, not its heirs'."""
    is_built = event.of not in model.roots or event.inside == "__init__"
    is_own = event.site.class_name == (model.name if model.entry == "class" else "")
    return bool(event.of.known.yes) and is_built and is_own


def never_true(model: Model) -> set[tuple[int, str]]:
    """The conditions that were asked and false each time: the `id` of each, and the method that the entry called.

    There are none where the build came to no end: what it did not come to may be true.
    """
    asked = () if model.is_cut_short else model.events("tested")
    return {(id(event.site.node), event.inside) for event in asked if not event.ever}


def name_of_pair(loop: nodes.For) -> str | None:
    """`name` of a loop `for name, p in ...`."""
    first = loop.target.elements[0].value if isinstance(loop.target, nodes.Tuple) else None
    return first.value if isinstance(first, nodes.Name) else None


def tests_before(acts: Callable[[nodes.Node], bool], body: nodes.Node, name: str) -> Iterator[Any]:
    """The conditions about what a visit is at before something is done to it; not those that ask what it is not.

    Args:
        acts: whether a node does it.
        body: what is done in each round.
        name: the name that the round is about, as a loop or function has it.
    """
    about = {name}
    for _ in range(_LOCALS):
        about |= {
            target.value
            for n in walk(body)
            for target, value in assigned(n)
            if isinstance(target, nodes.Name) and _mentions(value, about)
        }
    for test, whole, subject in guards_of(acts, body):
        if _mentions(test if subject is whole else subject, about) and not is_negative(test):
            yield test


def guards_of(
    acts: Callable[[nodes.Node], bool], code: nodes.Node, *, with_else: bool = False
) -> Iterator[tuple[Any, Any, Any]]:
    """The conditions under which something is done, each part of them with the whole and with what that is about.

    A case of a `match` is one, about the subject. `if not a: continue` is `a` for the lines below. With `with_else`
    what is done where a condition is not met counts too.
    """
    for whole, subject, done in _guarded(code, with_else):
        if any(acts(node) for part in done for node in walk(part)):
            yield from ((part, whole, subject) for part in operands(whole))


def _guarded(code: nodes.Node, with_else: bool) -> Iterator[tuple[Any, Any, list[nodes.Node]]]:
    for node in walk(code):
        if isinstance(node, (nodes.If, nodes.IfExp)):
            yield node.test, node.test, [node if with_else else node.body]
        elif isinstance(node, nodes.Match):
            for case in node.cases:
                yield case.pattern, node.subject, [case.body]
        elif isinstance(node, nodes.IndentedBlock):
            for index, line in enumerate(node.body):
                test = denied(line.test) if isinstance(line, nodes.If) and line.orelse is None else None
                if test is not None and isinstance(line, nodes.If) and leaves(line.body):
                    yield test, test, list(node.body[index + 1 :])


def loop_around(model: Model, site: Site, other: Site) -> nodes.For | nodes.While | None:
    """The outermost loop around one place of a function that is not around another place too."""
    loops = model.remember(("loops by node", id(site.code)), lambda: _loops_by_node(site.code))
    around, others = (loops.get(id(one.node), []) for one in (site, other))
    return next((loop for loop in around if loop not in others), None)


def _loops_by_node(code: nodes.Node) -> dict[int, list[nodes.For | nodes.While]]:
    """The loops around each node of a function, by its `id`, outermost first."""
    found: dict[int, list[nodes.For | nodes.While]] = {}
    for loop in (node for node in walk(code) if isinstance(node, (nodes.For, nodes.While))):
        for node in walk(loop.body):
            found.setdefault(id(node), []).append(loop)
    return found


def texts_in(test: nodes.Node) -> list[str]:
    """The texts that a condition compares with."""
    return [str(n.evaluated_value) for n in walk(test) if isinstance(n, nodes.SimpleString)]


def _mentions(node: nodes.Node, about: set[str]) -> bool:
    return any(isinstance(n, nodes.Name) and n.value in about for n in walk(node))


def is_negative(test: nodes.Node) -> bool:
    """Whether a condition asks what something is not; `kind.find("Conv") != -1` asks what it is."""
    if not isinstance(test, nodes.Comparison):
        return False
    first = test.comparisons[0]
    if isinstance(first.operator, operators.NotEqual):
        return not isinstance(first.comparator, (nodes.UnaryOperation, nodes.Integer))
    return isinstance(first.operator, (operators.NotIn, operators.IsNot))


def _is_in_loop(inner: Site, listed: Site) -> bool:
    """Whether a node stands in the body of the loop that runs over what was listed."""
    loop = listed.loop
    is_beside = loop is not None and inner.definition is listed.definition
    return is_beside and loop is not None and any(node is inner.node for node in walk(loop.body))
