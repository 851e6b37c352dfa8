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

from paramlint.model import Claim, Event, Model, Module, Site, Tensor, before
from paramlint.model.questions.training import below, owners, together
from paramlint.model.questions.visits import is_in_visit
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM216",
    "pretrained-weights-overwritten",
    group="bug",
    doc=__doc__,
    triggers=(Asks("load_state_dict", "from_pretrained", "pretrained", "weights", followed=True),),
)


_QUOTE = re.compile(r"['\"]")
#: `p in chosen`, `m is last`.
_PICKING = re.compile(r" (?:not )?in | is (?!(?:not )?None\b)")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A visit of all of a model, or of what holds it, that initialises most of what was loaded before."""
    visits = [e for e in model.events("listed") if e.author == "user"]
    loads = [e for e in model.events("loaded") if isinstance(e.of, Module)]
    said_at: set[int] = set()
    for load in loads if visits else ():
        whole = {id(m) for m in _around(model, load.of)}
        mine = _loaded(load)
        for visit in visits:
            if id(visit.of) not in whole or not together(load, visit) or not load.guard.implies(visit.guard):
                continue
            writes = [(t, w) for t in mine if (w := _last_write(t, load)) and _initialises(w, visit)]
            writes = [(t, w) for t, w in writes if model.follows(load, w).yes and not _is_picked(w, visit)]
            write = writes[0][1] if _is_most(mine, [t for t, _ in writes]) else None
            if write is None and not load.of.known.yes:
                write = _write_to_some(model, load, visit)
            if write is None or not _is_sure(load) or any(model.follows(write, other).yes for other in loads):
                continue
            site = _where(load, visit if visit.get("what") == "apply" else write)
            if id(site.node) not in said_at and not site.says("reset", "reinit", "scratch"):
                said_at.add(id(site.node))
                message = f"`{_name(load.of)}` has just been given trained weights, which `{write.law}` overwrites"
                yield Claim(model.follows(load, write), site, message, about=load.of)


@rule.question
def ask_of_calls(model: Model) -> Iterator[Claim]:
    """A call after a load that initialises most of what was loaded, layer by layer, by whatever methods."""
    loads = [e for e in model.events("loaded") if isinstance(e.of, Module)]
    for load in loads:
        mine = _loaded(load)
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
                message = f"`{_name(load.of)}` has just been given trained weights, which `{write.law}` overwrites"
                yield Claim(model.follows(load, write), site, message, about=load.of)


def _name(loaded: Module) -> str:
    text, place = str(loaded), next((place for place in loaded.places if place.registered), None)
    return f"self.{place.key}" if "(" in text and place is not None else text


def _loaded(load: Event) -> list[Tensor]:
    """The parameters that were there to be loaded."""
    return [t for t in load.of.parameters if not t.escaped and (t.made is None or before(t.made, load))]


def _last_write(tensor: Tensor, load: Event) -> Event | None:
    """What stands in a tensor after the call from outside that loads: other methods may be called, or may not."""
    writes = [w for w in tensor.writes.seen if w.get("part") is None and together(load, w)]
    return writes[-1] if writes else None


def _write_to_some(model: Model, load: Event, visit: Event) -> Event | None:
    """What a visit of all of a model initialises of layers that nobody knows, where it does not ask for their names."""
    if visit.site.function != load.site.function and _spares(visit, load.of):
        return None
    for write in model.events("written"):
        if not isinstance(write.of, Tensor) or str(write.of).endswith("bias"):
            continue
        if not write.of.known and _initialises(write, visit) and not _is_picked(write, visit):
            if model.follows(load, write).yes and not _QUOTE.search(str(write.guard)):
                return write
    return None


def _spares(visit: Event, loaded: Module) -> bool:
    """Whether the function that initialises mentions the part that was loaded, or what is pretrained."""
    names = {place.key for place in loaded.places} | {"pretrained"}
    around = visit.site.definition
    found = walk(around) if around is not None else ()
    return any(getattr(getattr(node, "attr", node), "value", None) in names for node in found)


def _is_sure(load: Event) -> bool:
    """Whether trained weights are loaded where nobody says otherwise: an option that asks for them is on by default."""
    said = str(load.guard)
    return load.author == "user" or not said.isidentifier() or load.site.default(said) == "True"


def _around(model: Model, loaded: Module) -> list[Module]:
    """What was loaded, and all that holds it or parts of it, as a model that takes some of its layers over does."""
    parts = [*below(loaded), *(module for module in model.modules if module.part_of is loaded)]
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
