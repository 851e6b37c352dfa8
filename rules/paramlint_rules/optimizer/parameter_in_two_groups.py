"""The same parameters are in two groups of an optimizer.

`model.parameters()` already holds what `model.head.parameters()` gives. An optimizer refuses a parameter that is in
two groups, and steps twice a round with one that is twice in the same group.

Bad:
    groups = [{"params": model.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Good:
    groups = [{"params": model.body.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Leave it: one of the modules overrides `parameters()` and leaves the other's out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge.frameworks import LIVE
from paramlint.model import Claim, Event, Group, Model, Module, Optimizer, Site, Tensor, said
from paramlint.model.model import before
from paramlint.model.questions.training import WORDS, below, spoken
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM708",
    "parameter-in-two-groups",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*WORDS),),
    asked_of=LIVE,
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Two groups, or one group twice, that surely hold one parameter."""
    stands = [_stands_for(model, is_later=is_later) for is_later in (False, True)] if model.optimizers.seen else []
    listed = [event for event in model.events("listed") if isinstance(event.get("rest"), Tensor)]
    for event in listed:
        if event.own:  # what `parameters(recurse=False)` gives of a module holds nothing of its parts
            for one in stands:
                one.pop(id(event.rest), None)
    for optimizer in model.optimizers:
        holders: tuple[dict[int, list[Group]], dict[int, list[Group]]] = {}, {}
        beside = _listed_beside(listed, optimizer)
        for group in (group for group in optimizer.groups if group.sure):
            covered = [_covered(group.sure, one, beside) for one in stands]
            which = group.is_added  # an attribute that nothing is known of may be made in between
            earlier = {id(one): one for key in covered[which] for one in holders[which].get(key, ())}
            for keys, known in zip(covered, holders, strict=True):
                for key in keys:
                    known.setdefault(key, []).append(group)
            if any(one.guard.is_known_to_fit(group.guard) for one in earlier.values()) or _is_twice_in(
                group, stands[0], beside
            ):
                what = group.module or group.sure[0]
                message = f"`{what}` is in `{spoken(optimizer)}` twice, so an optimizer refuses it or steps it twice"
                yield Claim(said(True), group.given or group.site, message, about=group)


@rule.question
def ask_of_selections(model: Model) -> Iterator[Claim]:
    """Two groups that are selected in the same words: whichever parameters the condition takes, both have them."""
    for optimizer in model.optimizers:
        told: dict[tuple[str, frozenset[int]], object] = {}
        for group in optimizer.groups:
            site = group.given
            if group.sure or site is None or not isinstance(site.node, (nodes.GeneratorExp, nodes.ListComp)):
                continue
            tensors = frozenset(id(t) for t in group.tensors)
            selected = " ".join(site.text(site.node).split()).strip("()[]"), tensors
            first = told.setdefault(selected, site.node)
            if tensors and first is not site.node and not _is_given_anew(site):
                one = group.tensors.seen[0]
                what = one.owner or str(one).removesuffix(".parameters()")
                message = (
                    f"two groups of `{spoken(optimizer)}` select the same parameters of `{what}`, which it refuses"
                )
                yield Claim(said(True), site, message, about=group)


def _is_given_anew(site: Site) -> bool:
    """Whether a name in it is given several values in the function around it, so that the same words say two things."""
    if site.definition is None:
        return True
    given: Counter[str] = Counter()
    for one in walk(site.definition):
        targets = [target for target, _ in assigned(one)]
        if isinstance(one, (nodes.For, nodes.AugAssign)):
            targets = [one.target] * 2
        given.update(n.value for target in targets for n in walk(target) if isinstance(n, nodes.Name))
    return any(isinstance(one, nodes.Name) and given[one.value] > 1 for one in walk(site.node))


def _listed_beside(listed: list[Event], optimizer: Optimizer) -> dict[int, set[int]]:
    """What a listing gave beside one that stands for the rest of a module: that is not in the rest."""
    found: dict[int, set[int]] = {}
    for event in listed:
        if optimizer.made is not None and before(event, optimizer.made):
            found.setdefault(id(event.rest), set()).update(map(id, event.tensors))
    return found


def _is_twice_in(group: Group, stands: Mapping[int, set[int]], beside: Mapping[int, set[int]]) -> bool:
    """Whether a group has a parameter twice."""
    if len(set(map(id, group.sure))) < len(group.sure):
        return True
    of_unknown: set[int] = set()
    for tensor in group.sure:
        covered = _covered([tensor], stands, beside)
        if covered & of_unknown:
            return True
        if not tensor.known:
            of_unknown |= covered
    return False


def _stands_for(model: Model, *, is_later: bool) -> dict[int, set[int]]:
    """What a parameter stands for that stands for a module that is not known: all that it holds."""
    modules: dict[str, list[Module]] = {}
    tensors: dict[str, list[Tensor]] = {}
    for module in model.modules:
        for start in _starts(module.name):
            modules.setdefault(start, []).append(module)
    for tensor in () if is_later else model.parameters:
        for start in _starts(tensor.name) if not tensor.known else ():
            tensors.setdefault(start, []).append(tensor)
    names = Counter(module.name for module in model.modules)  # a loop calls each that it goes through by one name
    found: dict[int, set[int]] = {}
    for module in model.modules:
        mine = [t for t in module.parameters if not t.known]
        if mine and "parameters" not in module.methods:
            is_named = names[module.name] == 1
            inside = (module, *below(module), *(modules.get(module.name, ()) if is_named else ()))
            held = found.setdefault(id(mine[-1]), set())
            held |= {id(t) for one in inside for t in (*one.tensors, *one.parameters) if not t.known}
            held |= {id(t) for t in (tensors.get(module.name, ()) if is_named else ())}
    return found


def _starts(name: str) -> Iterator[str]:
    """The names before each dot of a name."""
    place = name.find(".")
    while place >= 0:
        yield name[:place]
        place = name.find(".", place + 1)


def _covered(tensors: Sequence[Tensor], stands: Mapping[int, set[int]], beside: Mapping[int, set[int]]) -> set[int]:
    """The parameters that some stand for."""
    found: set[int] = set()
    waiting = [id(tensor) for tensor in tensors]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += stands.get(key, set()) - beside.get(key, set())
    return found


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for names in model.coverage.repeated if model.coverage else ():
        both = " and ".join(f"`{name}`" for name in dict.fromkeys(names))
        message = f"the memory of {both} is in the optimizer more than once, so each step changes it twice"
        yield model.by_name[names[0]].proof(message, names=names)
