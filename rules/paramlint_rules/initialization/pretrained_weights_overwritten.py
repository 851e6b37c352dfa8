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
from paramlint.model import Claim, Event, Model, Module, Site, Tensor
from paramlint.model.model import before
from paramlint.model.questions.training import below, owners, together
from paramlint.model.questions.visits import is_in_visit
from paramlint.rule import Asks, Calls, Finding, Keywords, Rule

rule = Rule(
    "PRM216",
    "pretrained-weights-overwritten",
    group="bug",
    doc=__doc__,
    triggers=(
        Calls("load_state_dict", "from_pretrained"),
        Keywords("pretrained", "weights"),
        Asks("load_state_dict", "from_pretrained", "pretrained", followed=True),
    ),
)


#: A function that only passes `pretrained` on has none of these, and need not be parsed.
_INITIALISING = re.compile(r"init|reset|apply|load_state_dict|pretrained\s*=\s*True|weights\s*=")

#: `p in chosen`, `m is last`.
_PICKING = re.compile(r" (?:not )?in | is (?!(?:not )?None\b)")

_LOADING = re.compile(r"\bload_state_dict\(")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A visit of all of a model, or of what holds it, that initialises most of what was loaded before."""
    visits = [e for e in model.events("listed") if e.author == "user"]
    loads = [e for e in model.events("loaded") if isinstance(e.of, Module)]
    said_at: set[int] = set()
    for load in loads if visits else ():
        whole = {id(m) for m in _around(load.of)}
        mine = _filled_by(load)
        for visit in visits:
            if id(visit.of) not in whole or not together(load, visit) or not load.guard.implies(visit.guard):
                continue
            writes = [(t, w) for t in mine if (w := _last_write(t, load))]
            writes = [(t, w) for t, w in writes if _initialises(w, visit) and not _is_picked(w, visit)]
            writes = [(t, w) for t, w in writes if model.follows(load, w).yes]
            write = writes[0][1] if writes else None
            if (
                write is None
                or not _is_most(mine, [t for t, _ in writes])
                or any(model.follows(write, o).yes for o in loads)
            ):
                continue
            site = _where(load, visit if visit.get("what") == "apply" else write)
            if id(site.node) not in said_at and not site.says("reset", "reinit", "scratch"):
                said_at.add(id(site.node))
                message = f"`{load.of}` has just been given trained weights, which `{write.law}` overwrites"
                yield Claim(model.follows(load, write), site, message, about=load.of)


@rule.question
def ask_of_calls(model: Model) -> Iterator[Claim]:
    """A call after a load that initialises most of what was loaded, layer by layer, by whatever methods."""
    loads = [e for e in model.events("loaded") if isinstance(e.of, Module)]
    for load in loads:
        mine = _filled_by(load)
        by_call: dict[int, tuple[Site, Event, list[Tensor]]] = {}
        for tensor in mine:
            write = _last_write(tensor, load)
            if write is None or not write.get("initializer") or write.get("part") is not None:
                continue  # a layer of torch that is reset is written by torch
            if not together(load, write) or not load.guard.implies(write.guard) or not model.follows(load, write).yes:
                continue
            site = _where(load, write)
            by_call.setdefault(id(site.node), (site, write, []))[2].append(tensor)
        for site, write, lost in by_call.values():
            if not _is_most(mine, lost) or any(model.follows(write, other).yes for other in loads):
                continue
            if "reset" not in site.function and not site.says("reinit", "scratch"):
                message = f"`{load.of}` has just been given trained weights, which `{write.law}` overwrites"
                yield Claim(model.follows(load, write), site, message, about=load.of)


def _last_write(tensor: Tensor, load: Event) -> Event | None:
    """What stands in a tensor after the call from outside that loads: other methods may be called, or may not."""
    writes = [w for w in tensor.writes.seen if w.get("part") is None and together(load, w)]
    return writes[-1] if writes else None


def _filled_by(load: Event) -> list[Tensor]:
    """The parameters that a load gives values: a head that is put in afterwards is not among them."""
    return [t for t in load.of.parameters if not t.escaped and (t.made is None or not before(load, t.made))]


def _around(loaded: Module) -> list[Module]:
    """What was loaded, and all that holds it or parts of it, as a model that takes some of its layers over does."""
    parts = below(loaded)
    return [loaded, *(holder for part in parts for holder in owners(part) if holder not in parts)]


def _initialises(write: Event, visit: Event) -> bool:
    return bool(write.get("initializer")) and write.author == "user" and is_in_visit(write, visit)


def _is_picked(write: Event, visit: Event) -> bool:
    """Whether a condition that is not known says which ones are meant of all that the visit comes to."""
    return _PICKING.search(str(write.guard)) is not None and _PICKING.search(str(visit.guard)) is None


def _is_most(tensors: list[Tensor], lost: list[Tensor]) -> bool:
    """Whether most weights are lost, not counting what has one dimension."""
    large = [t for t in tensors if t.shape is None or len(t.shape) > 1] or tensors
    return 2 * sum(any(t is one for one in lost) for t in large) > len(large)


def _where(load: Event, later: Event) -> Site:
    """The statement of the function that loads which does something else later, by whatever calls."""
    way = later.way
    depth = 0
    while depth < len(way) - 1 and depth < len(load.site.stack) and way[depth].node is load.site.stack[depth].node:
        depth += 1
    return way[depth]


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if not _INITIALISING.search(scope.source):
        return
    loaded = list(loads(scope))
    if not loaded:
        return
    for event in whole_inits(scope):
        if event.is_copy:  # other weights, which somebody has computed
            continue
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
