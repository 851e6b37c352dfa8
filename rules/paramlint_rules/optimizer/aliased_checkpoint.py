"""The best weights are kept as a reference, so every later step overwrites them.

`state_dict()` does not copy: its tensors are the live parameters, and so is another name for the model. After more
steps `best` holds the last weights, not the best ones, and loading it back changes nothing. A shallow copy of the
dict does not help.

Bad:
    for epoch in range(9):
        loss = model(torch.ones(2)).sum()
        loss.backward()
        optimizer.step()
        if loss < 1:
            best = model.state_dict()
    model.load_state_dict(best)

Good:
    for epoch in range(9):
        loss = model(torch.ones(2)).sum()
        loss.backward()
        optimizer.step()
        if loss < 1:
            best = copy.deepcopy(model.state_dict())
    model.load_state_dict(best)

Fix: safe. What is trained stays the same; only the kept copy no longer changes.
Leave it: the state is written to a file at once, and the name is not used again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.device_moves import moved
from paramlint.facts.name_uses import calls_any, is_edited, loaded_into, reads
from paramlint.facts.snapshots import Snapshot, snapshots
from paramlint.facts.training import Loop, is_inside, loops_around, rebinds, training_loop, trains
from paramlint.nodes.assigned import assigned
from paramlint.nodes.branches import guards_above, leaves
from paramlint.rule import Calls, Change, Finding, Fix, Proof, Rule

#: A function that keeps a model is looked at when it does one of these.
_NOMINATING = ("state_dict", "step", "backward", "train", "train_epoch", "train_one_epoch")

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule(
    "PRM701",
    "aliased-checkpoint",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls(*_NOMINATING),),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if not calls_any(scope, _NOMINATING):
        return
    for kept in snapshots(scope):
        if not (_goes_stale_in_loop(scope, kept) or _goes_stale_in_class(scope, kept) or _is_reloaded(scope, kept)):
            continue
        if _is_of_new_optimizer(scope, kept):
            continue
        what = "is another name for" if kept.is_model else "holds the live tensors of"
        message = f"`{kept.name}` {what} `{scope.text(kept.owner)}`, so later steps change it too"
        text = f"{scope.spell('copy.deepcopy')}({scope.text(kept.value)})"
        fix = Fix("Keep a deep copy", (Change(kept.value, kept.value, text),), "safe", ("copy.deepcopy",))
        yield Finding(kept.value, message, fix)


def _goes_stale_in_loop(scope: Scope, kept: Snapshot) -> bool:
    """Kept in some rounds of a loop that trains the same model, and used outside the branch that keeps it."""
    loop = training_loop(scope, kept.node, kept.owner)
    block = kept.block
    if loop is None or not isinstance(block, nodes.BaseSuite):
        return False
    if leaves(block, nodes.Break, nodes.Return, nodes.Raise):
        return False  # no step follows
    if kept.is_added:
        return not rebinds(scope, loop, kept.target) and any(True for _ in reads(scope, kept.name, loop))
    if (block is loop.body and not _is_passed_over(scope, kept)) or _is_replaced(scope, kept):
        return False
    used = [read for read in reads(scope, kept.name, block) if _may_follow(scope, kept, read)]
    if kept.is_best:
        return bool(used) or _is_public(scope, kept)
    return any(loaded_into(scope, read) is not None for read in used)


def _is_of_new_optimizer(scope: Scope, kept: Snapshot) -> bool:
    """Whether an optimizer that was just made gives its state: it has none yet, and what comes is not added to that."""
    written = scope.text(kept.owner)
    kinds = (nodes.Assign, nodes.AnnAssign)
    given = [value for n in scope.find(*kinds) for to, value in assigned(n) if scope.text(to) == written]
    if not given or not all(_makes_optimizer(scope, value, written) for value in given):
        return False
    if any([*loops_around(scope, kept.node)] != [*loops_around(scope, value)] for value in given):
        return False
    start = max(map(scope.order, given))
    between = [c.func for c in scope.find(nodes.Call) if start < scope.order(c) < scope.order(kept.node)]
    return not any(isinstance(f, nodes.Attribute) and f.attr.value in ("step", "load_state_dict") for f in between)


def _makes_optimizer(scope: Scope, value: nodes.BaseExpression, called: str) -> bool:
    """Whether an expression makes an optimizer without a state, or may: what is called one is no other name of it."""
    if isinstance(value, (nodes.Name, nodes.Attribute)) or "Adagrad" in scope.text(value):
        return False
    name = scope.qualified(value.func) or "" if isinstance(value, nodes.Call) else ""
    return name.startswith("torch.optim.") or "opt" in called.lower()


def _is_passed_over(scope: Scope, kept: Snapshot) -> bool:
    """Whether some rounds end before it is kept: `if loss >= best: continue`."""
    lines = (kept.node, *scope.ancestors(kept.node))
    return any(block is kept.block and any(guards_above(block, below)) for below, block in pairwise(lines))


def _may_follow(scope: Scope, kept: Snapshot, read: nodes.Node) -> bool:
    """Whether a read may see what was kept: it stands below, or a loop leads back to it."""
    if scope.order(read) > scope.order(kept.node):
        return True
    return any(is_inside(scope, read, loop) for loop in loops_around(scope, kept.node))


def _is_public(scope: Scope, kept: Snapshot) -> bool:
    """An attribute that nothing in the function reads is there for others to read."""
    return isinstance(kept.target, nodes.Attribute) and not any(True for _ in reads(scope, kept.name, kept.node))


def _is_replaced(scope: Scope, kept: Snapshot) -> bool:
    """Whether the branch binds the name again, as in `best = copy.deepcopy(best)`."""
    assert isinstance(kept.block, nodes.BaseSuite)
    after = [line for line in kept.block.body if scope.order(line) > scope.order(kept.node)]
    return any(rebinds(scope, line, kept.target) for line in after)


def _goes_stale_in_class(scope: Scope, kept: Snapshot) -> bool:
    """Kept on the instance by one call of a method, and loaded by a later call or by another method."""
    name = scope.self_attribute(kept.target)
    if name is None or scope.cls is None or scope.name == "__init__" or kept.is_model or kept.is_added:
        return False
    if rebinds(scope, scope.node, kept.owner) or is_edited(scope, kept.name) or _is_remade(scope, kept.owner):
        return False
    for other in scope.cls.scopes_with(name):
        attribute = f"{other.self_name}.{name}"
        for read in reads(other, attribute, kept.block):
            receiver = loaded_into(other, read)
            if receiver is None or is_edited(other, attribute) or rebinds(other, other.node, receiver):
                continue
            if _is_bound_first(other, read):
                continue
            if kept.is_best or _last_part(other, receiver) == _last_part(scope, kept.owner):
                return True
    is_in_branch = isinstance(scope.node, nodes.FunctionDef) and kept.block is not scope.node.body
    return is_in_branch and _is_loaded_by_others(scope, name)


def _is_loaded_by_others(scope: Scope, name: str) -> bool:
    """Whether code outside of the class loads what an instance of it has kept: `load_state_dict(stopper.weights)`."""
    assert scope.cls is not None
    unit = scope.cls.outline.unit
    source = scope.file.source
    rest = source.lines(1, unit.first - 1) + source.lines(unit.last + 1, source.text.count("\n") + 1)
    return re.search(rf"load_state_dict\(\s*(?!self\b)[\w.\[\]]+\.{re.escape(name)}\b", rest) is not None


def _is_bound_first(scope: Scope, read: nodes.Node) -> bool:
    """Whether the method gives the attribute a value of its own before it reads it, whatever an earlier call kept."""
    body = scope.node.body.body if isinstance(scope.node, nodes.FunctionDef) else ()
    lines = (line for line in body if isinstance(line, nodes.SimpleStatementLine))
    return any(rebinds(scope, line, read) for line in lines if scope.order(line) < scope.order(read))


def _is_remade(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether a method other than the constructor makes the model anew."""
    name = scope.self_attribute(owner)
    if name is None or scope.cls is None:
        return False
    made = (a for a in scope.cls.assignments(name) if a.scope.name != "__init__")
    return any(isinstance(a.value, nodes.Call) and moved(a.value) is a.value for a in made)


def _last_part(scope: Scope, node: nodes.Node) -> str:
    return scope.text(node).rpartition(".")[2]


def _is_reloaded(scope: Scope, kept: Snapshot) -> bool:
    """Loaded back into the model that it came from, with training in between."""
    if kept.is_added or kept.is_model or is_edited(scope, kept.name):
        return False
    start = scope.order(kept.value)
    steps = [call for call in scope.find(nodes.Call) if scope.order(call) > start and trains(scope, call)]
    for read in reads(scope, kept.name, kept.node):
        receiver = loaded_into(scope, read)
        end = scope.order(read)
        if receiver is None or end < start or scope.text(receiver) != scope.text(kept.owner):
            continue
        loops = [loop for loop in loops_around(scope, read) if not is_inside(scope, kept.node, loop)]
        if any(scope.order(step) < end or any(is_inside(scope, step, loop) for loop in loops) for step in steps):
            return not _is_rebound(scope, kept, end, loops)
    return False


def _is_rebound(scope: Scope, kept: Snapshot, end: int, loops: list[Loop]) -> bool:
    """Whether the model or the kept name stands for something else by the time it is loaded."""
    between = [
        line for line in scope.find(nodes.SimpleStatementLine) if scope.order(kept.value) < scope.order(line) < end
    ]
    if rebinds(scope, scope.statement(kept.node), kept.owner):  # `state, model = model.state_dict(), Net()`
        return True
    return any(rebinds(scope, code, name) for code in (*loops, *between) for name in (kept.owner, kept.target))


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.followed_states:
        if seen.words["restored"]:
            message = f"the state dict of `{seen.names[0]}` is no copy, so loading it again restores nothing"
        else:
            message = f"the state dict of `{seen.names[0]}` that is kept is no copy, so each step changes it too"
        yield run.proof(seen, message)
