"""Modules and parameters can be assigned only after `super().__init__()`.

`nn.Module.__init__` makes the dictionaries in which parameters, buffers and submodules are registered. An assignment
of a module or parameter before it raises `AttributeError: cannot assign module before Module.__init__() call`. Plain
values may come first.

Bad:
    class Net(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(8, 8)
            super().__init__()

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8)

Fix: safe. The class could not be instantiated before.
Leave it: a base class makes the assignment possible in its `__setattr__`.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.super_init import initializer_calls, is_initialized_elsewhere, needs_initialized
from paramlint.nodes.branches import is_branch
from paramlint.rule import Change, Defines, Finding, Fix, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM406",
    "assigned-before-super-init",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Defines("__init__", unless_first="__init__"),),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    cls = scope.cls
    if scope.name != "__init__" or cls is None or not cls.is_module:
        return
    calls = initializer_calls(scope)
    if not calls or is_initialized_elsewhere(cls):
        return
    early = [
        (name, assignment)
        for name, assignment in needs_initialized(scope)
        if scope.order(assignment.node) < scope.order(calls[0]) and _on_one_path(scope, assignment.node, calls[0])
    ]
    for name, assignment in early:
        message = f"`self.{name}` is assigned before `super().__init__()`, which raises"
        yield Finding(
            assignment.target or assignment.node,
            message,
            _fix(scope, early[0][1].node, calls[0]),
            attribute=f"self.{name}",
        )


@rule.static_scope
def check_methods(scope: Scope) -> Iterator[Finding]:
    """A method that registers something, and that the constructor calls too early."""
    cls = scope.cls
    if scope.name != "__init__" or cls is None or not cls.is_module:
        return
    calls = initializer_calls(scope)
    if not calls or is_initialized_elsewhere(cls):
        return
    for call in scope.find(nodes.Call):
        if scope.order(call) >= scope.order(calls[0]):
            return
        name = scope.self_attribute(call.func)
        method = cls.own_method(name) if name is not None else None
        if method is None or not _on_one_path(scope, call, calls[0]) or initializer_calls(method):
            continue
        early = next((n for n, a in needs_initialized(method) if not _is_asked(method, a.node)), None)
        if early is not None:
            message = f"`{name}` assigns `self.{early}` before `super().__init__()`, which raises"
            yield Finding(call, message, attribute=f"self.{early}")


def _on_one_path(scope: Scope, first: nodes.Node, second: nodes.Node) -> bool:
    """Whether one run can reach both: not in two branches of one `if` or `try`, nor the second in a nested function."""
    around = dict(_around(scope, first))
    for node, below in _around(scope, second):
        if isinstance(node, (nodes.FunctionDef, nodes.Lambda)) and node is not scope.node:
            return False
        if isinstance(node, (nodes.If, nodes.Try)) and node in around:
            return around[node] is below
    return True


def _is_asked(scope: Scope, node: nodes.Node) -> bool:
    """Whether a node is passed over in some runs."""
    return any(is_branch(one, below) for one, below in _around(scope, node))


def _around(scope: Scope, node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.Node]]:
    below = node
    for ancestor in scope.ancestors(node):
        yield ancestor, below
        below = ancestor


def _fix(scope: Scope, first: nodes.Node, call: nodes.Call) -> Fix | None:
    """Move the call up, where it stands alone and its arguments are there from the start."""
    body = scope.node.body if isinstance(scope.node, nodes.FunctionDef) else None
    statement = scope.statement(call)
    if not isinstance(body, nodes.IndentedBlock) or statement not in body.body:
        return None
    if not isinstance(statement, nodes.SimpleStatementLine) or len(statement.body) != 1:
        return None
    if any(not _is_there_from_the_start(scope, node) for arg in call.args for node in walk(arg.value)):
        return None
    top = next((s for s in body.body if s is first or any(a is s for a in scope.ancestors(first))), None)
    if top is None:
        return None
    moved = Change(top, top, scope.text(call), "before")
    return Fix("Call `super().__init__()` before it", (moved, Change(statement, statement, "", "delete")), "safe")


def _is_there_from_the_start(scope: Scope, node: nodes.Node) -> bool:
    """Whether a piece of an argument means the same at the beginning of the function."""
    if isinstance(node, nodes.Name):
        return all(binding.kind in ("parameter", "import") for binding in scope.bindings.get(node.value, ()))
    return scope.self_attribute(node) is None and not isinstance(node, nodes.Call)
