"""Functions that are applied to every module of a model, and the classes of modules that they initialise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts.classes import Class
from paramlint.facts.type_tests import type_test
from paramlint.facts.writers import written
from paramlint.knowledge import module_class
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.files import Symbol
    from paramlint.facts.scopes import Scope


def applied_function(scope: Scope, call: cst.Call) -> Scope | None:
    """The function that `self.apply(...)` gives every submodule to, also where an own method does so."""
    name = scope.self_attribute(call.func)
    if scope.cls is None or name is None:
        return None
    if name == "apply" and len(call.args) == 1:
        return _function(scope, call.args[0].value)
    method = scope.cls.method(name) if "init" in name and not call.args else None
    if method is None or method.name == "__init__":
        return None
    inner = [c for c in method.find(cst.Call) if method.self_attribute(c.func) == "apply" and len(c.args) == 1]
    return _function(method, inner[0].args[0].value) if len(inner) == 1 else None


def _function(scope: Scope, node: cst.BaseExpression) -> Scope | None:
    if isinstance(node, cst.Call) and scope.qualified(node.func) in ("functools.partial", "partial") and node.args:
        return _function(scope, node.args[0].value)
    name = scope.self_attribute(node)
    if name is not None:
        return scope.cls.method(name) if scope.cls is not None else None
    symbol = scope.resolve(node)
    return None if isinstance(symbol, (str, Class)) else symbol


def initialised_classes(function: Scope) -> set[Symbol]:
    """The classes that a function tests its argument for before it writes a tensor."""
    found: set[Symbol] = set()
    for node in function.find(cst.If):
        if not any(True for inner in walk(node.body) for _ in written(function, inner)):
            continue
        for inner in walk(node.test):
            test = type_test(function, inner)
            for option in test.classes if test is not None else ():
                symbol = function.resolve(option)
                if symbol is not None:
                    found.add(symbol)
    return found


def makes_one_of(scope: Scope, value: cst.BaseExpression, classes: set[Symbol]) -> bool:
    """Whether an expression constructs one of the classes, perhaps inside a container."""
    return any(isinstance(node, cst.Call) and _is_one_of(scope, node, classes) for node in walk(value))


def _is_one_of(scope: Scope, call: cst.Call, classes: set[Symbol]) -> bool:
    symbol = scope.resolve(call.func)
    if symbol is None:
        return False
    if symbol in classes:
        return True
    if isinstance(symbol, Class):
        return any(base in classes for base in (*symbol.mro, *symbol.outside) if base is not None)
    known = module_class(symbol) if isinstance(symbol, str) else None
    return known is not None and any(base in classes for base in known.bases)
