"""Where code trains: calls that change parameters, and the loops around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.memo import remember

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Names of functions that train; `model.train()` only sets a mode and is told apart by its arguments.
_TRAINING_NAME = re.compile(
    r"_*(train|fit|finetune|fine_tune|optimi[sz]e)(_\w+|[A-Z]\w*)?|\w+_train(ing)?_(step|epoch)"
)
_STEPS_IN_SOURCE = re.compile(r"\.(step|backward)\(")
#: Things with a `step` that changes no parameter.
_OTHER_STEPPER = re.compile(r"sched|env|prof|bar|timer|writer|warmup|lr_|_lr|progress", re.I)

#: Functions are followed into so many others.
_DEPTH = 2

Loop = nodes.For | nodes.While


def trains(scope: Scope, call: nodes.Call) -> bool:
    """Whether a call changes parameters: a step, a backward pass that leads to one, or a function that does these."""
    name = _last_name(call)
    if name in ("backward", "minimize"):
        return True
    if name == "step":
        receiver = scope.text(call.func.value) if isinstance(call.func, nodes.Attribute) else ""
        return _OTHER_STEPPER.search(receiver) is None
    called = _function(scope, call)
    if called is not None:
        return called is not scope and remember(called, "steps", lambda: _steps(called, _DEPTH))
    return _TRAINING_NAME.fullmatch(name) is not None and not _sets_mode(call)


def _steps(function: Scope, depth: int) -> bool:
    """Whether the code of a function says a step, or that of the functions and methods of new objects that it calls."""
    if _STEPS_IN_SOURCE.search(function.source) is not None:
        return True
    calls = function.find(nodes.Call) if depth > 0 else ()
    called = (_function(function, call) or _method_of_new(function, call) for call in calls)
    return any(one is not None and one is not function and _steps(one, depth - 1) for one in called)


def _method_of_new(scope: Scope, call: nodes.Call) -> Scope | None:
    """`run` of `Trainer(model).run()`."""
    func = call.func
    if not isinstance(func, nodes.Attribute) or not isinstance(func.value, nodes.Call):
        return None
    from paramlint.facts.classes import Class

    made = scope.resolve(func.value.func)
    return made.method(func.attr.value) if isinstance(made, Class) else None


def loops_around(scope: Scope, node: nodes.Node) -> Iterator[Loop]:
    """The loops that a node is in, the innermost first; a function in between ends them."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (nodes.FunctionDef, nodes.Lambda)):
            return
        if isinstance(ancestor, (nodes.For, nodes.While)):
            yield ancestor


def is_inside(scope: Scope, node: nodes.Node, outer: nodes.Node) -> bool:
    """Whether a node is, or is part of, another."""
    return node is outer or any(ancestor is outer for ancestor in scope.ancestors(node))


def rebinds(scope: Scope, outer: nodes.Node, owner: nodes.Node) -> bool:
    """Whether a piece of code gives what an expression names, or starts with, something new.

    Another name for the same thing, as in `net = model.module`, is not new; an expression that is no name is.
    """
    return _rebinds(scope, outer, owner, 5)


def _rebinds(scope: Scope, outer: nodes.Node, owner: nodes.Node, depth: int) -> bool:
    if isinstance(owner, nodes.IfExp):
        return any(_rebinds(scope, outer, arm, depth) for arm in (owner.body, owner.orelse))
    written = scope.dotted(owner)
    if written is None or not depth:
        return True
    parts = written.split(".")
    prefixes = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    for binding in scope.bindings.get(parts[0], ()):
        if binding.kind in ("augmented", "parameter") or not is_inside(scope, binding.node, outer):
            continue
        if binding.kind != "assign" or binding.value is None or _rebinds(scope, outer, binding.value, depth - 1):
            return True
    for target in scope.find(nodes.AssignTarget):
        several = target.target.elements if isinstance(target.target, (nodes.Tuple, nodes.List)) else ()
        for one in (target.target, *(element.value for element in several)):
            if isinstance(one, nodes.Attribute) and scope.dotted(one) in prefixes and is_inside(scope, target, outer):
                return True
    return False


def training_loop(scope: Scope, node: nodes.Node, owner: nodes.Node) -> Loop | None:
    """The innermost loop around a node that trains, unless the owner, a model, is made anew in it."""
    for loop in loops_around(scope, node):
        if rebinds(scope, loop, owner):
            return None
        if any(trains(scope, call) and is_inside(scope, call, loop) for call in scope.find(nodes.Call)):
            return loop
    return None


def _last_name(call: nodes.Call) -> str:
    if isinstance(call.func, nodes.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, nodes.Name) else ""


def _sets_mode(call: nodes.Call) -> bool:
    """`model.train()`, `model.train(False)`, `net.train(mode=flag)`."""
    if not isinstance(call.func, nodes.Attribute) or call.func.attr.value != "train":
        return False
    return not call.args or (len(call.args) == 1 and not isinstance(call.args[0].value, nodes.Call))


def _function(scope: Scope, call: nodes.Call) -> Scope | None:
    """The function or method of the project that is called."""
    method = scope.self_attribute(call.func)
    if method is not None and scope.cls is not None:
        return scope.cls.method(method)
    from paramlint.facts.scopes import Scope as ScopeClass

    found = scope.resolve(call.func)
    return found if isinstance(found, ScopeClass) else None
