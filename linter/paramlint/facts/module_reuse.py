"""Modules that one instance applies at several depths, or that several instances overwrite parts of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from paramlint import nodes
from paramlint.facts.creation import is_creation
from paramlint.facts.norms import is_norm
from paramlint.facts.types import owns_parameters
from paramlint.nodes.assigned import assigned
from paramlint.syntax.outline import statements
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.assignments import Assignment
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope

_CALLED = re.compile(r"\b\w+\.(\w*(?:norm|bn|ln)\w*)\(", re.I)
#: An assignment to an attribute of something that is not `self`.
_PART = re.compile(r"^[ \t]+(?:(?!self\.)\w+|self\.\w+)(?:\.\w+|\[[^\]\n]*\])*\.\w+ *(?::[^=\n]*)?= *\w", re.M)


class Use(NamedTuple):
    """A call of a submodule."""

    scope: Scope
    node: nodes.Call


def reused_norms(cls: Class) -> Iterator[tuple[str, Assignment, Use]]:
    """Norms that `forward` applies to one variable, lets layers change it, and applies again.

    Gives the attribute's name, the assignment that builds it, and the later call.
    """
    forward = cls.own_method("forward")
    if forward is None:
        return
    calls = _CALLED.findall(forward.source)
    in_loops = _called_in_loops(forward) if calls else set()
    called = dict.fromkeys(name for name in calls if calls.count(name) > 1 or name in in_loops)
    if not called or not cls.is_module:
        return
    for name in called:
        assignments = cls.assignments(name)
        if len(assignments) != 1 or not is_norm(cls.attribute(name)):
            continue
        use = _second_depth(forward, name)
        if use is not None:
            yield name, assignments[0], Use(forward, use)


def _called_in_loops(forward: Scope) -> set[str]:
    """The names of attributes that are called inside a `for`; nothing is parsed to tell."""
    body = getattr(forward.unit.tree, "body", [])
    loops = [node for node in statements(body) if isinstance(node, (ast.For, ast.AsyncFor))]
    calls = [node.func for loop in loops for node in ast.walk(loop) if isinstance(node, ast.Call)]
    return {func.attr for func in calls if isinstance(func, ast.Attribute)}


def _second_depth(forward: Scope, name: str) -> nodes.Call | None:
    calls = [c for c in forward.find(nodes.Call) if forward.self_attribute(c.func) == name and len(c.args) == 1]
    for index, call in enumerate(calls):
        variable = call.args[0].value
        if not isinstance(variable, nodes.Name):
            continue
        if _is_carried_by_loop(forward, call, variable.value):
            return call
        for earlier in calls[:index]:
            if _same_block(forward, earlier, call) and _changed_between(forward, earlier, call, variable.value):
                return call
    return None


def _same_block(forward: Scope, first: nodes.Call, second: nodes.Call) -> bool:
    """Whether both run whenever one does: the nearest condition or loop around them is the same."""
    kinds = (nodes.If, nodes.IfExp, nodes.For, nodes.While, nodes.Try, nodes.Else, nodes.ExceptHandler)
    around = [next((a for a in forward.ancestors(c) if isinstance(a, kinds)), None) for c in (first, second)]
    return around[0] is around[1]


def _changed_between(forward: Scope, first: nodes.Call, second: nodes.Call, variable: str) -> bool:
    """Whether both calls normalise one variable, and a layer gives it a new value in between."""
    given = first.args[0].value
    if not isinstance(given, nodes.Name) or given.value != variable:
        return False
    start, end = forward.order(first), forward.order(second)
    for binding in forward.bindings.get(variable, []):
        if binding.kind != "assign" or binding.value is None:
            continue
        # the statement that holds the first call counts when a layer takes what it gives
        begins, ends = forward.order(binding.node), max(forward.order(n) for n in walk(binding.node))
        if (
            ends >= start
            and begins < end
            and not begins <= end <= ends
            and _has_layer_call(forward, binding.value, first)
        ):
            return True
    return False


def _is_carried_by_loop(forward: Scope, call: nodes.Call, variable: str) -> bool:
    """Whether a loop over layers applies the norm to what the layer before gave, each time round."""
    loop = next((a for a in forward.ancestors(call) if isinstance(a, (nodes.For, nodes.If, nodes.FunctionDef))), None)
    if not isinstance(loop, nodes.For):
        return False
    layers = {n.value for n in walk(loop.target) if isinstance(n, nodes.Name)}
    pairs = [pair for n in walk(loop.body) for pair in assigned(n)]
    taken = {to.value for to, value in pairs if isinstance(to, nodes.Name) and _is_item(value, layers)}
    statement = forward.statement(call)
    if not _binds(forward, statement, variable):
        return False
    for inner in walk(loop.body):
        called = inner.func if isinstance(inner, nodes.Call) else None
        is_layer = isinstance(called, nodes.Name) and called.value in layers | taken
        if isinstance(inner, nodes.Call) and (is_layer or _is_item(called, layers)):
            takes = any(isinstance(n, nodes.Name) and n.value == variable for a in inner.args for n in walk(a.value))
            if takes and _binds(forward, forward.statement(inner), variable):
                return True
    return False


def _is_item(node: nodes.Node | None, indices: set[str]) -> bool:
    """Whether it is `layers[i]`, where `i` is one of some names."""
    if not isinstance(node, nodes.Subscript):
        return False
    return any(isinstance(n, nodes.Name) and n.value in indices for part in node.slice for n in walk(part))


def _binds(forward: Scope, statement: nodes.Node, variable: str) -> bool:
    inside = set(walk(statement))
    return any(b.node in inside and b.kind == "assign" for b in forward.bindings.get(variable, []))


def _has_layer_call(forward: Scope, value: nodes.BaseExpression, norm: nodes.Call) -> bool:
    """Whether an expression calls a submodule other than the norm."""
    for node in walk(value):
        if isinstance(node, nodes.Call) and forward.text(node.func) != forward.text(norm.func):
            if forward.self_attribute(node.func) is not None or isinstance(node.func, (nodes.Name, nodes.Subscript)):
                return True
    return False


def overwritten_parts(cls: Class) -> Iterator[tuple[nodes.BaseExpression, str]]:
    """Parts that `__init__` replaces inside a module that it is given, where the file gives one module to several.

    `layer.norm = Norm()` for the layers of an argument: the instances that get the same argument overwrite each other.
    """
    constructor = cls.own_method("__init__")
    if constructor is None:
        return
    text = cls.file.source.lines(constructor.unit.first, constructor.unit.last)
    if _PART.search(text) is None or not cls.is_module or not isinstance(constructor.node, nodes.FunctionDef):
        return
    parameters = [p.name.value for p in constructor.node.params.params][1:]
    pairs = [pair for node in constructor.find(nodes.Assign, nodes.AnnAssign) for pair in assigned(node)]
    for target, value in pairs:
        if not isinstance(target, nodes.Attribute) or not is_creation(constructor, _made(constructor, value)):
            continue
        if owns_parameters(constructor.type(value)) is not True:
            continue
        owner = _argument_of(constructor, target.value, parameters)
        if owner is not None and _is_given_to_several(cls, parameters.index(owner), owner):
            yield target, owner


def _made(scope: Scope, node: nodes.BaseExpression) -> nodes.BaseExpression:
    """What a name that is bound once stands for."""
    bound = scope.bindings.get(node.value, ()) if isinstance(node, nodes.Name) else ()
    return bound[0].value or node if len(bound) == 1 and bound[0].kind == "assign" else node


def _argument_of(scope: Scope, node: nodes.BaseExpression, parameters: list[str], depth: int = 0) -> str | None:
    """The constructor's argument that an expression is a part of: through loops and attributes that keep it."""
    while isinstance(node, (nodes.Attribute, nodes.Subscript)):
        kept = scope.self_attribute(node)
        if kept is not None:
            values = [a.value for n, a in scope.assignments if n == kept]
            if len(values) != 1 or not isinstance(values[0], nodes.Name):
                return None
            node = values[0]
            break
        node = node.value
    if not isinstance(node, nodes.Name) or depth > 3:
        return None
    if node.value in parameters:
        return node.value
    loops = [b for b in scope.bindings.get(node.value, []) if b.kind == "for" and b.value is not None]
    return _argument_of(scope, loops[0].value, parameters, depth + 1) if len(loops) == 1 and loops[0].value else None


def _is_given_to_several(cls: Class, index: int, parameter: str) -> bool:
    """Whether the file builds several instances with one module: in a loop that does not build the module too."""
    from paramlint.facts.module_places import places_in

    name = cls.name
    for unit in cls.file.outline.units:
        if unit.kind == "class" or f"{name}(" not in cls.file.source.lines(unit.first, unit.last):
            continue
        scope = cls.file.scope(unit)
        for found in places_in(scope).values():
            given = [
                p for p in found if scope.resolve(p.call.func) is cls and _is_argument(p.call, p.node, index, parameter)
            ]
            if len(given) > 1 or any(place.repeated for place in given):
                return True
    return False


def _is_argument(call: nodes.Call, node: nodes.Node, index: int, parameter: str) -> bool:
    for position, arg in enumerate(call.args):
        if arg.value is node:
            return arg.keyword.value == parameter if arg.keyword is not None else position == index
    return False
