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

import libcst as cst

from paramlint.facts import Scope
from paramlint.facts.super_init import initializer_calls, is_initialized_elsewhere, needs_initialized
from paramlint.rule import Change, Defines, Finding, Fix, Rule

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
        yield Finding(assignment.target or assignment.node, message, _fix(scope, early[0][1].node, calls[0]))


def _on_one_path(scope: Scope, first: cst.CSTNode, second: cst.CSTNode) -> bool:
    """Whether one run can reach both: not in two branches of one `if` or `try`, nor the second in a nested function."""
    around = {id(node): below for node, below in _around(scope, first)}
    for node, below in _around(scope, second):
        if isinstance(node, (cst.FunctionDef, cst.Lambda)) and node is not scope.node:
            return False
        if isinstance(node, (cst.If, cst.Try)) and id(node) in around:
            return around[id(node)] is below
    return True


def _around(scope: Scope, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    below = node
    for ancestor in scope.ancestors(node):
        yield ancestor, below
        below = ancestor


def _fix(scope: Scope, first: cst.CSTNode, call: cst.Call) -> Fix | None:
    """Move the call up, where it stands alone and its arguments are there from the start."""
    body = scope.node.body if isinstance(scope.node, cst.FunctionDef) else None
    statement = scope.statement(call)
    if not isinstance(body, cst.IndentedBlock) or statement not in body.body:
        return None
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    if any(not _is_there_from_the_start(scope, node) for arg in call.args for node in _nodes(arg.value)):
        return None
    top = next((s for s in body.body if s is first or any(a is s for a in scope.ancestors(first))), None)
    if top is None:
        return None
    moved = Change(top, top, scope.text(call), "before")
    return Fix("Call `super().__init__()` before it", (moved, Change(statement, statement, "", "delete")), "safe")


def _is_there_from_the_start(scope: Scope, node: cst.CSTNode) -> bool:
    """Whether a piece of an argument means the same at the beginning of the function."""
    if isinstance(node, cst.Name):
        return all(binding.kind in ("parameter", "import") for binding in scope.bindings.get(node.value, ()))
    return scope.self_attribute(node) is None and not isinstance(node, cst.Call)


def _nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _nodes(child)
