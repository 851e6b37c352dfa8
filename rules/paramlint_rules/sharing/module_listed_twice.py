"""One module in several places of a model shares its parameters between them.

A layer that is built once and then put into two places, or into every element of a comprehension, is trained by all of
them: the model has fewer parameters than it seems to have. `state_dict()` hides it, because it shows every place under
its own name. The same holds for one norm that `forward` applies at several depths: it has one mean and scale for
activations that differ.

Bad:
    act = nn.PReLU()
    self.first = nn.Sequential(nn.Linear(8, 8), act)
    self.second = nn.Sequential(nn.Linear(8, 8), act)

Good:
    self.first = nn.Sequential(nn.Linear(8, 8), nn.PReLU())
    self.second = nn.Sequential(nn.Linear(8, 8), nn.PReLU())

Leave it: the places are meant to share; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Module, Place, Site, Tensor, before, first_time, said
from paramlint.model.questions.intent import is_marked, sharing_is_meant
from paramlint.model.questions.reach import computed_from
from paramlint.model.questions.training import owners
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")

rule = Rule(
    "PRM302",
    "module-listed-twice",
    group="risk",
    doc=__doc__,
    triggers=(
        Asks(*_CONTAINERS, "BatchNorm1d", "BatchNorm2d", "LayerNorm", "PReLU", "RMSNorm", made=False),
        Asks(*_CONTAINERS, entries=("class",)),
        Asks("forward", entries=("class",), made=False),
    ),
)

#: Places of one module that are compared with each other.
_MOST_PLACES = 16
#: Norms of a model, and passes of each and layers before it, that are followed back to where they come from.
_MOST_FOLLOWED = 8


@rule.question
def ask_spread(model: Model) -> Iterator[Claim]:
    """One module in several layers, where it has to be one in each."""
    for module in model.modules:
        made = module.made
        if made is None or made.author != "user" or module in model.returned:
            continue
        held = [p for p in module.places if p.registered and p.holds and not p.each_round]
        if module.is_a("PReLU").yes or _is_norm(module):
            parts = [
                p for p in held if p.holder not in model.roots and not p.holder.is_a("ModuleList", "ModuleDict").yes
            ]
        else:
            parts = [
                p for p in held if p.holder.is_a("Sequential").yes and len(p.since.site.stack) <= len(made.site.stack)
            ]
        pair = next(((p, q) for p, q in combinations(parts[:_MOST_PLACES], 2) if _are_two_layers(p, q)), None)
        if pair is not None and module.owns.yes:
            message = f"`{_name_of(module)}` is one module in several layers, so they share its parameters"
            yield Claim(said(True), _made_at(made), message, about=module, is_right=sharing_is_meant(module, pair))


def _made_at(made: Event) -> Site:
    """Where a module is made: in the constructor that puts it into its layers, whoever calls that."""
    return next((site for site in reversed(made.way) if site.function == "__init__"), made.way[0])


def _is_norm(module: Module) -> bool:
    return any("Norm" in name.rpartition(".")[2] for name in (module.cls, *module.bases))


def _are_two_layers(one: Place, other: Place) -> bool:
    """Whether two places are in two layers that have nothing else in common: slices of one sequence have."""
    if one.since.get("inside") != other.since.get("inside"):
        return False  # a method that takes a part of what is there, `self.stages[:n]`, makes no layer
    if one.holder is other.holder or not one.guard.is_known_to_fit(other.guard):
        return False
    parts = [
        {id(p.what) for p in place.holder.holds if isinstance(p.what, Module) and p.guard.fits(place.guard)}
        for place in (one, other)
    ]
    around = [{id(m) for m in owners(place.holder)} for place in (one, other)]
    is_nested = id(other.holder) in around[0] or id(one.holder) in around[1]
    return len(parts[0] & parts[1]) == 1 and bool(around[0] & around[1]) and not is_nested


def _name_of(module: Module) -> str:
    return module.name or module.cls.rpartition(".")[2]


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """One module in two places of a container, or in each element of one."""
    repeated = {event.of for event in model.events("kept") if event.get("how") == "repeated"}
    for module in model.modules:
        if module.made is None or module.made.author != "user" or module in repeated or module in model.returned:
            continue
        items = [p for p in module.places if p.registered and p.holds and _is_item(p) and not _is_put_back(p, module)]
        every = items or [p for p in module.places if _is_part_of_each(p, module)]
        many = next((p for p in every if p.each_round and not p.guard.loop and not p.since.guard.loop), None)
        ones = [p for p in items if _is_one(module, p)][:_MOST_PLACES]
        pair = next(((p, q) for p, q in combinations(ones, 2) if p.holder is q.holder and _both(p, q)), None)
        places = [many] if many is not None else list(pair or ())
        if places:
            what = "in every element" if many is not None else "in two places"
            yield Claim(
                module.owns & Answer("yes", tuple(p.since for p in places)),
                _put_at(model, module.made, places[-1].since),
                f"`{_name_of(module)}` is one module {what} of `{places[-1].holder}`, so all share its parameters",
                about=module,
                is_right=sharing_is_meant(module, places),
            )


def _put_at(model: Model, made: Event, registered: Event) -> Site:
    """Where a module is put, or handed to what puts it, in the function that makes it: into a list before all else."""
    way = registered.way
    site = next((one for one, other in zip(way, made.way, strict=False) if one.node is not other.node), way[-1])
    kept = [e.site for e in model.events("kept", of=registered.of) if before(e, registered)]
    return next((one for one in reversed(kept) if one.definition is site.definition), site)


def _is_item(place: Place) -> bool:
    """Whether it stands in a container of modules."""
    holder = place.holder
    if not isinstance(holder, Module) or not holder.is_a("Sequential", "ModuleList", "ModuleDict").yes:
        return False
    # What no call makes is put together of modules that were there: a slice of a list, that a pass takes in each round.
    return holder.made is None or isinstance(holder.made.site.node, nodes.Call)


def _is_one(module: Module, place: Place) -> bool:
    """Whether it is one module where it is put: `layers[2 * i]` and `layers[2 * i + 1]` are two of what a loop made."""
    return all(loop in place.since.get("loops", ()) for loop in module.loops)


def _is_put_back(place: Place, module: Module) -> bool:
    """Whether it goes, perhaps moved, to where it was taken from: `self.block[i] = self.block[i].to(device)`."""
    site = place.since.site
    before = [
        p for p in module.places if p.registered and p.holder is place.holder and p.since.order < place.since.order
    ]
    if any(p.since.get("inside") != place.since.get("inside") for p in before):
        return True  # a method that goes over what is there
    statement = site.statement
    pairs = assigned(statement) if before else []
    return len(pairs) == 1 and site.text(pairs[0][0]) in site.text(pairs[0][1])


def _is_part_of_each(place: Place, module: Module) -> bool:
    """Whether it is a part of a layer that every round of a loop makes anew and that is kept, and of nothing else."""
    holder = place.holder
    is_part = place.kind == "child" and place.holds and isinstance(holder, Module) and bool(holder.places.seen)
    return is_part and bool(holder.loops) and not module.loops and sum(p.registered for p in module.places) == 1


def _both(one: Place, other: Place) -> bool:
    """Whether both places are there at once, under different keys; an item `[1]` has the name `1`."""
    return one.key.strip("[]") != other.key.strip("[]") and one.guard.is_known_to_fit(other.guard)


@rule.question
def ask_depths(model: Model) -> Iterator[Claim]:
    """One norm that a pass applies both before and after layers that it applies once."""
    children = [place for root in model.roots for place in root.holds if place.registered and place.holds]
    for place in islice((place for place in children if _is_applied_again(place.what)), _MOST_FOLLOWED):
        norm = place.what
        pair = _at_two_depths(model, _passes(norm))
        if pair is not None:
            message = f"`{_name_of(norm)}` is one norm that `forward` applies at several depths"
            is_right = sharing_is_meant(norm, [place]) or any(map(is_marked, pair))
            yield Claim(Answer("yes", pair), _made_at(norm.made), message, about=norm, is_right=is_right)


def _is_applied_again(norm: Module | Tensor) -> bool:
    """Whether it is a norm with parameters, and no layers, that a pass applies more than once."""
    if not isinstance(norm, Module) or not _is_norm(norm) or norm.made is None:
        return False
    uses = _passes(norm)
    if len(uses) < 2 and all(norm.is_another_in(loop) for use in uses for loop in use.loops):
        return False
    return norm.owns.yes and all(t in norm.tensors.seen for t in norm.parameters)


def _at_two_depths(model: Model, uses: list[Event]) -> tuple[Event, Event] | None:
    """Two passes of a module, or one in two rounds of a loop, with a layer between them that is not applied again.

    A layer that is applied as often belongs to a recurrence, in which everything is shared.
    """
    for use in uses[:_MOST_FOLLOWED]:
        behind = computed_from([use.get("result")])
        between = [call for call in _applied_once(model) if id(call.get("result")) in behind]
        for layer in between[-_MOST_FOLLOWED:]:
            earlier = computed_from([layer.get("result")])
            for first in uses:
                if id(first.get("result")) in earlier and first.guard.without_loops() is use.guard.without_loops():
                    return first, use
    return None


def _applied_once(model: Model) -> list[Event]:
    """The passes of layers with parameters that a pass of the model applies once, or one in each round."""

    def find() -> list[Event]:
        passes = [found[0] for module in model.modules if len(found := _passes(module)) == 1 and module.owns.yes]
        passes = [call for call in passes if all(map(call.of.is_another_in, call.loops))]
        return sorted(passes, key=first_time)

    return model.remember("layers applied once", find)


def _passes(module: Module) -> list[Event]:
    return [call for call in module.calls if call.get("inside") == "forward"]


@rule.question
def ask_overwritten(model: Model) -> Iterator[Claim]:
    """A part of a module that each object that is given this puts there anew."""
    for place in (place for module in model.modules for place in module.holds if _is_replaced(place)):
        since, holder = place.since, place.holder
        is_by_constructor = since.author == "user" and since.site.function == "__init__" and bool(since.site.stack)
        is_given = holder.made is None or before(holder.made, since)  # what is being made is made after its parts
        if is_by_constructor and is_given and place.what.owns.yes and any(map(_is_in_many, owners(holder))):
            message = f"`{holder}.{place.key}` is replaced by each instance that is given `{holder}`"
            yield Claim(said(True), since.site, f"{message}, so the last one wins", about=place)


def _is_replaced(place: Place) -> bool:
    """Whether the code that put a module there does so again."""
    is_item = place.how in ("item", "appended") or not place.key.isidentifier()
    if not place.registered or not isinstance(place.what, Module) or is_item:
        return False  # of items there may be many
    is_each = any(loop in place.what.loops and loop not in place.holder.loops for loop in place.since.loops)
    return is_each or (place.until is not None and place.until.site.node is place.since.site.node)


def _is_in_many(module: Module) -> bool:
    """Whether it is one module in several others."""
    held = [place for place in module.places if place.registered]
    return len(held) > 1 or any(loop not in module.loops for place in held for loop in place.holder.loops)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for shared in model.shared_modules:
        if shared.fills is None and not shared.is_meant and not model.is_declared_tied(shared.names):
            others = ", ".join(f"`{name}`" for name in shared.names[1:4])
            yield shared.proof(f"`{shared.names[0]}` is the same module as {others}, so they share its parameters")


@rule.runtime
def verify_depths(model: LiveModel) -> Iterator[Proof]:
    for reuse in model.reused_norms:
        layers = ", ".join(f"`{name}`" for name in reuse.between[:3])
        message = f"`{reuse.name}` is one norm that `forward` applies both before and after {layers}"
        yield model.proof_at(reuse.name, message, between=reuse.between[:32])


@rule.runtime
def verify_overwritten(model: LiveModel) -> Iterator[Proof]:
    yield from model.overwritten_parts
