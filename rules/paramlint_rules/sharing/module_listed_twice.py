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
from itertools import combinations
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.creation import is_creation
from paramlint.facts.handed_on import handed_on
from paramlint.facts.intent import sharing_is_meant
from paramlint.facts.module_places import Place, exclude_each_other, origin, places_in
from paramlint.facts.module_reuse import overwritten_parts, reused_norms
from paramlint.facts.norms import is_norm
from paramlint.model import Answer, Claim, Model, Module, said
from paramlint.model import Place as Held
from paramlint.model.questions.intent import sharing_is_meant as is_meant
from paramlint.model.questions.training import owners
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Classes, Finding, Proof, Repeats, Reuses, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


_WORDS = (
    "BatchNorm1d", "BatchNorm2d", "LayerNorm", "ModuleDict", "ModuleList", "PReLU", "RMSNorm", "Sequential",
)  # fmt: skip

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")

rule = Rule(
    "PRM302",
    "module-listed-twice",
    group="risk",
    doc=__doc__,
    triggers=(
        Reuses(*_WORDS),
        Repeats(),
        Classes(*_WORDS, "forward"),
        Asks(*_CONTAINERS, made=False),
        Asks(*_CONTAINERS, entries=("class",)),
    ),
)

#: Places of one module that are compared with each other.
_MOST_PLACES = 16


@rule.question
def ask(model: Model) -> Iterator[Claim]:
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
                (*places[-1].since.site.stack, places[-1].since.site)[0],
                f"`{_name_of(module)}` is one module {what} of `{places[-1].holder}`, so all share its parameters",
                about=module,
                is_right=is_meant(module, places),
            )


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
            sites = made.way
            # The constructor that makes it and puts it into its layers, whoever calls that.
            site = next((s for s in reversed(sites) if s.function == "__init__"), sites[0])
            message = f"`{_name_of(module)}` is one module in several layers, so they share its parameters"
            yield Claim(said(True), site, message, about=module, is_right=is_meant(module, pair))


def _is_norm(module: Module) -> bool:
    return "Norm" in module.cls.rpartition(".")[2]


def _are_two_layers(one: Held, other: Held) -> bool:
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


def _is_item(place: Held) -> bool:
    """Whether it stands in a container of modules."""
    holder = place.holder
    if not isinstance(holder, Module) or not holder.is_a("Sequential", "ModuleList", "ModuleDict").yes:
        return False
    # What no call makes is put together of modules that were there: a slice of a list, that a pass takes in each round.
    return holder.made is None or isinstance(holder.made.site.node, nodes.Call)


def _is_one(module: Module, place: Held) -> bool:
    """Whether it is one module where it is put: `layers[2 * i]` and `layers[2 * i + 1]` are two of what a loop made."""
    return all(loop in place.since.get("loops", ()) for loop in module.loops)


def _is_put_back(place: Held, module: Module) -> bool:
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


def _is_part_of_each(place: Held, module: Module) -> bool:
    """Whether it is a part of a layer that every round of a loop makes anew and that is kept, and of nothing else."""
    holder = place.holder
    is_part = place.kind == "child" and place.holds and isinstance(holder, Module) and bool(holder.places.seen)
    return is_part and bool(holder.loops) and not module.loops and sum(p.registered for p in module.places) == 1


def _both(one: Held, other: Held) -> bool:
    """Whether both places are there at once, under different keys; an item `[1]` has the name `1`."""
    return one.key.strip("[]") != other.key.strip("[]") and one.guard.is_known_to_fit(other.guard)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if scope.name == "forward" or (scope.kind == "class" and not _calls(scope)):
        return
    for name, places in places_in(scope).items():
        finding = _repeated(scope, name, places) or _listed_twice(scope, name, places) or _spread(scope, name, places)
        if finding is not None and not sharing_is_meant(scope, finding.node, name) and not _is_returned(scope, name):
            yield finding


def _calls(scope: Scope) -> bool:
    return scope.cls is not None and scope.cls.calls_at_class_level


def _is_returned(scope: Scope, name: str) -> bool:
    """Whether the caller gets the module beside what holds it, and so knows of one where there are several places."""
    is_handed_back = any(_is_in_result(*given) for given in handed_on(scope, scope.node, name))
    return is_handed_back or _is_in_result(scope, name)


def _is_in_result(scope: Scope, name: str) -> bool:
    """Whether a function gives back several things, and this by its name among them."""
    given = [node.value.elements for node in scope.find(nodes.Return) if isinstance(node.value, nodes.Tuple)]
    return any(isinstance(e.value, nodes.Name) and e.value.value == name for elements in given for e in elements)


def _repeated(scope: Scope, name: str, places: list[Place]) -> Finding | None:
    for place in places:
        if place.repeated and not sharing_is_meant(scope, place.node, name):
            message = f"`{name}` is one module in every element, so all share its parameters"
            return Finding(place.node, message, attribute=name)
    return None


def _listed_twice(scope: Scope, name: str, places: list[Place]) -> Finding | None:
    for index, place in enumerate(places):
        for earlier in places[:index]:
            if earlier.call is place.call and not exclude_each_other(scope, earlier.node, place.node):
                if not sharing_is_meant(scope, place.node, name):
                    message = f"`{name}` is listed twice, so both places share its parameters"
                    return Finding(place.node, message, attribute=name)
    return None


def _spread(scope: Scope, name: str, places: list[Place]) -> Finding | None:
    """One activation or norm, or one part of several `Sequential`s, in different layers."""
    built = origin(scope, name)
    if built is None or built[1] is None or not is_creation(scope, built[1]):
        return None
    if not is_norm(scope.type(built[1])) and not scope.is_call_of(built[1], "torch.nn.PReLU"):
        places = [place for place in places if place.in_container]
    for index, place in enumerate(places):
        for earlier in places[:index]:
            if earlier.call is not place.call and not exclude_each_other(scope, earlier.node, place.node):
                if any(sharing_is_meant(scope, p.node, name) for p in (earlier, place)):
                    return None
                message = f"`{name}` is one module in several layers, so they share its parameters"
                return Finding(built[1], message, attribute=name)
    return None


@rule.static_class
def check_depths(cls: Class) -> Iterator[Finding]:
    for name, assignment, call in reused_norms(cls):
        if sharing_is_meant(call.scope, call.node, name) or sharing_is_meant(assignment.scope, assignment.node, name):
            continue
        node: nodes.Node = call.node
        if assignment.scope.file is cls.file and isinstance(assignment.node, (nodes.Assign, nodes.AnnAssign)):
            node = assignment.value or assignment.node
        message = f"`self.{name}` is one norm that `{call.scope.name}` applies at several depths"
        yield Finding(node, message, attribute=f"self.{name}")


@rule.static_class
def check_overwritten(cls: Class) -> Iterator[Finding]:
    for target, owner in overwritten_parts(cls):
        message = f"a part of `{owner}` is replaced by each instance that is given it, so the last one wins"
        yield Finding(target, message, attribute=owner)


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
