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

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.iterators import excludes
from paramlint.facts.name_uses import mentions
from paramlint.facts.optimizers import OPTIMIZER_NAMES, Built, built_optimizers
from paramlint.facts.replaced_parameters import ModelChange, model_changes
from paramlint.facts.training import trains
from paramlint.knowledge.frameworks import LIVE
from paramlint.model import Claim, Event, Model, Module, Optimizer, Tensor, said
from paramlint.model.model import before
from paramlint.model.questions.training import WORDS, below, held, outdated_steps, owners, spoken, together
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM704",
    "stale-optimizer",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*OPTIMIZER_NAMES, "parameters", "named_parameters"), Asks(*WORDS)),
    asked_of=LIVE,
)

_MOVED = re.compile(r"\.(?:to|cuda)\(|\bdevice=")
#: The classes of torch that store nothing about the parameters before their first step.
_STORE_AT_FIRST_STEP = {*OPTIMIZER_NAMES} - {"Adagrad"}
_TRAINS = re.compile(r"\.(?:step|backward)\(")


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
        roots = [model.root_of(t, made) for t in optimizer.tensors]
        trained = [m for m in model.modules if m in roots or ids & {id(t) for t in m.parameters}]
        yield from _thawed(model, optimizer, trained)
        change = _replaced(model, optimizer, trained)
        if change is None or not _is_used_after(model, optimizer, change):
            continue
        is_resized = change.get("how") == "resized"
        what = f"the embeddings of `{change.of}` are" if is_resized else f"`{change.of}` is"
        end = f"{what} replaced, so it does not train the new parameters"
        yield Claim(said(True), made.site, f"`{spoken(optimizer)}` is built before {end}", about=optimizer)


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
    for event in model.events("registered", "rebound"):
        new = event.of
        if event.get("how") == "resized":
            whole = {id(m) for m in owners(new)} if isinstance(new, Module) else set()
            if event.author == "user" and whole & holders and _comes_after(model, optimizer.made, event):
                return event
            continue
        if event.kind == "rebound":
            continue
        if event.author != "user" or id(event.data["holder"]) not in holders or not isinstance(new, Module):
            continue
        if _is_first(model, event):  # nothing is replaced: what no optimizer has is PRM710
            continue
        if (
            not _comes_after(model, optimizer.made, event)
            or new.made is None
            or not _comes_after(model, optimizer.made, new.made)
        ):
            continue
        mine = new.parameters
        if mine.seen and mine.closed.yes and all(t.trains.yes and t.trains.certain and not t.groups.seen for t in mine):
            return event
    return None


def _is_first(model: Model, event: Event) -> bool:
    """Whether what is known whole gets, as it is made, a part under a name that nothing had before."""
    holder, key = event.data["holder"], event.data["key"]
    earlier = (e for e in model.events("registered") if e.data["holder"] is holder and e.data["key"] == key)
    is_new = not any(model.follows(e, event).yes or e.get("inside") != event.get("inside") for e in earlier)
    return is_new and event.get("inside") == "__init__" and isinstance(holder, Module) and holder.known.yes


def _comes_after(model: Model, one: Event | None, other: Event) -> bool:
    """Whether something happens after the optimizer is made: in the same call, or in a method that is called later."""
    if one is not None and one.get("inside") == other.get("inside"):
        return model.follows(one, other).yes and one.guard.is_known_to_fit(other.guard)
    if one is None or one.get("inside") != "__init__":
        return False
    before = [e for e in model.events(other.kind) if e.site.node is other.site.node and e.get("inside") == "__init__"]
    return not before  # a method that the constructor calls is called there


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


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for built in built_optimizers(scope):
        found = _change_after(scope, built) or _change_in_other_method(scope, built)
        if found is None:
            continue
        place, change = found
        text = place.text(change.node)
        if change.kind == "moved":
            message = f"`{built.name}` is built before `{text}`, so what it stores about the parameters stays behind"
        else:
            message = (
                f"`{built.name}` is built before `{text}` is {change.kind}, so it does not train the new parameters"
            )
        yield Finding(built.call, message)


def _change_after(scope: Scope, built: Built) -> tuple[Scope, ModelChange] | None:
    """A change further down in the function that builds the optimizer."""
    start = scope.order(built.call)
    for change in model_changes(scope):
        end = scope.order(change.node)
        if end < start or not _concerns(change, built.models) or excludes(scope, built.call, change.node):
            continue
        if _function(scope, change.node) is not _function(scope, built.call) or _is_rebuilt(scope, built, end):
            continue
        if change.kind == "moved" and (
            _is_moved_before(scope, change.path, start) or _holds_nothing(scope, built, end)
        ):
            continue
        if _trains_after(scope, built, end):
            return scope, change
    return None


def _change_in_other_method(scope: Scope, built: Built) -> tuple[Scope, ModelChange] | None:
    """A change in a method that runs after the constructor, which builds the optimizer."""
    cls, name = scope.cls, built.name.partition(".")[2]
    if cls is None or scope.name != "__init__" or built.name != f"{scope.self_name}.{name}":
        return None
    if len(cls.assignments(name)) != 1 or _source(cls).find("add_param_group") >= 0:
        return None
    for other in cls.scopes_with("to", "cuda", "add_module", "resize_token_embeddings", *_last_parts(built.models)):
        if other.self_name is None or other.name == "__init__" or _calls(scope, other.name):
            continue  # what the constructor calls is seen there
        models = frozenset(f"{other.self_name}.{m}" for m in _attributes(scope, built))
        for change in model_changes(other):
            if not _concerns(change, models):
                continue
            if change.kind != "moved" and _TRAINS.search(_source(cls)):
                return other, change
            if change.kind == "moved" and _trains_in(other, other.order(change.node)):
                if _holds_nothing(scope, built, None):
                    continue
                if not _is_moved_before(scope, f"{scope.self_name}.{change.path.partition('.')[2]}", None):
                    return other, change
    return None


def _calls(scope: Scope, method: str) -> bool:
    """Whether a method calls another one of its instance."""
    return any(scope.self_attribute(call.func) == method for call in scope.find(nodes.Call))


def _concerns(change: ModelChange, models: frozenset[str]) -> bool:
    """Whether a change is one of the optimizer's models, or of what one of them holds."""
    if change.kind == "moved":
        return change.path in models
    inside = any(change.path.startswith(model + ".") for model in models)
    return inside or (change.path in models and not isinstance(change.node, (nodes.Name, nodes.Attribute)))


def _is_rebuilt(scope: Scope, built: Built, end: int) -> bool:
    """Whether the optimizer is bound again after the change, or told about it."""
    for node in mentions(scope, built.name):
        parent = scope.parent(node)
        if scope.order(node) > end and isinstance(parent, nodes.AssignTarget):
            return True
        if isinstance(parent, nodes.Attribute) and parent.attr.value == "add_param_group":
            return True
    return False


def _is_moved_before(scope: Scope, path: str, end: int | None) -> bool:
    """Whether the model was moved, or made on a device, before the optimizer was built."""
    for node in mentions(scope, path):
        if end is not None and scope.order(node) > end:
            continue
        if _MOVED.search(scope.text(scope.statement(node)).partition("\n")[0]):
            return True
    return False


def _holds_nothing(scope: Scope, built: Built, end: int | None) -> bool:
    """Whether an optimizer has stored nothing yet: it stores at its first step, and neither stepped nor loaded one."""
    written = scope.qualified(built.call.func) or ""
    is_known = written.startswith("torch.optim.") and written.rpartition(".")[2] in _STORE_AT_FIRST_STEP
    if not is_known and not _is_made_by_function(scope, built):
        return False
    start = scope.order(built.call)
    for call in scope.find(nodes.Call):
        if start < scope.order(call) and (end is None or scope.order(call) < end):
            if excludes(scope, built.call, call):
                continue
            if trains(scope, call) or scope.dotted(call.func) == f"{built.name}.load_state_dict":
                return False
    return True


def _is_made_by_function(scope: Scope, built: Built) -> bool:
    """Whether a function makes it, whose optimizers are torch's more often than not: no class, and nothing given."""
    func = built.call.func
    if not isinstance(func, nodes.Name) or not func.value[:1].islower():
        return False
    return all(not isinstance(binding.node, nodes.Param) for binding in scope.bindings.get(func.value, ()))


def _trains_after(scope: Scope, built: Built, end: int) -> bool:
    if _trains_in(scope, end):
        return True
    if scope.name == "__init__" and scope.cls is not None and "." in built.name:
        return _TRAINS.search(_source(scope.cls)) is not None
    return any(isinstance(a, nodes.Return) for node in mentions(scope, built.name) for a in scope.ancestors(node))


def _trains_in(scope: Scope, start: int) -> bool:
    return any(scope.order(call) > start and trains(scope, call) for call in scope.find(nodes.Call))


def _attributes(scope: Scope, built: Built) -> set[str]:
    """The attributes of the instance that are the optimizer's models: `model` of `self.model`, or of its argument."""
    found = {m.partition(".")[2] for m in built.models if m.startswith(f"{scope.self_name}.")}
    for name, assignment in scope.assignments:
        if isinstance(assignment.value, nodes.Name) and assignment.value.value in built.models:
            found.add(name)
    return found


def _last_parts(models: frozenset[str]) -> set[str]:
    return {model.rpartition(".")[2] for model in models}


def _function(scope: Scope, node: nodes.Node) -> nodes.Node | None:
    return next((a for a in scope.ancestors(node) if isinstance(a, (nodes.FunctionDef, nodes.Lambda))), None)


def _source(cls: Class) -> str:
    return cls.file.source.lines(cls.outline.unit.first, cls.outline.unit.last)


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
