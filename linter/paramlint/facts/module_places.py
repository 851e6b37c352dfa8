"""The places of a model that a scope puts a module into: the elements of containers, the arguments of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts.classes import Class
from paramlint.facts.types import owns_parameters
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

CONTAINERS = frozenset({"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"})
_TRANSPARENT = (
    cst.Arg, cst.Element, cst.StarredElement, cst.DictElement, cst.List, cst.Tuple, cst.Dict, cst.IfExp,
)  # fmt: skip
_ADDING = {"append", "insert", "extend", "add_module", "register_module", "setattr"}
_COMPREHENSIONS = (cst.ListComp, cst.GeneratorExp, cst.DictComp)


@dataclass(frozen=True)
class Place:
    """One mention of a module as an element of a container or as an argument of a layer.

    `call` is the container or layer that gets it; with `repeated`, a comprehension, loop or multiplication makes
    several places of this one mention, all for the same module.
    """

    node: cst.BaseExpression
    name: str
    call: cst.Call
    in_container: bool
    repeated: bool


_AROUND = frozenset({*_TRANSPARENT, *_COMPREHENSIONS})
_REPEATING = frozenset({cst.For, cst.BinaryOperation, *_COMPREHENSIONS})


def places_in(scope: Scope) -> dict[str, list[Place]]:
    """Per local name or attribute of `self` that is a module with parameters, its places in the order of the text.

    Names with one place, outside loops and the like, are left out.
    """
    mentions: dict[str, list[cst.Name | cst.Attribute]] = {}
    for node in scope.find(cst.Name, cst.Attribute):
        parent = scope.parent(node)
        if parent.__class__ not in _AROUND or getattr(parent, "keyword", None) is node:
            continue
        name = scope.dotted(node) if node.__class__ is cst.Name or scope.self_attribute(node) is not None else None
        if name is not None:
            mentions.setdefault(name, []).append(node)
    found: dict[str, list[Place]] = {}
    for name, nodes in mentions.items():
        if (len(nodes) == 1 and not _may_repeat(scope, nodes[0])) or origin(scope, name) is None:
            continue
        places = [place for node in nodes if _is_one_module(scope, node) and (place := _place(scope, node))]
        if places:
            found[name] = places
    return found


def _may_repeat(scope: Scope, node: cst.CSTNode) -> bool:
    return any(ancestor.__class__ in _REPEATING for ancestor in scope.ancestors(node))


def origin(scope: Scope, name: str) -> tuple[cst.CSTNode, cst.BaseExpression | None] | None:
    """The only statement that gives the name or attribute its value in this scope, and the value; else `None`."""
    head, _, attribute = name.partition(".")
    if attribute:
        own = [a for n, a in scope.assignments if n == attribute]
        return (own[0].node, own[0].value) if len(own) == 1 and own[0].how == "assign" else None
    bindings = scope.bindings.get(head, [])
    if len(bindings) != 1 or bindings[0].kind not in ("assign", "parameter"):
        return None
    return bindings[0].node, bindings[0].value if bindings[0].kind == "assign" else None


def exclude_each_other(scope: Scope, first: cst.CSTNode, second: cst.CSTNode) -> bool:
    """Whether two nodes stand in different branches of one `if`, so that only one of them runs."""
    branches = dict(_branches(scope, first))
    return any(branches.get(test, branch) is not branch for test, branch in _branches(scope, second))


def _branches(scope: Scope, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    below = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (cst.If, cst.IfExp)) and below is not ancestor.test:
            yield ancestor, below
        below = ancestor


def _is_one_module(scope: Scope, node: cst.BaseExpression) -> bool:
    value = scope.type(node)
    return value is not None and value.is_module and owns_parameters(value) is True


def _place(scope: Scope, node: cst.Name | cst.Attribute) -> Place | None:
    name = scope.dotted(node)
    if name is None:
        return None
    call: cst.Call | None = None
    in_container = repeated = False
    below: cst.CSTNode = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, cst.Call):
            if below is ancestor.func:
                return None
            kind = _kind(scope, ancestor)
            if kind is None:
                return None
            if call is None and kind != "plain":
                call, in_container = ancestor, kind == "container"
            elif call is None and isinstance(ancestor.func, cst.Attribute):
                call = _container_of(scope, ancestor.func.value)
                in_container = call is not None
        elif isinstance(ancestor, cst.BinaryOperation):
            if not isinstance(ancestor.operator, (cst.Add, cst.Multiply)):
                return None
            repeated = repeated or isinstance(ancestor.operator, cst.Multiply)
        elif isinstance(ancestor, _COMPREHENSIONS):
            if isinstance(below, cst.CompFor):
                return None
            repeated = repeated or name.partition(".")[0] not in _targets(ancestor)
        elif not isinstance(ancestor, _TRANSPARENT):
            break
        below = ancestor
    if call is None:
        call = _later_container(scope, below)
        in_container = call is not None
    if call is None:
        return None
    return Place(node, name, call, in_container, repeated or _is_in_loop(scope, node, name))


def _kind(scope: Scope, call: cst.Call) -> str | None:
    """What a call makes of a module that it is given: a part of a container or layer, nothing new, or unknown."""
    name = scope.qualified(call.func)
    if name in CONTAINERS:
        return "container"
    if name in ("list", "tuple", "dict", "collections.OrderedDict"):
        return "plain"
    if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("append", "insert", "extend", "add_module"):
        receiver = scope.type(call.func.value)
        return "container" if receiver is not None and receiver.is_module else "plain"
    symbol = scope.resolve(call.func)
    return "layer" if isinstance(symbol, Class) and _keeps(symbol) else None


def _keeps(cls: Class) -> bool:
    """Whether a class is a module that keeps what it is given, rather than a copy of it."""
    constructor = cls.method("__init__")
    if not cls.is_module or constructor is None:
        return False
    text = constructor.file.source.lines(constructor.unit.first, constructor.unit.last)
    return re.search(r"\bdeepcopy\b|\bclones?\b", text) is None


def _targets(comprehension: cst.ListComp | cst.GeneratorExp | cst.DictComp) -> set[str]:
    loops: list[cst.CompFor] = [comprehension.for_in]
    while loops[-1].inner_for_in is not None:
        loops.append(loops[-1].inner_for_in)
    return {name.value for loop in loops for name in walk(loop.target) if isinstance(name, cst.Name)}


def _later_container(scope: Scope, display: cst.CSTNode) -> cst.Call | None:
    """The container that a list is handed to under the name that it is assigned to."""
    parent = scope.parent(display)
    if not isinstance(display, (cst.List, cst.Tuple, *_COMPREHENSIONS, cst.BinaryOperation)):
        return None
    if not isinstance(parent, cst.Assign) or len(parent.targets) != 1:
        return None
    return _container_of(scope, parent.targets[0].target)


def _container_of(scope: Scope, items: cst.CSTNode) -> cst.Call | None:
    """The container that a list is handed to under its name."""
    if not isinstance(items, cst.Name):
        return None
    for call in scope.find(cst.Call):
        if any(isinstance(arg.value, cst.Name) and arg.value.value == items.value for arg in call.args):
            if scope.qualified(call.func) in CONTAINERS:
                return call
    return None


def _is_in_loop(scope: Scope, node: cst.CSTNode, name: str) -> bool:
    """Whether a loop runs over the place and not over the statement that builds the module."""
    built = origin(scope, name)
    around = set(map(id, scope.ancestors(built[0]))) if built is not None else set()
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, cst.FunctionDef):
            return False
        if isinstance(ancestor, cst.For) and id(ancestor) not in around:
            return _is_collected(scope, node, ancestor)
    return False


def _is_collected(scope: Scope, node: cst.CSTNode, loop: cst.For) -> bool:
    """Whether what a loop makes of a module is kept each time round, not given to a name that the next round takes."""
    statement = scope.statement(node)
    if _adds(statement):
        return True
    names = {
        n.value for n in walk(statement) if isinstance(n, cst.Name) and isinstance(scope.parent(n), cst.AssignTarget)
    }
    return any(
        isinstance(n, cst.Name) and n.value in names and _adds(scope.statement(n)) and scope.statement(n) is not loop
        for n in walk(loop.body)
    )


def _adds(statement: cst.CSTNode) -> bool:
    """Whether a statement puts something into a container: `layers.append(x)`, `layers[i] = x`, `layers += [x]`."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    for node in walk(statement):
        if isinstance(node, cst.Call):
            name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
            if isinstance(name, cst.Name) and name.value in _ADDING:
                return True
        elif isinstance(node, cst.AugAssign) or (
            isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Subscript)
        ):
            return True
    return False
