"""A module's `__init__` has to call `super().__init__()` before it can hold parameters.

`nn.Module.__init__` makes the dictionaries in which parameters, buffers and submodules are registered. Without it the
first assignment of a module or parameter raises `AttributeError: cannot assign module before Module.__init__() call`.

Bad:
    class Net(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(8, 8)

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8)

Fix: safe. The class could not be instantiated before.
Leave it: a decorator of the class calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.docstrings import is_docstring
from paramlint.facts.heirs import calls_left_to_heirs, is_seen_to_by_heirs
from paramlint.facts.super_init import (
    initializer_calls,
    is_initialized_elsewhere,
    needs_initialized,
    takes_no_arguments,
)
from paramlint.rule import Calls, Change, Defines, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule(
    "PRM405",
    "missing-super-init",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Defines("__init__", unless_first="__init__"), Calls("super")),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    cls, node = scope.cls, scope.node
    if scope.name != "__init__" or cls is None or not cls.is_module or not isinstance(node, nodes.FunctionDef):
        return
    if initializer_calls(scope) or is_initialized_elsewhere(cls) or any(True for _ in calls_left_to_heirs(scope)):
        return
    if is_seen_to_by_heirs(cls, is_initialized_elsewhere):
        return
    attribute = next(_registered(scope), None)
    if attribute is not None:
        message = f"`{cls.name}.__init__` does not call `super().__init__()`, so assigning `self.{attribute}` raises"
        yield Finding(node.name, message, _fix(node) if takes_no_arguments(cls) else None)


def _registered(scope: Scope) -> Iterator[str]:
    """The attributes that it registers, itself or in a method that it calls."""
    yield from (name for name, _ in needs_initialized(scope))
    for call in scope.find(nodes.Call):
        method = scope.self_attribute(call.func)
        called = scope.cls.own_method(method) if method is not None and scope.cls is not None else None
        if called is not None:
            yield from (name for name, _ in needs_initialized(called))


def _fix(node: nodes.FunctionDef) -> Fix | None:
    if not isinstance(node.body, nodes.IndentedBlock):
        return None
    statements = node.body.body
    has_docstring = is_docstring(statements[0])
    first = statements[1] if has_docstring and len(statements) > 1 else statements[0]
    where: Literal["after", "before"] = "after" if has_docstring and len(statements) == 1 else "before"
    return Fix("Call `super().__init__()` first", (Change(first, first, "super().__init__()", where),), "safe")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for name, cls, place in model.unprepared:
        message = f"`{cls.__name__}.__init__` does not call `super().__init__()`, so it registers nothing"
        yield Proof(name, message, cls.__qualname__, "", *place)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.initialised_bases
