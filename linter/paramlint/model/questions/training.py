"""What is asked of training code: which step uses the gradients of which backward, and who holds a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from paramlint.model.answer import NO, YES, Answer, Several
from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Optimizer, Tensor
from paramlint.model.questions.apart import is_apart
from paramlint.model.questions.reach import reached
from paramlint.model.timeline import Timeline

#: Words of which code that trains, or that sets up training and hands it on, has one.
WORDS = (
    "backward", "training_step", "configure_optimizers", "optim", "optimizer", "optimizers", "opt", "Adam", "AdamW",
    "SGD", "RMSprop", "train", "fit", "epoch", "epochs",
)  # fmt: skip


def steps(model: Model) -> Iterator[tuple[Optimizer, Event]]:
    """The steps of the optimizers that are known."""
    for event in model.events("stepped"):
        if isinstance(event.of, Optimizer) and not event.get("closure"):
            yield event.of, event


def all_known(model: Model) -> bool:
    """Whether all optimizers that step are known, with all that they hold."""
    if not model.optimizers.closed.yes or not all(o.tensors.closed.yes for o in model.optimizers):
        return False
    return all(isinstance(e.of, Optimizer) or not is_optimizer(e.of) for e in model.events("stepped"))


def is_optimizer(what: Any) -> bool:
    """Whether what steps may be an optimizer: not a schedule, an environment or a progress bar."""
    if isinstance(what, Optimizer):
        return True
    said = str(what).partition("#")[0].lower()
    return not any(word in said for word in ("sched", "env", "profiler", "prof", "bar", "timer", "warmup", "sampler"))


def held(model: Model) -> dict[int, list[Optimizer]]:
    """The optimizers that hold each tensor, by its `id`."""
    found: dict[int, list[Optimizer]] = {}
    for optimizer in model.optimizers:
        for tensor in optimizer.tensors:
            found.setdefault(id(tensor), []).append(optimizer)
    return found


def clears(event: Event, optimizer: Optimizer) -> Answer:
    """Whether an event clears the gradients of all that an optimizer holds."""
    if event.of is optimizer:
        return YES
    if isinstance(event.of, Module):
        others = event.of.parameters
    elif isinstance(event.of, Tensor):
        others = Several([event.of], YES)
    elif isinstance(event.of, Optimizer):
        others = event.of.tensors
    else:
        return Answer("unknown")
    mine, cleared = ({id(t) for t in tensors} for tensors in (optimizer.tensors, others))
    is_another = not mine & cleared and not (isinstance(event.of, Module) and event.of.is_handed_on)
    if is_another and (_are_all(optimizer.tensors) or (_are_all(others) and _came_later(others, optimizer))):
        return NO
    return YES if mine and mine <= cleared else Answer("unknown")


def may_clear(model: Model, optimizer: Optimizer) -> Timeline:
    """What may clear the gradients of what an optimizer holds, by its times: unknown code too."""

    def find() -> Timeline:
        events = model.events("cleared", "escaped")
        return Timeline([e for e in events if e.kind == "escaped" or not clears(e, optimizer).no])

    return model.remember(("may clear", id(optimizer)), find)


def _are_all(tensors: Several[Tensor]) -> bool:
    """Whether it is known which tensors they are."""
    return tensors.closed.yes and all(t.known for t in tensors)


def _came_later(tensors: Several[Tensor], optimizer: Optimizer) -> bool:
    """Whether some tensors were made after an optimizer, which unknown code gives none of them."""
    made = optimizer.made
    if made is None or any(t.escaped or t.made is None for t in tensors):
        return False
    return all(min(t.made.order) > max(made.order) for t in tensors if t.made is not None)


def fed_by(model: Model, optimizer: Optimizer, step: Event) -> list[Event]:
    """The passes backward whose gradients a step may use, in order: nothing clears them in between for sure.

    Those in other methods of a class, which somebody else calls, may all be.
    """
    return sorted(_feeding(model, optimizer, step), key=lambda event: event.order[:1])


def _feeding(model: Model, optimizer: Optimizer, step: Event) -> Iterator[Event]:
    """The same, the nearest first."""
    asked: set[int] = set()
    for until in step.order:
        since = model.timeline("cleared").last(until, lambda e: not e.guard and clears(e, optimizer).yes)
        for backward in model.timeline("backward").back(until, since):
            if id(backward) in asked or not together(backward, step):
                continue
            asked.add(id(backward))
            if model.follows(backward, step).yes:
                gone = model.between(backward, step, ("cleared",), lambda e: clears(e, optimizer).yes)
                if not gone.yes:
                    yield backward
    for inside, passes in model.remember("passes backward by method", lambda: _by_method(model)).items():
        if inside != step.get("inside"):
            yield from passes


def _by_method(model: Model) -> dict[object, list[Event]]:
    found: dict[object, list[Event]] = {}
    for backward in model.events("backward"):
        found.setdefault(backward.get("inside"), []).append(backward)
    return found


def reach_of(model: Model, backward: Event) -> Several[Tensor]:
    """The parameters that a pass backward reaches."""
    return model.remember(("reached", id(backward.of)), lambda: reached(backward.of))


def together(*events: Event) -> bool:
    """Whether one call from outside leads to all of them, so that their order is known."""
    return len({event.get("inside") for event in events}) == 1


def below(module: Module, limit: int = 500) -> list[Module]:
    """A module and all that are registered in it."""
    found = [module]
    for one in found:
        for place in one.holds:
            if place.registered and isinstance(place.what, Module) and place.what not in found and len(found) < limit:
                found.append(place.what)
    return found


def owners(module: Module) -> list[Module]:
    """The modules that a module is registered in, at whatever depth, and itself."""
    found = [module]
    for one in found:
        for place in one.places:
            if place.registered and isinstance(place.holder, Module) and place.holder not in found:
                found.append(place.holder)
    return found


def whole_of(model: Model, module: Module) -> list[Module]:
    """The same, through plain attributes too: a module that is bound as one is no child, and a part all the same."""
    holders = [e.of for e in model.events("bound") if e.get("value") is module and isinstance(e.of, Module)]
    return list(dict.fromkeys(owner for one in (module, *holders) for owner in owners(one)))


def idle_steps(model: Model) -> Iterator[tuple[Optimizer, Event, list[Tensor]]]:
    """Steps that no gradient reaches, with the parameters that the passes backward before them reach instead."""
    for optimizer, step, others in _missed_steps(model):
        if not any(_made_later(model, t, optimizer, step) for t in others):  # replaced since: that is PRM704
            yield optimizer, step, others


def outdated_steps(model: Model) -> Iterator[tuple[Optimizer, Event, list[Tensor]]]:
    """The same, where all that is reached instead was made after the optimizer."""
    for optimizer, step, others in _missed_steps(model):
        if others and all(_made_later(model, t, optimizer, step) for t in others):
            yield optimizer, step, others


def _missed_steps(model: Model) -> Iterator[tuple[Optimizer, Event, list[Tensor]]]:
    for optimizer, step in steps(model):
        mine = optimizer.tensors
        if not mine.closed.yes or not mine.seen or any(t.escaped for t in mine):
            continue
        if all(t.owner is None and t.known for t in mine):
            continue  # an input that is optimized goes by a name, which is bound anew for the next one
        before = _if_idle(model, optimizer, step, {id(t) for t in mine})
        if not any(together(backward, step) for backward in before):
            continue
        reaches = [reach_of(model, backward) for backward in before]
        others = list({id(t): t for reach in reaches for t in reach}.values())
        is_known = all(t.known for t in mine) and all(r.closed.yes for r in reaches)
        made = optimizer.made
        is_global = made is not None and not made.site.function and model.entry != "module"
        if is_known or (not is_global and is_apart(model, mine, step)):  # an argument may be what is global too
            yield optimizer, step, others


def _if_idle(model: Model, optimizer: Optimizer, step: Event, mine: set[int]) -> list[Event]:
    """The passes backward that a step may use, where none of them reaches what its optimizer holds."""
    found: list[Event] = []
    for backward in _feeding(model, optimizer, step):
        if any(id(t) in mine for t in reach_of(model, backward)):
            return []
        found.append(backward)
    return sorted(found, key=lambda event: event.order[:1])


def waits_to_train(model: Model, tensor: Tensor) -> Module | None:
    """The module whose parameter a tensor is, or for whose parameters it stands, where they are to be trained."""
    if tensor.known:
        return tensor.owner if tensor.trains.yes else None
    last = tensor.flags.seen[-1] if tensor.flags.seen else None
    if tensor.trains.no or (last is not None and getattr(last.get("value"), "value", None) is not True):
        return None
    return next(iter(modules_with(model, [id(tensor)])), None)


def twin_of(model: Model, optimizer: Optimizer) -> Optimizer | None:
    """Another optimizer that holds the same parameters."""
    if not optimizer.tensors.seen:
        return None
    alike = model.remember("optimizers by what they hold", lambda: _by_what_they_hold(model))
    return next((o for o in alike.get(frozenset(map(id, optimizer.tensors)), ()) if o is not optimizer), None)


def _by_what_they_hold(model: Model) -> dict[frozenset[int], list[Optimizer]]:
    found: dict[frozenset[int], list[Optimizer]] = {}
    for optimizer in model.optimizers:
        found.setdefault(frozenset(map(id, optimizer.tensors)), []).append(optimizer)
    return found


def called(model: Model, module: Tensor | Module) -> str:
    """How the code calls a module: the name that it was bound to, where it has none of its own."""
    text = str(module)
    if "(" not in text and "<" not in text:
        return text
    names = [e for e in model.events("bound") if e.of is module and "value" not in e.data]
    attributes = [e for e in model.events("bound") if e.get("value") is module]
    return f"self.{attributes[0].get('name')}" if attributes else str(names[0].get("name")) if names else text


def doubled_steps(model: Model) -> Iterator[tuple[Optimizer, Optimizer, Event, list[Tensor]]]:
    """Optimizers that hold what another holds, each with that, a step, and what the loss before it reaches instead.

    That is in no optimizer, and requires gradients.
    """
    holders = held(model)
    if len(model.optimizers.seen) < 2 or not all_known(model):
        return
    for optimizer, step in steps(model):
        mine = {id(t) for t in optimizer.tensors}
        twin = twin_of(model, optimizer)
        begun = model.timeline("backward").begun(min(step.order)) if twin is not None else ()
        last = next((b for b in begun if together(b, step)), None)
        if twin is None or last is None or last.loops != step.loops:
            continue
        others = [t for t in reach_of(model, last) if t.owner is not None]
        free = [t for t in others if id(t) not in holders]
        if any(id(t) in mine for t in others):
            continue
        if free and all(t.known and not t.escaped and t.trains.yes and not t.flags.seen for t in free):
            yield optimizer, twin, step, free


def _made_later(model: Model, tensor: Tensor, optimizer: Optimizer, step: Event) -> bool:
    root = model.root_of(tensor, step)
    made = root.made if isinstance(root, Module) else None
    return made is not None and optimizer.made is not None and min(made.order) > min(optimizer.made.order)


def may_train(event: Event) -> bool:
    """Whether unknown code gets hold of what trains, by an `escaped` event: a model, an optimizer, or who has them."""
    if isinstance(event.of, (Module, Optimizer)):
        return True
    if isinstance(event.of, Tensor):
        return False
    text = str(event.of).partition("#")[0]
    if _OPTION.search(text) is not None:
        return False
    if "(" not in text:
        return _HAS_MODEL.search(text.rpartition(".")[2]) is not None
    made_by = text.partition("(")[0].rpartition(".")[2]  # what a call gives is one where the call makes one
    return text.endswith(")") and _MAKES.match(made_by) is not None and _HAS_MODEL.search(made_by) is not None


def may_compute(model: Model, event: Event) -> bool:
    """Whether gradients may come by an event: a backward pass, or a loss or what has a model in unknown code."""
    if event.kind != "escaped":
        return True
    if isinstance(event.of, Tensor):
        passes = model.remember("nodes of passes", lambda: {id(call.site.node) for call in model.events("called")})
        return id(event.site.node) not in passes and not computes_loss(event)
    return "loss" in str(event.of) or may_train(event)


def computes_loss(event: Event) -> bool:
    """Whether what gets hold of something, by an `escaped` event, computes a loss with it, by what it is called."""
    function = getattr(event.site.node, "func", None)
    name = getattr(getattr(function, "attr", function), "value", "")
    return isinstance(name, str) and _LOSSES.search(name) is not None and _DOES_MORE.search(name) is None


_LOSSES = re.compile(r"(?:^|_)(?:loss|losses|loss_?fn|criterion|objective)(?:_|$)|Loss|Criterion", re.IGNORECASE)
_DOES_MORE = re.compile(r"step|train|update|optim|back|minimi|clear|zero|reset", re.IGNORECASE)

#: An option of a group, such as its learning rate.
_OPTION = re.compile(r"param_groups\[.*\]\['(?!params)\w+'\]$")
_MAKES = re.compile(r"(?:build|create|make|get|load|set_?up|prepare|init|wrap)|[A-Z]")
#: Names of what is a model or an optimizer, or has them.
_HAS_MODEL = re.compile(
    r"model|net|optim|\bopt|_opt|trainer|engine|runner|agent|module|policy|critic|actor|coder|self|cls|state|gener|disc"
    r"|callback|hook|handler|strategy|plugin|learner|solver|scaler|accelerator|fabric|ctx|context|system|backbone|head|teacher|student|param|weights|kwargs|args",
    re.IGNORECASE,
)


def spoken(optimizer: Any) -> str:
    """How an optimizer reads in a message, known or not."""
    text = str(optimizer).partition("#")[0]
    return "optimizer" if "(" in text or "<" in text else text


def modules_with(model: Model, tensors: Iterable[int]) -> list[Module]:
    """The modules that have one of some parameters, by their `id`, at or below them."""
    places = model.remember("modules by parameter", lambda: _by_parameter(model))
    found = {place for tensor in tensors for place in places.get(tensor, ())}
    return [model.modules.seen[place] for place in sorted(found)]


def _by_parameter(model: Model) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, module in enumerate(model.modules):
        for tensor in module.parameters:
            found.setdefault(id(tensor), []).append(place)
    return found


def only_evaluated(module: Module) -> bool:
    """Whether each pass of a module is in `eval()` mode, and there is one."""
    modes = [mode for owner in owners(module) for mode in owner.modes]
    return bool(module.calls.seen) and all(_mode_at(call, modes) is False for call in module.calls)


def only_switched_off(module: Module) -> bool:
    """Whether a module is put into `eval()` mode, and nobody puts it back."""
    modes = [mode for mode in module.modes if mode.get("how") != "init"]
    return bool(modes) and not any(mode_of(mode) is True for mode in modes)


def _mode_at(call: Event, modes: list[Event]) -> Any:
    earlier = [mode for mode in modes if min(mode.order) < min(call.order)]
    last = max(earlier, key=lambda mode: min(mode.order), default=None)
    if last is None or last.guard.minus(call.guard):
        return None
    return mode_of(last)


def mode_of(event: Event) -> Any:
    """What `train(mode)` or `eval()` switched to; something that is neither True nor False where that is not known."""
    value = event.get("value")
    return getattr(value, "value", value)
