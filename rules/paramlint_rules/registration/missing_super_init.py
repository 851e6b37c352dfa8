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

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Literal

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.docstrings import is_docstring
from paramlint.facts.heirs import calls_left_to_heirs, heirs_anywhere, heirs_of, is_seen_to_by_heirs
from paramlint.facts.module_nesting import is_same
from paramlint.facts.super_init import (
    initializer_calls,
    is_initialized_elsewhere,
    needs_initialized,
    takes_no_arguments,
)
from paramlint.rule import Calls, Change, Defines, Finding, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

rule = Rule(
    "PRM405",
    "missing-super-init",
    group="bug",
    fix="safe",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Defines("__init__", unless_first="__init__"), Calls("super")),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    cls, node = scope.cls, scope.node
    if scope.name != "__init__" or cls is None or not isinstance(node, nodes.FunctionDef):
        return
    if not cls.is_module and (cls.bases or cls.is_module is None):
        return
    if initializer_calls(scope) or is_initialized_elsewhere(cls) or any(True for _ in calls_left_to_heirs(scope)):
        return
    own = _registered(scope) if cls.is_module else ()
    attribute = next(chain(own, _registered_by_heirs(cls)), None)
    what = f"assigning `self.{attribute}`" if attribute is not None else "a call of the module"
    is_wrong = attribute is not None or (cls.is_module and _is_to_be_called(cls, scope, node))
    if is_wrong and not is_seen_to_by_heirs(cls, is_initialized_elsewhere):
        message = f"`{cls.name}.__init__` does not call `super().__init__()`, so {what} raises"
        yield Finding(node.name, message, _fix(node) if takes_no_arguments(cls) else None)


#: Ways to set up a module by hand.
_BY_HAND = re.compile(r"__dict__|__class__|__setstate__|_modules|_parameters|_buffers|_hooks|__setattr__|\bsetattr\(")


def _is_to_be_called(cls: Class, scope: Scope, node: nodes.FunctionDef) -> bool:
    """Whether a class with a pass of its own is set up, with attributes only that need no module yet."""
    own = cls.own_method("forward")
    if own is None or "__call__" in cls.outline.methods or not cls.bases or _BY_HAND.search(scope.source):
        return False
    if any(base not in ("torch.nn.Module", "torch.nn.modules.module.Module") for base in cls.bases):
        return False
    is_left = any(isinstance(n, nodes.Raise) for n in walk(node.body))
    return bool(scope.assignments) and not is_left and not any(isinstance(n, nodes.Raise) for n in walk(own.node))


def _registered(scope: Scope) -> Iterator[str]:
    """The attributes that it registers, itself or in a method that it calls."""
    yield from (name for name, _ in needs_initialized(scope))
    for call in scope.find(nodes.Call):
        method = scope.self_attribute(call.func)
        called = scope.cls.own_method(method) if method is not None and scope.cls is not None else None
        if called is not None:
            yield from (name for name, _ in needs_initialized(called))


def _registered_by_heirs(cls: Class) -> Iterator[str]:
    """The attributes that heirs register when this constructor has run, to which they leave it to set the module up."""
    for heir in heirs_anywhere(cls) if cls.is_module else heirs_of(cls):  # plain classes are many
        init = heir.own_method("__init__")
        base = heir.bases[0] if heir.bases else None
        is_next = heir.is_module and isinstance(base, Class) and is_same(base, cls)
        calls = initializer_calls(init) if init is not None and is_next else []
        if init is None or not calls or any(not init.text(call.func).startswith("super(") for call in calls):
            continue
        first = init.order(calls[0])
        yield from (name for name, a in needs_initialized(init) if a.value is not None and init.order(a.value) > first)


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
