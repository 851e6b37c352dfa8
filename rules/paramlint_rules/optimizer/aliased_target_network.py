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

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.heirs import heirs_of
from paramlint.facts.name_uses import calls_any, reads
from paramlint.facts.training import training_loop, trains
from paramlint.facts.usage import is_module
from paramlint.model import Claim, Event, Model, Module, said
from paramlint.model.questions.training import WORDS, held
from paramlint.nodes.assigned import assigned
from paramlint.nodes.branches import is_branch
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule, Stores
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
#: A function that binds a target is looked at when it does one of these.
_NOMINATING = ("parameters", "load_state_dict", "backward")

rule = Rule(
    "PRM709",
    "aliased-target-network",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Stores(*_TARGETS, of_names=True), Calls(*_NOMINATING), Asks(*WORDS)),
)

_TRAINS = re.compile(r"\.(?:step|backward)\(")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A module that is kept under the name of a target, too, and trained under another."""
    holders = held(model)
    whole = {id(group.module) for optimizer in model.optimizers for group in optimizer.groups}
    bound = [e for e in model.events("bound", "registered") if _bound(e) and _name(e)]
    for alias in bound:
        modules, statement = _bound(alias), alias.site.statement
        if not _names_role(_name(alias)) or not isinstance(statement, (nodes.Assign, nodes.AnnAssign)):
            continue
        if isinstance(_given(alias), nodes.IfExp) or _is_one_way(alias, statement):
            continue  # a target is an option of the agent, which subclasses turn on
        if _is_part_of_target(_given(alias)):
            continue
        parts = [m for m in modules if id(m) not in whole]  # others the optimizer holds, known to the last or not
        if not any(m.parameters.seen for m in modules) or any(
            id(t) not in holders for m in parts for t in m.parameters
        ):
            continue
        others = [e for e in bound if _bound(e) & modules and _holder(e) not in modules and not _is_handed_on(e, alias)]
        live = next((e for e in others if _is_counterpart(_name(alias), _name(e))), None)
        if live is None or not modules <= {m for e in others if _names_same(e, live) for m in _bound(e)}:
            continue
        if min(live.order) > min(alias.order) or alias.site.says("same model", "share"):
            continue
        own = [e for e in bound if not _bound(e) & modules and _names_same(e, alias)]
        if any(min(e.order) > max(alias.order) for e in own):
            continue
        if not alias.guard or any(e.guard.fits(alias.guard) for e in own) or _is_else_none(alias, statement):
            message = f"`{_spoken(alias)}` is the same model as `{_spoken(live)}`"
            yield Claim(
                said(True), alias.site, f"{message}, so it does not lag behind it", next(iter(modules)), _given(alias)
            )


def _is_one_way(alias: Event, statement: nodes.Node) -> bool:
    """Whether an `if` gives the name another value where its condition is otherwise."""
    name = _spoken(alias)
    for branch in walk(alias.site.definition) if alias.site.definition is not None else ():
        if isinstance(branch, nodes.If) and branch.orelse is not None:
            sides = [list(walk(side)) for side in (branch.body, branch.orelse)]
            given = [
                any(alias.site.text(to) == name and not _is_none(value) for n in side for to, value in assigned(n))
                for side in sides
            ]
            if all(given) and any(n is statement for side in sides for n in side):
                return True
    return False


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


def _is_handed_on(event: Event, alias: Event) -> bool:
    """Whether a local name of another function, or what else is given the target to work on it, has it from there."""
    if _holder(event) is None:
        return event.site.function != alias.site.function
    source = _given(alias)
    is_given_as_one = isinstance(source, nodes.Name) and _names_role(source.value)
    return is_given_as_one and _holder(alias) is not None and _holder(event) is not _holder(alias)


def _names_same(one: Event, other: Event) -> bool:
    """Whether two events give one name a value."""
    return _holder(one) is _holder(other) and _name(one) == _name(other)


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


@rule.static(nodes.Assign)
def check_alias(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    target, value = node.targets[0].target, node.value
    if len(node.targets) != 1 or not isinstance(value, (nodes.Name, nodes.Attribute)):
        return
    name, live = scope.dotted(target), scope.dotted(value)
    if name is None or live is None or not _names_target(name) or _names_target(live) or not is_module(scope, value):
        return
    if isinstance(target, nodes.Name) and not calls_any(scope, _NOMINATING):
        return
    if training_loop(scope, node, value) is None and not _lags(scope, node, target, name):
        return
    text = f"{scope.spell('copy.deepcopy')}({live})"
    fix = Fix("Copy the model", (Change(value, value, text),), "safe", ("copy.deepcopy",))
    message = f"`{name}` is the same model as `{live}`, so it does not lag behind it"
    yield Finding(value, message, fix, attribute=name)


@rule.static(nodes.Call)
def check_itself(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """A model averaged with itself, or loaded into itself."""
    if isinstance(node.func, nodes.Name) and node.func.value == "zip" and len(node.args) == 2:
        first, second = (_of_call(scope, arg.value, "parameters") for arg in node.args)
        if first is not None and first == second:
            message = f"`{first}` is paired with itself, so nothing is copied or averaged"
            yield Finding(node, message, attribute=first)
    elif isinstance(node.func, nodes.Attribute) and node.func.attr.value == "load_state_dict" and node.args:
        owner = scope.dotted(node.func.value)
        if owner is not None and _of_call(scope, node.args[0].value, "state_dict") == owner:
            yield Finding(node, f"`{owner}` is loaded into itself, which changes nothing", attribute=owner)


def _names_target(name: str) -> bool:
    return name.rpartition(".")[2] in _TARGETS


def _of_call(scope: Scope, node: nodes.BaseExpression, method: str) -> str | None:
    """The dotted name of the model whose method is called without arguments."""
    if isinstance(node, nodes.Call) and not node.args and isinstance(node.func, nodes.Attribute):
        if node.func.attr.value == method:
            return scope.dotted(node.func.value)
    return None


def _lags(scope: Scope, node: nodes.Assign, target: nodes.BaseExpression, name: str) -> bool:
    """Whether the target is always this alias, is used beside the live model, and that is trained."""
    if any(is_branch(above, below) for below, above in pairwise((node, *scope.ancestors(node)))):
        return False
    attribute = scope.self_attribute(target)
    if attribute is None:
        others = [b for b in scope.bindings.get(name, ()) if b.node is not node]
        steps = (call for call in scope.find(nodes.Call) if scope.order(call) > scope.order(node))
        return not others and any(True for _ in reads(scope, name, node)) and any(trains(scope, c) for c in steps)
    if scope.cls is None or len(scope.cls.assignments(attribute)) != 1:
        return False
    classes = [scope.cls, *heirs_of(scope.cls)]
    units = [(cls.file.source, cls.outline.unit) for cls in classes]
    trained = any(_TRAINS.search(source.lines(unit.first, unit.last)) for source, unit in units)
    used = (one for cls in classes for one in cls.scopes_with(attribute))
    return trained and any(True for one in used for _ in reads(one, f"{one.self_name}.{attribute}", node))


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.averages_of_themselves:
        if "other" in seen.words:
            message = f"{seen.said} is on the memory of `{seen.words['other']}`, so it follows each step at once"
        else:
            message = f"{seen.said} is averaged with itself, so the average is the live model"
        yield run.proof(seen, message)
