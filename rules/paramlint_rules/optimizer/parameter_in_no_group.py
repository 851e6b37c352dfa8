"""Parameters that the loss depends on and no optimizer holds keep their first values.

A loss with weights of its own, a second head, a prompt: `backward()` reaches it, gradients pile up in it, and it is
never updated, because only the other model's parameters were given to the optimizer.

Setup:
    batches = torch.load("batches.pt")

Bad:
    model, head = nn.Linear(8, 4), nn.Linear(4, 2)
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(model(x)), y).backward()
        optimizer.step()

Good:
    model, head = nn.Linear(8, 4), nn.Linear(4, 2)
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()])
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(model(x)), y).backward()
        optimizer.step()

Leave it: the module is meant to keep its values. `requires_grad_(False)` says so, and saves its gradients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge.foreign import words_of
from paramlint.model import Claim, Event, Group, Model, Module, Optimizer, Site, Tensor, said
from paramlint.model.model import before
from paramlint.model.questions.training import (
    WORDS,
    all_known,
    below,
    doubled_steps,
    held,
    idle_steps,
    only_switched_off,
    owners,
    reach_of,
    spoken,
    together,
)
from paramlint.nodes.assigned import assigned
from paramlint.nodes.branches import leaves
from paramlint.rule import Asks, Proof, Rule
from paramlint.syntax.walk import children, walk

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM710", "parameter-in-no-group", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))

_WRAPPERS = ("DataParallel", "DistributedDataParallel")
#: Names of what is used and not trained.
_FIXED = (
    "teacher",
    "target",
    "frozen",
    "fixed",
    "reference",
    "pretrain",
    "perceptual",
    "vgg",
    "lpips",
    "ema",
    "momentum",
)
_SHORT = 3
#: Those that no other word holds by chance.
_SPOKEN = tuple(word for word in _FIXED if len(word) > _SHORT)
#: So many parts, given one by one, are more than a choice of some.
_SEVERAL = 2


@rule.question
def check(model: Model) -> Iterator[Claim]:
    if not model.optimizers.seen or not all_known(model):
        return
    holders = held(model)
    yield from _loose_groups(model, holders)
    claimed = {id(model.root_of(t, step)) for _, step, others in idle_steps(model) for t in others}  # said by PRM711
    claimed |= {
        id(m) for *_, free in doubled_steps(model) for t in free if t.owner is not None for m in owners(t.owner)
    }
    for backward in model.events("backward"):
        reach = reach_of(model, backward)
        tensors = reach.seen
        step = _first_step(model, backward, tensors, reach.closed.yes)
        if step is None:
            continue
        for part in _parts(model, backward, tensors):
            if id(part) in claimed or any(id(t) in holders for t in part.parameters):
                continue
            claimed.add(id(part))
            if _is_trained(model, part, backward):
                yield Claim(
                    said(True),
                    _where(part, step.of),
                    f"the loss depends on `{part}`, whose parameters are in no optimizer, so it keeps its first values",
                    about=part,
                )
        for rest in (
            *_left_over(model, backward, tensors, holders),
            *_overlooked(model, backward, step, tensors, holders),
        ):
            if id(rest) not in claimed:
                claimed.add(id(rest))
                what = f"`{rest}`, {'whose parameters are' if isinstance(rest, Module) else 'which is'}"
                message = f"the loss depends on {what} in no group of `{spoken(step.of)}`, so it keeps its first values"
                yield Claim(said(True), _where(rest, step.of), message, about=rest)


def _where(part: Module | Tensor, optimizer: Optimizer) -> Site:
    """Where the optimizer is made; where a library does that, what it does not get is."""
    made = optimizer.made
    assert made is not None
    return part.made.site if made.author != "user" and part.made is not None else made.site


def _loose_groups(model: Model, holders: dict[int, list[Optimizer]]) -> Iterator[Claim]:
    """Groups that were made beside those that an optimizer was given, of the same model, and forgotten."""
    for group in model.loose_groups:
        tensors = group.tensors.seen
        if not tensors or any(t.escaped or (t.known and id(t) in holders) for t in tensors):
            continue
        for optimizer in model.optimizers:
            made = optimizer.made
            if made is None or not optimizer.groups.seen or made.site.function != group.site.function:
                continue
            mine = {id(model.root_of(t, made)) for t in optimizer.tensors}
            if min(made.order) > group.order and all(id(model.root_of(t, made)) in mine for t in tensors):
                yield Claim(
                    said(True),
                    group.site,
                    f"the group with `{tensors[0]}` is given to no optimizer, so what is in it keeps its first values",
                    about=group,
                )
                break


@rule.question
def check_lists(model: Model) -> Iterator[Claim]:
    """Lists into which parameters were sorted, beside others of the same function, and which nobody reads."""
    told: set[int] = set()
    for optimizer in model.optimizers:
        site = optimizer.made.site if optimizer.made is not None else None
        if site is None or site.definition is None or id(site.definition) in told:
            continue
        told.add(id(site.definition))
        for name, collected in _unread_lists(site):
            text = site.text(collected)
            message = f"`{text}` goes into `{name}`, which is given to no optimizer, so it keeps its first values"
            yield Claim(said(True), site, message, about=optimizer)


def _unread_lists(site: Site) -> Iterator[tuple[str, nodes.BaseExpression]]:
    """The names of lists that a function only appends parameters to, where it reads another one that it fills so.

    A parameter that may be in both is trained, and so may all be where a function asks for them beside its loops.
    """
    code = list(walk(site.definition))
    made = (pair for one in code for pair in assigned(one))
    empty = {to.value for to, value in made if isinstance(to, nodes.Name) and _is_empty(value)}
    added = [(one, *pair) for one in code if (pair := _appended(one)) is not None and pair[0] in empty]
    added = [(one, name, value) for one, name, value in added if _is_parameter(value)]
    uses = Counter(one.value for one in code if isinstance(one, nodes.Name) and one.value in empty)
    filled = Counter(name for _, name, _ in added)
    unread = {name for name, count in filled.items() if uses[name] == count + 1}  # where it is made
    if not unread or unread == filled.keys() or _asks_for_all(code):
        return
    above = {id(part): one for one in code for part in children(one)}
    for name in sorted(unread):
        mine = [(one, value) for one, to, value in added if to == name]
        read = [(one, value) for one, to, value in added if to not in unread]
        both = [(a, b) for a, value in mine for b, other in read if site.text(value) == site.text(other)]
        is_sorted = len(both) <= _MOST_PAIRS and all(_are_apart(a, b, above) for a, b in both)
        if is_sorted and not _says(name, _ASIDE):
            yield name, mine[0][1]


def _is_empty(value: nodes.BaseExpression | None) -> bool:
    return isinstance(value, nodes.List) and not value.elements


def _asks_for_all(code: Sequence[nodes.Node]) -> bool:
    """Whether code calls `parameters()` for anything but to loop over what that gives."""
    looped = {id(one.iter) for one in code if isinstance(one, nodes.For)}
    called = ((one, one.func) for one in code if isinstance(one, nodes.Call) and id(one) not in looped)
    return any(isinstance(func, nodes.Attribute) and func.attr.value in _ALL_OF for _, func in called)


def _are_apart(one: nodes.Node, other: nodes.Node, above: dict[int, nodes.Node]) -> bool:
    """Whether no run goes through both: an `if` has one on each side, or one on a side that leaves what has the other.

    Args:
        one, other: two nodes of a function.
        above: what each node of the function is part of, by its `id`.
    """
    ways: list[list[nodes.Node]] = []
    for node in (one, other):
        way = [node]
        while (whole := above.get(id(way[-1]))) is not None:
            way.append(whole)
        ways.append(way[::-1])
    fork = next(place for place, (a, b) in enumerate(zip(*ways, strict=False)) if a is not b)
    whole, sides = ways[0][fork - 1], [way[fork] for way in ways]
    if isinstance(whole, nodes.If):
        return whole.test not in sides
    if not isinstance(whole, nodes.IndentedBlock):
        return False
    first, way = min(zip(sides, ways, strict=True), key=lambda pair: whole.body.index(pair[0]))
    return isinstance(first, nodes.If) and first.orelse is None and first.body in way and leaves(first.body)


def _appended(node: nodes.Node) -> tuple[str, nodes.BaseExpression] | None:
    """The list and the value of `list.append(value)`."""
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and len(node.args) == 1:
        if node.func.attr.value == "append" and isinstance(node.func.value, nodes.Name):
            return node.func.value.value, node.args[0].value
    return None


def _is_parameter(value: nodes.BaseExpression) -> bool:
    """Whether an expression reads as a parameter: `module.bias`, or a variable that is called so."""
    if isinstance(value, nodes.Attribute):
        return value.attr.value in ("weight", "bias")
    return isinstance(value, nodes.Name) and value.value in _PARAMETERS


#: Methods that give all parameters.
_ALL_OF = frozenset({"parameters", "named_parameters"})
#: So many pairs of places where one thing goes into two lists are looked at.
_MOST_PAIRS = 64
_PARAMETERS = frozenset({"p", "param", "parameter", "params", "v"})
#: Words in the names of lists of what is not to be trained.
_ASIDE = ("frozen", "fixed", "freeze", "skip", "ignore", "rest", "other", "unused", "all")


def _first_step(model: Model, backward: Event, tensors: tuple[Tensor, ...], is_all: bool) -> Event | None:
    """The first step after a pass backward, of an optimizer of which it reaches something that a module owns.

    Where not all that it reaches is known, it may be any optimizer that takes turns with it.
    """
    mine = {id(t) for t in tensors if t.owner is not None or not t.known}
    for step in model.timeline("stepped").since(min(backward.order)):
        optimizer = step.of
        if not isinstance(optimizer, Optimizer) or step.get("closure"):
            continue
        around = backward.loops[: len(step.loops)]  # gradients of several passes may add up in a loop of their own
        is_next = not is_all and step.loops == around and together(step, backward)
        if (is_next or any(id(t) in mine for t in optimizer.tensors)) and model.follows(backward, step).yes:
            return step if optimizer.made is not None else None
    return None


def _parts(model: Model, backward: Event, tensors: tuple[Tensor, ...]) -> list[Module]:
    """The outermost modules that are reached; for a class that trains its own parts, those parts."""
    found: dict[int, Module] = {}
    reach = {id(t) for t in tensors}
    for tensor in tensors:
        root = model.root_of(tensor, backward)
        if isinstance(root, Module) and root.is_root:
            for child in below(root)[1:]:
                is_part = any(p.holder is root and p.registered for p in child.places)
                if is_part and child.calls.some(_trains).yes and any(id(t) in reach for t in child.parameters):
                    found[id(child)] = child
        elif isinstance(root, Module):
            found[id(root)] = root
    return list(found.values())


def _left_over(
    model: Model, backward: Event, tensors: tuple[Tensor, ...], holders: dict[int, list[Optimizer]]
) -> Iterator[Module | Tensor]:
    """What is missing of a model that somebody went through to sort it: less of it than is there, and all of it new.

    Of a model with values from elsewhere, or where one group has all that is trained, the rest is meant to stay.
    """
    listed = {id(e.of) for e in model.events("listed") if e.author == "user"}
    reach = {id(t) for t in tensors}
    roots = {id(r): r for t in tensors if isinstance(r := _unwrapped(model.root_of(t, backward)), Module)}
    inner = [p.what for r in roots.values() if r.is_root for p in r.holds if p.registered and p.holds]
    roots.update((id(one), one) for one in inner if isinstance(one, Module))  # a class trains a model of its own
    for root in roots.values():
        members = {id(p.what): p.what for p in root.holds if p.registered and p.holds}.values()
        parts = [m for m in members if (_is_part(m, root) if isinstance(m, Module) else m.role == "parameter")]
        missing = [m for m in parts if not any(id(t) in holders for t in _tensors(m))]
        groups = {id(g): g for t in root.parameters for g in t.groups if g.optimizer in model.optimizers.seen}
        if (
            not missing
            or len(groups) < 2
            or (id(root) not in listed and not _has_twin(missing, parts) and not _is_one_of(parts, groups.values()))
            or 2 * len(missing) >= len(parts)
            or not _is_new(model, root)
        ):
            continue
        for part in missing:
            mine = _tensors(part)
            if all(id(t) in reach and _is_free(model, t, backward) for t in mine) and not _reads_fixed(part, root):
                yield part


def _is_part(part: Module, root: Module) -> bool:
    """Whether a module is a part that is trained: a copy of another one lags behind, or reads what that has."""
    return part.owns.yes and not (part.copy_of is not None and _is_held(root, part.copy_of))


def _is_held(root: Module, part: Module) -> bool:
    return any(p.what is part and p.registered for p in root.holds)


def _is_one_of(parts: Sequence[Module | Tensor], groups: Iterable[Group]) -> bool:
    """Whether an optimizer was given part by part, each by itself, and all but one."""
    given = {id(group.module) for group in groups if group.module is not None}
    return sum(id(part) in given for part in parts) == len(parts) - 1 > _SEVERAL


def _has_twin(missing: Sequence[Module | Tensor], parts: Sequence[Module | Tensor]) -> bool:
    """Whether each missing part is of a class of the project of which the optimizer got another part."""
    given = {p.cls for p in parts if isinstance(p, Module) and p not in missing and not p.cls.startswith("torch.")}
    return all(isinstance(m, Module) and m.cls in given for m in missing)


def _overlooked(
    model: Model, backward: Event, step: Event, tensors: tuple[Tensor, ...], holders: dict[int, list[Optimizer]]
) -> Iterator[Tensor]:
    """Lone parameters beside others that an optimizer has, where who collected those never came by.

    That is so where layers are gone through and their weights and biases are taken: a parameter that a module has of
    its own is none of those. What somebody looked at and did not take, by its name, is left out on purpose.
    """
    for root in {id(r): r for t in tensors if isinstance(r := _unwrapped(model.root_of(t, backward)), Module)}.values():
        if not _is_new(model, root) or not all(t.known for t in root.parameters):
            continue
        missing = [t for t in root.parameters if id(t) not in holders]
        if not missing or 2 * len(missing) >= len(root.parameters.seen):
            continue
        layers = [m for m in below(root) if m.parameters.seen]
        if any(not any(id(t) in holders for t in m.parameters) for m in layers):
            continue  # of a whole layer that is not there nobody knows
        reach = {id(t) for t in tensors}
        looked_at = _looked_at(model, step.of)
        for tensor in missing:
            if id(tensor) in looked_at or id(tensor) not in reach or not _is_free(model, tensor, backward):
                continue
            if tensor.owner is not None and not _reads_fixed(tensor, root):
                yield tensor


def _unwrapped(root: Tensor | Module) -> Tensor | Module:
    """The module in a wrapper that trains it in several places."""
    inner = root.at("module") if isinstance(root, Module) and root.is_a(*_WRAPPERS).yes else None
    return inner if isinstance(inner, Module) else root


def _is_new(model: Model, root: Module) -> bool:
    """Whether a module is made here, is known, and has no values from elsewhere."""
    is_here = root.made is not None and root.copy_of is None and root.known.yes and not root.escaped
    return is_here and not any(_is_given_values(root, e) for e in model.events("loaded"))


def _is_given_values(root: Module, load: Event) -> bool:
    """Whether a part may have values from elsewhere: not where a method loads again all that was saved of a whole."""
    if isinstance(load.of, Optimizer):
        return False
    assert root.made is not None
    return load.of not in owners(root) or together(load, root.made)


def _looked_at(model: Model, optimizer: Optimizer) -> set[int]:
    """The parameters that somebody went through before an optimizer was made."""
    made = optimizer.made
    found: set[int] = set()
    for event in model.events("listed"):
        if made is not None and event.author == "user" and event.get("what") == "parameters" and before(event, made):
            found |= {id(t) for t in event.get("tensors", ())}
    return found


def _tensors(part: Module | Tensor) -> tuple[Tensor, ...]:
    return part.parameters.seen if isinstance(part, Module) else (part,)


def _is_free(model: Model, tensor: Tensor, backward: Event) -> bool:
    """Whether a tensor requires gradients, and nothing else is done with it."""
    if not tensor.known or not tensor.trains.certain or not tensor.trains.yes or tensor.escaped or tensor.flags.seen:
        return False
    return not _is_moved_by_hand(model, tensor, backward)


def _reads_fixed(part: Module | Tensor, root: Module) -> bool:
    names = f"{part.name} {getattr(part, 'cls', '').rpartition('.')[2]} {root.name}"
    return _says(names, _FIXED) or (part.made is not None and part.made.site.says(*_SPOKEN))


def _says(names: str, wanted: Sequence[str]) -> bool:
    """Whether one of the words that names are made of is wanted, or begins with a longer one of those."""
    words = words_of(names)
    return any(w == word or (len(word) > _SHORT and w.startswith(word)) for w in words for word in wanted)


def _trains(call: Event) -> bool:
    return call.grad


def _is_trained(model: Model, part: Module, backward: Event) -> bool:
    """Whether a module is made here, has parameters that require gradients, and nothing says that it is not trained."""
    mine = below(part)
    parameters = part.parameters.seen
    if part.made is None or part.copy_of is not None or not part.known.yes or not parameters:
        return False
    if model.entry == "function" and not part.made.site.function:
        return False  # the module's code makes it, and what else is done there is not seen from a function
    if any(m.escaped for m in mine) or not all(t.known and t.trains.certain and t.trains.yes for t in parameters):
        return False
    if any(t.escaped or t.flags.seen or _is_moved_by_hand(model, t, backward) for t in parameters):
        return False
    if any(map(only_switched_off, mine)) or any(e.of in mine for e in model.events("copied")):
        return False
    if any(e.of in mine and not _goes_on(model, part, e) for e in model.events("loaded")):
        return False
    names = f"{part.name} {part.cls.rpartition('.')[2]} {' '.join(part.arguments)}"
    return not _says(names, (*_FIXED, "weights", "checkpoint", "ckpt")) and not part.made.site.says(*_SPOKEN)


def _goes_on(model: Model, part: Module, load: Event) -> bool:
    """Whether a module is loaded where training goes on, with an optimizer, and starts with new values elsewhere."""
    assert part.made is not None
    conditions = set(load.guard.minus(part.made.guard).subjects)
    others = [e for e in model.events("loaded") if isinstance(e.of, Optimizer) and e.guard.fits(load.guard)]
    return any(conditions & set(e.guard.subjects) for e in others)


def _is_moved_by_hand(model: Model, tensor: Tensor, backward: Event) -> bool:
    """Whether a parameter is written after its gradients were computed, or they are computed by other means."""
    changed = model.events("written", "rebound", of=tensor)
    if any("autograd" in str(read.get("function")) for read in tensor.reads):
        return True
    return any(model.follows(backward, e).yes for e in changed)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.in_no_optimizer:
        yield run.proof(seen, f"the loss trains {seen.said}, but no optimizer holds it, so it keeps its values")
