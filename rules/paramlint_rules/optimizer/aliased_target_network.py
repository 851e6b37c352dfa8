"""A target or averaged model is the live model under another name.

A target network, a teacher or a moving average is of use only where it lags behind. `target = online` copies nothing:
each step changes both, and averaging one into the other averages a model with itself.

Bad:
    target_net = model
    for step in range(9):
        loss = (model(torch.ones(2)) - target_net(torch.ones(2)).detach()).sum()
        loss.backward()
        optimizer.step()

Good:
    target_net = copy.deepcopy(model)
    for step in range(9):
        loss = (model(torch.ones(2)) - target_net(torch.ones(2)).detach()).sum()
        loss.backward()
        optimizer.step()

Fix: safe. Both start with the same values; only what is trained changes from there.
Leave it: the name only says which part of one model is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Claim, Event, Model, Module, Optimizer, first_time, said
from paramlint.model.questions.training import WORDS, held
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Change, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

_ROLES = ("target", "tgt", "ema", "teacher", "averaged", "avg", "swa", "momentum", "shadow")
_PARTS = (
    "actor", "backbone", "critic", "dqn", "encoder", "generator", "model", "net", "network", "policy", "policy_net",
    "q", "q_net", "q_network", "qnet", "qnetwork", "value_net",
)  # fmt: skip
#: `target`, `target_net`, `net_target`...
_TARGETS = frozenset(
    [*_ROLES, *(f"{r}_{p}" for r in _ROLES for p in _PARTS), *(f"{p}_{r}" for r in _ROLES for p in _PARTS)]
)
rule = Rule(
    "PRM709",
    "aliased-target-network",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks(*WORDS, "zip", "load_state_dict"),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A module that is kept under the name of a target, too, and trained under another."""
    holders = held(model)
    whole = {id(group.module) for optimizer in model.optimizers for group in optimizer.groups}
    given = [e for e in model.events("bound", "registered") if _name(e)]
    bound = [e for e in given if _bound(e)]
    by_name, by_module = _by(given, lambda e: [_place(e)]), _by(bound, _bound)
    told: set[int] = set()
    for alias in bound:
        modules, statement = _bound(alias), alias.site.statement
        if not _names_role(_name(alias)) or not isinstance(statement, (nodes.Assign, nodes.AnnAssign)):
            continue
        if isinstance(_given(alias), nodes.IfExp) or _is_one_way(alias, statement):
            continue  # a target is an option of the agent, which subclasses turn on
        if _is_part_of_target(_given(alias)):
            continue
        named = by_name[_place(alias)]
        if any(_bound(e) == modules and _is_given_back(e, alias) for e in named):
            continue  # it is called so in the function that makes it
        own = [e for e in named if _bound(e) and not _is_still(e, modules)]
        live = _live(alias, by_module) if _is_held(modules, holders, whole) else _trained_elsewhere(model, alias, own)
        if (
            live
            and not alias.site.says("same model", "share")
            and not any(min(e.order) > max(alias.order) for e in own)
        ):
            is_set = not alias.guard or bool(alias.loops) or _is_else_none(alias, statement)
            if is_set or any(e.guard.fits(alias.guard) for e in own):
                first = _first(named, alias, live)
                if id(first) in told:
                    continue
                told.add(id(first))
                message = f"`{_spoken(first)}` is the same model as `{live}`, so it does not lag behind it"
                value, whose = _given(first), next(iter(modules))
                yield Claim(said(True), first.site, message, whose, value, _fix(first), attribute=_spoken(first))


def _fix(alias: Event) -> Fix:
    given = _given(alias)
    text = f"{alias.site.spell('copy.deepcopy')}({alias.site.text(given)})"
    return Fix("Copy the model", (Change(given, given, text),), "safe", ("copy.deepcopy",))


def _by(events: list[Event], keys: Callable[[Event], Iterable[object]]) -> dict[object, list[Event]]:
    found: dict[object, list[Event]] = {}
    for event in events:
        for key in keys(event):
            found.setdefault(key, []).append(event)
    return found


def _first(named: list[Event], alias: Event, live: str) -> Event:
    """Where the name was first given the other model, where an alias is what was made of that later.

    A wrapper of it, or what a function gave back, is still the same.
    """
    for event in named:
        if min(event.order) < min(alias.order):
            value = _given(event) if isinstance(event.site.statement, nodes.Assign) else None
            if isinstance(value, (nodes.Name, nodes.Attribute)) and event.site.text(value) == live:
                return event
    return alias


def _is_held(modules: frozenset[Module], holders: dict[int, list[Optimizer]], whole: set[int]) -> bool:
    """Whether optimizers that are known hold all of what a name may stand for."""
    parts = [m for m in modules if id(m) not in whole]  # others the optimizer holds, known to the last or not
    has_some = any(m.parameters.seen for m in modules)
    return has_some and all(id(t) in holders for m in parts for t in m.parameters)


def _live(alias: Event, by_module: dict[object, list[Event]]) -> str:
    """The name under which what is kept as a target is trained; empty where there is none."""
    modules = _bound(alias)
    bound = sorted({e for module in modules for e in by_module[module]}, key=first_time)
    others = [e for e in bound if _holder(e) not in modules and not _is_handed_on(e, alias)]
    live = next((e for e in others if _is_counterpart(_name(alias), _name(e))), None)
    if live is None or not modules <= {m for e in others if _place(e) == _place(live) for m in _bound(e)}:
        return ""
    return _spoken(live) if min(live.order) < min(alias.order) else ""


def _trained_elsewhere(model: Model, alias: Event, own: list[Event]) -> str:
    """The same by an optimizer that is not known: in the loop where the target is set, or where it is set only once."""
    given = _given(alias)
    live = given.attr.value if isinstance(given, nodes.Attribute) else getattr(given, "value", "")
    if not isinstance(given, (nodes.Name, nodes.Attribute)) or _name(alias) not in _TARGETS or _names_role(live):
        return ""
    steps = [e for e in model.events("stepped", "backward") if not isinstance(e.of, Optimizer)]
    if {e.kind for e in steps} != {"stepped", "backward"}:
        return ""
    is_beside = bool(alias.loops) and all(e.loops[: len(alias.loops)] == alias.loops for e in steps)
    return alias.site.text(given) if is_beside or not (own or alias.guard or alias.site.in_branch) else ""


def _is_one_way(alias: Event, statement: nodes.Node) -> bool:
    """Whether an `if` gives the name another value where its condition is otherwise."""
    name = _spoken(alias)
    for branch in walk(alias.site.definition) if alias.site.definition is not None else ():
        if isinstance(branch, nodes.If) and branch.orelse is not None:
            sides = [list(walk(side)) for side in (branch.body, branch.orelse)]
            given = [
                any(alias.site.text(to) == name and not _is_none(value) for n in side for to, value in assigned(n))
                or any(_is_set_by_name(n, alias) for n in side)
                for side in sides
            ]
            if all(given) and any(n is statement for side in sides for n in side):
                return True
    return False


def _is_given_back(event: Event, alias: Event) -> bool:
    """Whether something had its name already in a function that is called for it."""
    calls = [site.node for site in event.site.stack[len(alias.site.stack) :]]
    return any(call is node for call in calls for node in walk(alias.site.statement))


def _is_set_by_name(node: nodes.Node, alias: Event) -> bool:
    """Whether it is `setattr(self, "target", model)`."""
    if not isinstance(node, nodes.Call) or not isinstance(node.func, nodes.Name) or node.func.value != "setattr":
        return False
    key = node.args[1].value if len(node.args) > 1 else None
    return isinstance(key, nodes.SimpleString) and key.evaluated_value == _name(alias)


def _is_else_none(alias: Event, statement: nodes.Node) -> bool:
    """Whether the name is given None in the same function, and nothing else but this."""
    name = _spoken(alias)
    rest = [n for n in walk(alias.site.definition) if n is not statement] if alias.site.definition else []
    others = [value for n in rest for to, value in assigned(n) if alias.site.text(to) == name]
    return bool(others) and all(map(_is_none, others))


def _is_none(value: nodes.BaseExpression | None) -> bool:
    return isinstance(value, nodes.Name) and value.value == "None"


def _bound(event: Event) -> frozenset[Module]:
    """The module that is given a name, or the modules that it may be by a condition."""
    bound = event.get("options") or [event.get("value") if "value" in event.data else event.of]
    modules = frozenset(one for one in bound if isinstance(one, Module))
    return modules if len(modules) == len(bound) else frozenset()


def _is_still(event: Event, modules: frozenset[Module]) -> bool:
    """Whether a name is given what it had before, or what wraps that: `target = DataParallel(target)`."""
    now = _bound(event)
    return bool(now & modules) or any(p.what in modules for one in now for p in one.holds if p.registered)


def _is_handed_on(event: Event, alias: Event) -> bool:
    """Whether a local name of another function, or what else is given the target to work on it, has it from there."""
    if _holder(event) is None:
        return event.site.function != alias.site.function
    source = _given(alias)
    name = source.attr if isinstance(source, nodes.Attribute) else source
    is_given_as_one = isinstance(name, nodes.Name) and _names_role(name.value)
    return is_given_as_one and _holder(alias) is not None and _holder(event) is not _holder(alias)


def _place(event: Event) -> tuple[int, str]:
    """The name that is given a value, and whose attribute it is."""
    return id(_holder(event)), _name(event)


def _holder(event: Event) -> object:
    """What has it as an attribute; None for a local name."""
    return event.of if "value" in event.data else event.get("holder")


def _spoken(event: Event) -> str:
    """The target of the statement that gives something a name; of several, the one of this name."""
    targets = [event.site.text(target) for target, _ in assigned(event.site.statement)]
    if len(targets) > 1:
        targets = [text for text in targets if text.rpartition(".")[2] == _name(event)]
    return targets[0] if targets else _name(event)


def _given(event: Event) -> nodes.BaseExpression:
    """What stands for the value in the statement that gives something a name."""
    pairs = assigned(event.site.statement)
    named = [value for target, value in pairs if event.site.text(target) == _spoken(event)]
    return named[0] if named else event.site.statement.value


def _name(event: Event) -> str:
    return str(event.get("name") or event.get("key") or "")


def _names_role(name: str) -> bool:
    """Whether one of the words of a name says that a model lags behind another."""
    return any(word in _ROLES for word in name.lower().split("_"))


def _is_part_of_target(value: nodes.BaseExpression) -> bool:
    """Whether a part is taken of what lags behind itself: `target = target.body`."""
    while isinstance(value, nodes.Attribute):
        value = value.value
        said = value.attr.value if isinstance(value, nodes.Attribute) else getattr(value, "value", "")
        if isinstance(said, str) and _names_role(said):
            return True
    return False


def _is_counterpart(name: str, other: str) -> bool:
    """Whether a name is that of another, or of a model, and says that it lags behind."""
    rest = [word for word in name.lower().split("_") if word not in _ROLES]
    known = {*other.lower().split("_"), *_PARTS}
    return other.isidentifier() and not _names_role(other) and all(word in known for word in rest)


@rule.question
def ask_itself(model: Model) -> Iterator[Claim]:
    """A model that is averaged with itself, or loaded into itself, in one expression."""
    taken = {id(event.get("state")): event for event in model.events("taken")}
    loads = model.events("loaded")
    for load in loads:
        source = taken.get(id(load.get("state")))
        if source is None or source.of is not load.of or load.author != "user" or not _is_model(load.of):
            continue
        beside = [e for e in loads if e.site.node is load.site.node and e.way[:-1] == load.way[:-1]]
        if any(getattr(taken.get(id(e.get("state"))), "of", None) is not e.of for e in beside):
            continue  # the name stands for another model, too
        is_there = any(node is source.site.node for node in walk(load.site.node))
        if is_there and isinstance(load.site.node, nodes.Call) and isinstance(load.site.node.func, nodes.Attribute):
            name = load.site.text(load.site.node.func.value)
            message = f"`{name}` is loaded into itself, which changes nothing"
            yield Claim(said(True), load.site, message, load.of, attribute=name)
    listed = {id(visit.site.node): visit for visit in model.events("listed") if visit.get("what") == "parameters"}
    around = {id(visit.site.definition): visit.site.definition for visit in listed.values()}
    for pair in (node for function in around.values() if function is not None for node in walk(function)):
        if not isinstance(pair, nodes.Call) or not isinstance(pair.func, nodes.Name) or pair.func.value != "zip":
            continue
        both = [visit for arg in pair.args if (visit := listed.get(id(arg.value))) is not None]
        if len(both) == len(pair.args) == 2 and both[0].of is both[1].of:
            name = both[0].site.text(both[0].site.node.func.value)
            message = f"`{name}` is paired with itself, so nothing is copied or averaged"
            yield Claim(said(True), both[0].site, message, both[0].of, pair, attribute=name)


def _is_model(what: object) -> bool:
    """Whether it is a module, or is called like one: an optimizer so moves its state to where its parameters are."""
    words = str(what).rpartition(".")[2].lower().split("_")
    return isinstance(what, Module) and (what.is_a("Module").yes or any(w in _ROLES or w in _PARTS for w in words))


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.averages_of_themselves:
        if "other" in seen.words:
            message = f"{seen.said} is on the memory of `{seen.words['other']}`, so it follows each step at once"
        else:
            message = f"{seen.said} is averaged with itself, so the average is the live model"
        yield run.proof(seen, message)
