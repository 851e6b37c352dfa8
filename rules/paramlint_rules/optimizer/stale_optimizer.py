"""The optimizer is built, and then the model's parameters are replaced, extended or moved.

An optimizer keeps the very tensors that it is given. A layer that is replaced afterwards has parameters that it never
steps, while it goes on stepping those of the old one. A model that is moved to a device keeps its parameters, but what
the optimizer has stored about them by then stays behind: Adagrad does so when it is built, Adam at its first step or
when a state is loaded. torch asks to move first.

Bad:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.head = nn.Linear(8, 2)
    model(torch.ones(8)).sum().backward()
    optimizer.step()

Good:
    model.head = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(8)).sum().backward()
    optimizer.step()

Leave it: the new parameters are not to be trained, or another optimizer trains them.
Source: the notes on constructing an optimizer in the documentation of `torch.optim`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from paramlint.knowledge.frameworks import LIVE
from paramlint.model import Claim, Event, Model, Module, Optimizer, Tensor, said
from paramlint.model.model import before, first_time
from paramlint.model.questions.training import (
    WORDS,
    below,
    held,
    modules_with,
    only_switched_off,
    outdated_steps,
    owners,
    spoken,
    together,
)
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM704",
    "stale-optimizer",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*WORDS),),
    asked_of=LIVE,
)

#: Code that moves what an optimizer has stored: `for state in optimizer.state.values()`, `optimizer_to(optimizer)`.
_STATE_MOVED = re.compile(r"\boptim\w*_to(?:_\w+)?\(|\bopt\w*\.state\b(?!_)", re.I)
_MOVED = re.compile(r"\.(?:to|cuda)\(|\bdevice=")
#: The classes of torch that store something about the parameters when they are built.
_STORE_AT_ONCE = frozenset({"torch.optim.Adagrad", "torch.optim.adagrad.Adagrad"})


@rule.question
def ask_of_names(model: Model) -> Iterator[Claim]:
    """A model that is made anew under its old name, so that the loss reaches what no optimizer has."""
    said_of: set[int] = set()
    holders = held(model)
    for optimizer, step, others in outdated_steps(model):
        made = optimizer.made
        if made is None or made.repeats or id(optimizer) in said_of or any(id(t) in holders for t in others):
            continue
        names = _names_of(model, [model.root_of(t, made) for t in optimizer.tensors], made)
        new = [model.root_of(t, step) for t in others]
        again = sorted(names & _names_of(model, [one for one in new if isinstance(one, Module)], step))
        if again:
            said_of.add(id(optimizer))
            end = f"`{again[0]}` is replaced, so it does not train the new parameters"
            yield Claim(said(True), made.site, f"`{spoken(optimizer)}` is built before {end}", about=optimizer)


def _names_of(model: Model, roots: Sequence[Tensor | Module], at: Event) -> set[str]:
    """The names and attributes under which models are known, in the code around an event and before it."""
    found = set()
    for event in model.events("bound"):
        is_attribute = "value" in event.data
        named = event.data.get("value", event.of)
        if (is_attribute or together(event, at)) and any(named is root for root in roots) and before(event, at):
            found.add(str(event.get("name")))
    return found


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for optimizer in model.optimizers:
        made = optimizer.made
        if made is None or made.repeats or model.loose_groups:
            continue
        ids = {id(t) for t in optimizer.tensors}
        trained = modules_with(model, ids)
        roots = [model.root_of(t, made) for t in optimizer.tensors]
        trained += dict.fromkeys(root for root in roots if isinstance(root, Module) and root not in trained)
        yield from _thawed(model, optimizer, trained)
        change = _replaced(model, optimizer, trained)
        if change is None or not _is_used_after(model, optimizer, change):
            continue
        is_resized = change.get("how") == "resized"
        what = f"the embeddings of `{change.of}` are" if is_resized else f"`{change.of}` is"
        became = "added" if not is_resized and _is_first(model, change) else "replaced"
        end = f"{what} {became}, so it does not train the new parameters"
        yield Claim(said(True), made.site, f"`{spoken(optimizer)}` is built before {end}", about=optimizer)


@rule.question
def ask_of_attributes(model: Model) -> Iterator[Claim]:
    """A model that a method puts in the place of the one that an object's optimizer holds: `self.actor = Actor()`."""
    if model.loose_groups:
        return
    holders, told = held(model), set[int]()
    bound = [e for e in model.events("bound") if isinstance(e.get("value"), Module) and not isinstance(e.of, Module)]
    places: dict[tuple[int, object], list[Event]] = {}
    calls: dict[int, set[object]] = {}
    for event in bound:
        places.setdefault((id(event.of), event.get("name")), []).append(event)
        calls.setdefault(id(event.site.node), set()).add(event.get("inside"))
    making = {e.get("inside") for e in model.events("optimizer", "grouped")}
    for event in bound:
        new = event.data["value"]
        if not _is_new_to_all(new, holders) or new.made.get("inside") != event.get("inside"):
            continue
        if not making.isdisjoint(calls[id(event.site.node)]):
            continue  # the same call from outside makes an optimizer, or tells one
        others = [e for e in places[id(event.of), event.get("name")] if e is not event]
        for optimizer in {id(o): o for e in others for o in _optimizers_of(e.data["value"], holders)}.values():
            made, ids = optimizer.made, {id(t) for t in optimizer.tensors}
            if id(optimizer) in told or made is None or made.repeats or not optimizer.steps.seen:
                continue
            olds = [e.data["value"] for e in others if before(e, made)] if _comes_after(model, made, event) else []
            if olds and all(ids & {id(t) for t in old.parameters} for old in olds):
                told.add(id(optimizer))
                end = f"`{new}` is replaced, so it does not train the new parameters"
                yield Claim(said(True), made.site, f"`{spoken(optimizer)}` is built before {end}", about=optimizer)


def _optimizers_of(module: Module, holders: dict[int, list[Optimizer]]) -> list[Optimizer]:
    return [optimizer for tensor in module.parameters for optimizer in holders.get(id(tensor), ())]


def _is_new_to_all(new: Module, holders: dict[int, list[Optimizer]]) -> bool:
    """Whether a module is made here to be trained, and no optimizer has a part of it."""
    if new.made is None or new.copy_of is not None or new.escaped or only_switched_off(new) or not new.parameters.seen:
        return False
    mine = new.parameters
    is_free = all(t.known and t.trains.yes and not t.flags.seen and not t.groups.seen for t in mine)
    return is_free and not any(id(t) in holders for t in mine)


def _thawed(model: Model, optimizer: Optimizer, trained: list[Module]) -> Iterator[Claim]:
    """Parameters that were frozen when an optimizer was given what trains of their model, and are thawed later."""
    made = optimizer.made
    if made is None or not optimizer.tensors.closed.yes:
        return
    for event in model.events("flagged"):
        tensor = event.of
        if not isinstance(tensor, Tensor) or tensor.groups.seen or tensor.escaped or _flag(event) is not True:
            continue
        off = [e for e in tensor.flags if _flag(e) is False and model.follows(e, made).yes]
        if not off or not _comes_after(model, made, event) or not _is_used_after(model, optimizer, event):
            continue
        whole = next((m for m in trained if any(t is tensor for t in m.parameters)), None)
        if whole is not None and not tensor.trains.no:
            row = next((s.row for s in event.way if s.function == made.site.function), event.site.row)
            what = f"`{tensor}`" if tensor.known else f"a part of `{whole}`"
            text = f"`{spoken(optimizer)}` is built while {what} is frozen, so it does not train what row {row} thaws"
            yield Claim(said(True), made.site, text, about=optimizer)
            return


def _flag(event: Event) -> object:
    return getattr(event.get("value"), "value", None)


def _replaced(model: Model, optimizer: Optimizer, trained: list[Module]) -> Event | None:
    """A module that comes into a trained one later, with parameters that no optimizer gets."""
    holders = {id(m) for one in trained for m in below(one)}
    changes = model.remember("changes by holder", lambda: _changes_by_holder(model))
    keys: tuple[object, ...] = (*holders, "resized")
    mine = (change for key in keys for change in changes.get(key, ()))
    for _, event in sorted(mine, key=lambda change: change[0]):
        new = event.of
        if event.get("how") == "resized":
            whole = {id(m) for m in owners(new)} if isinstance(new, Module) else set()
            if event.author == "user" and whole & holders and _comes_after(model, optimizer.made, event):
                return event
            continue
        if event.author != "user" or not isinstance(new, Module):
            continue
        if _is_first(model, event) and not _is_given_whole(optimizer, event):
            continue  # nothing is replaced: what no optimizer has is PRM710
        if (
            not _comes_after(model, optimizer.made, event)
            or new.made is None
            or not _comes_after(model, optimizer.made, new.made)
        ):
            continue
        if _is_left_out(new, {id(t) for t in optimizer.tensors}) and _held_before(model, optimizer, event):
            return event
    return None


def _changes_by_holder(model: Model) -> dict[object, list[tuple[int, Event]]]:
    """What comes into each module, by its `id`, and what is resized, with their places in the order of all."""
    found: dict[object, list[tuple[int, Event]]] = {}
    for place, event in enumerate(model.events("registered", "rebound")):
        if event.get("how") == "resized":
            found.setdefault("resized", []).append((place, event))
        elif event.kind == "registered":
            found.setdefault(id(event.data["holder"]), []).append((place, event))
    return found


def _held_before(model: Model, optimizer: Optimizer, event: Event) -> bool:
    """Whether an optimizer holds something of what stood in a place before, or around it where that is not known."""
    ids = {id(t) for t in optimizer.tensors}
    holder, key = event.data["holder"], event.data["key"]
    earlier = (e for e in model.events("registered") if e.data["holder"] is holder and e.of is not event.of)
    olds = {id(e.of): e.of for e in earlier if isinstance(e.of, Module)}.values()
    there = [old for old in olds if any(p.holder is holder and _is_key(p.key, key) for p in old.places)]
    if there and all(old.known.yes for old in there):
        return any(id(t) in ids for old in there for t in old.parameters)
    around = [holder, *olds] if holder.known.yes and olds else owners(holder)
    return any(id(t) in ids for one in around for t in one.parameters)


def _is_left_out(new: Module, tensors: set[int]) -> bool:
    """Whether a module has parameters to train in no optimizer, beside frozen ones and those of what it wraps."""
    mine = new.parameters
    missing = [t for t in mine if id(t) not in tensors and not (t.trains.no and t.trains.certain)]
    return bool(missing and mine.closed.yes) and all(
        t.trains.yes and t.trains.certain and not t.groups.seen for t in missing
    )


def _is_first(model: Model, event: Event) -> bool:
    """Whether what is known whole gets, as it is made, a part under a name that nothing had before."""
    holder, key = event.data["holder"], event.data["key"]
    earlier = (e for e in model.events("registered") if e.data["holder"] is holder and _is_key(e.data["key"], key))
    is_new = not any(model.follows(e, event).yes or e.get("inside") != event.get("inside") for e in earlier)
    return is_new and event.get("inside") == "__init__" and isinstance(holder, Module) and holder.known.yes


def _is_given_whole(optimizer: Optimizer, event: Event) -> bool:
    """Whether an optimizer was given all parameters that a module had by then, which gets another part."""
    wholes, new = owners(event.data["holder"]), event.of
    if new.copy_of is not None or not any(call.grad for part in below(new) for call in part.calls):
        return False  # a target that lags behind, or what nobody is seen to train
    return any(group.module in wholes and not group.guard for group in optimizer.groups if group.module is not None)


def _is_key(one: str, other: str) -> bool:
    """Whether two keys are one: of a `Sequential`, an item is called by its number or by its index."""
    return one.strip("[]") == other.strip("[]")


def _comes_after(model: Model, one: Event | None, other: Event) -> bool:
    """Whether something happens after the optimizer is made: in the same call, or in a method that is called later."""
    if one is not None and one.get("inside") == other.get("inside"):
        return model.follows(one, other).yes
    if one is None or one.get("inside") != "__init__":
        return False
    # A method that the constructor calls is called there.
    return id(other.site.node) not in model.remember(("built", other.kind), lambda: _done_by_constructor(model, other))


def _done_by_constructor(model: Model, like: Event) -> set[int]:
    """The nodes, by their `id`, at which something of the same kind happens when an object is made."""
    return {id(event.site.node) for event in model.events(like.kind) if event.get("inside") == "__init__"}


def _is_used_after(model: Model, optimizer: Optimizer, change: Event) -> bool:
    """Whether the optimizer steps, or is handed on, after a change, and nothing tells it about that in between."""
    again = [e for e in model.events("optimizer", "grouped") if e.get("inside") == change.get("inside")]
    if any(model.follows(change, e).yes for e in again):
        return False
    if optimizer in model.returned:
        return True
    steps = [s for s in model.events("stepped", "backward") if s.kind == "backward" or s.of is optimizer]
    return any(_uses(model, change, step) for step in steps)


def _uses(model: Model, change: Event, step: Event) -> bool:
    if step.get("inside") == change.get("inside"):
        return model.follows(change, step).yes
    return change.kind != "moved"


@rule.question
def ask_of_moves(model: Model) -> Iterator[Claim]:
    """A model that is moved to a device when its optimizer has stored something about the parameters already."""
    moves = [e for e in model.events("moved") if e.get("to_device") and e.author == "user"]
    for optimizer in model.optimizers if moves else ():
        made = optimizer.made
        if made is None or made.repeats:
            continue
        ids = {id(t) for t in optimizer.tensors}
        trained = [m for m in modules_with(model, ids) if not _MOVED.search(m.name)]
        for move in moves:
            if move.of not in trained or not _comes_after(model, made, move):
                continue
            around = owners(move.of)
            if not _stores(model, optimizer, move, [e for e in moves if e.of in around]):
                continue
            if _takes_state_along(move):
                continue
            if any(e.of in around and _is_earlier(e, made) for e in moves) or move.of.argument("device") is not None:
                continue
            if _is_used_after(model, optimizer, move):
                text = " ".join(move.site.text(move.site.node).split())
                end = f"before `{text}`, so what it stores about the parameters stays behind"
                yield Claim(said(True), made.site, f"`{spoken(optimizer)}` is built {end}", about=optimizer)
                break


def _takes_state_along(move: Event) -> bool:
    """Whether a function on the way to a move goes over the state of optimizers too, or calls what does."""
    around = [site for site in move.way if site.definition is not None]
    return any(_STATE_MOVED.search(site.text(site.definition)) for site in around)


def _is_earlier(move: Event, made: Event) -> bool:
    return together(move, made) and before(move, made)


def _stores(model: Model, optimizer: Optimizer, move: Event, moves: list[Event]) -> bool:
    """Whether an optimizer has stored something by then: when it is built, or since it stepped or was loaded.

    What was moved before that, as in the first of several rounds, is there already. Of the class that an argument is
    it is not known when that stores.
    """
    made = optimizer.made
    algorithm = str(made.get("algorithm")) if made is not None else ""
    if "." not in algorithm or algorithm in _STORE_AT_ONCE:
        return True
    if algorithm.endswith(".SGD") and made is not None and "momentum" not in made.get("options", {}):
        return False  # it has no memory
    stored = [e for e in model.events("stepped", "loaded", of=optimizer) if made is not None and together(e, made)]
    late = [e for e in stored if not any(together(m, e) and first_time(m) < first_time(e) for m in moves)]
    return any(not together(e, move) or model.follows(e, move).yes for e in late)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.coverage is None:
        return
    if model.coverage.foreign:
        shapes = model.coverage.foreign
        message = f"the optimizer holds {len(shapes)} tensors that are no parameters of the model, which it then trains"
        yield Proof("", message, evidence={"shapes": shapes[:32]})
    for name in model.coverage.missing:
        yield model.by_name[name].proof(f"`{name}` is trainable, but in no group of the optimizer, so it never changes")


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.stale:
        message = f"the optimizer holds what {seen.said} was before and not what it is now, so it never changes"
        yield run.proof(seen, message)
