"""The places of a model that a scope puts a module into: the elements of containers, the arguments of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.types import owns_parameters
from paramlint.nodes import operators
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

CONTAINERS = frozenset({"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"})
_TRANSPARENT = (
    nodes.Arg, nodes.Element, nodes.StarredElement, nodes.DictElement, nodes.List, nodes.Tuple, nodes.Dict, nodes.IfExp,
)  # fmt: skip
_ADDING = {"append", "insert", "extend", "add_module", "register_module", "setattr"}
_COMPREHENSIONS = (nodes.ListComp, nodes.GeneratorExp, nodes.DictComp)


@dataclass(frozen=True)
class Place:
    """One mention of a module as an element of a container or as an argument of a layer.

    `call` is the container or layer that gets it; with `repeated`, a comprehension, loop or multiplication makes
    several places of this one mention, all for the same module.
    """

    node: nodes.BaseExpression
    name: str
    call: nodes.Call
    in_container: bool
    repeated: bool


_AROUND = frozenset({*_TRANSPARENT, *_COMPREHENSIONS})
_REPEATING = frozenset({nodes.For, nodes.BinaryOperation, *_COMPREHENSIONS})


def places_in(scope: Scope) -> dict[str, list[Place]]:
    """Per local name or attribute of `self` that is a module with parameters, its places in the order of the text.

    Names with one place, outside loops and the like, are left out.
    """
    mentions: dict[str, list[nodes.Name | nodes.Attribute]] = {}
    for node in scope.find(nodes.Name, nodes.Attribute):
        parent = scope.parent(node)
        if parent.__class__ not in _AROUND or getattr(parent, "keyword", None) is node:
            continue
        name = scope.dotted(node) if node.__class__ is nodes.Name or scope.self_attribute(node) is not None else None
        if name is not None:
            mentions.setdefault(name, []).append(node)
    found: dict[str, list[Place]] = {}
    for name, mentioned in mentions.items():
        if (len(mentioned) == 1 and not _may_repeat(scope, mentioned[0])) or origin(scope, name) is None:
            continue
        places = [place for node in mentioned if _is_one_module(scope, node) and (place := _place(scope, node))]
        if places:
            found[name] = places
    return found


def _may_repeat(scope: Scope, node: nodes.Node) -> bool:
    return any(ancestor.__class__ in _REPEATING for ancestor in scope.ancestors(node))


def origin(scope: Scope, name: str) -> tuple[nodes.Node, nodes.BaseExpression | None] | None:
    """The only statement that gives the name or attribute its value in this scope, and the value; else `None`."""
    head, _, attribute = name.partition(".")
    if attribute:
        own = scope.assignments_of(attribute)
        return (own[0].node, own[0].value) if len(own) == 1 and own[0].how == "assign" else None
    bindings = scope.bindings.get(head, [])
    if len(bindings) != 1 or bindings[0].kind not in ("assign", "parameter"):
        return None
    return bindings[0].node, bindings[0].value if bindings[0].kind == "assign" else None


def exclude_each_other(scope: Scope, first: nodes.Node, second: nodes.Node) -> bool:
    """Whether two nodes stand in different branches of one `if`, so that only one of them runs."""
    branches = dict(_branches(scope, first))
    return any(branches.get(test, branch) is not branch for test, branch in _branches(scope, second))


def _branches(scope: Scope, node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.Node]]:
    below = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (nodes.If, nodes.IfExp)) and below is not ancestor.test:
            yield ancestor, below
        below = ancestor


def _is_one_module(scope: Scope, node: nodes.BaseExpression) -> bool:
    value = scope.type(node)
    return value is not None and value.is_module and owns_parameters(value) is True


def _place(scope: Scope, node: nodes.Name | nodes.Attribute) -> Place | None:
    name = scope.dotted(node)
    if name is None:
        return None
    call: nodes.Call | None = None
    in_container = repeated = False
    below: nodes.Node = node
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.Call):
            if below is ancestor.func:
                return None
            kind = _kind(scope, ancestor)
            if kind is None:
                return None
            if call is None and kind != "plain":
                call, in_container = ancestor, kind == "container"
            elif call is None and isinstance(ancestor.func, nodes.Attribute):
                call = _container_of(scope, ancestor.func.value)
                in_container = call is not None
        elif isinstance(ancestor, nodes.BinaryOperation):
            if not isinstance(ancestor.operator, (operators.Add, operators.Multiply)):
                return None
            repeated = repeated or isinstance(ancestor.operator, operators.Multiply)
        elif isinstance(ancestor, _COMPREHENSIONS):
            if isinstance(below, nodes.CompFor):
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


def _kind(scope: Scope, call: nodes.Call) -> str | None:
    """What a call makes of a module that it is given: a part of a container or layer, nothing new, or unknown."""
    name = scope.qualified(call.func)
    if name in CONTAINERS:
        return "container"
    if name in ("list", "tuple", "dict", "collections.OrderedDict"):
        return "plain"
    if isinstance(call.func, nodes.Attribute) and call.func.attr.value in ("append", "insert", "extend", "add_module"):
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


def _targets(comprehension: nodes.ListComp | nodes.GeneratorExp | nodes.DictComp) -> set[str]:
    loops: list[nodes.CompFor] = [comprehension.for_in]
    while loops[-1].inner_for_in is not None:
        loops.append(loops[-1].inner_for_in)
    return {name.value for loop in loops for name in walk(loop.target) if isinstance(name, nodes.Name)}


def _later_container(scope: Scope, display: nodes.Node) -> nodes.Call | None:
    """The container that a list is handed to under the name that it is assigned to."""
    parent = scope.parent(display)
    if not isinstance(display, (nodes.List, nodes.Tuple, *_COMPREHENSIONS, nodes.BinaryOperation)):
        return None
    if not isinstance(parent, nodes.Assign) or len(parent.targets) != 1:
        return None
    return _container_of(scope, parent.targets[0].target)


def _container_of(scope: Scope, items: nodes.Node) -> nodes.Call | None:
    """The container that a list is handed to under its name."""
    if not isinstance(items, nodes.Name):
        return None
    for call in scope.find(nodes.Call):
        if any(isinstance(arg.value, nodes.Name) and arg.value.value == items.value for arg in call.args):
            if scope.qualified(call.func) in CONTAINERS:
                return call
    return None


def _is_in_loop(scope: Scope, node: nodes.Node, name: str) -> bool:
    """Whether a loop runs over the place and not over the statement that builds the module."""
    built = origin(scope, name)
    around = set(scope.ancestors(built[0])) if built is not None else set()
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.FunctionDef):
            return False
        if isinstance(ancestor, nodes.For) and ancestor not in around:
            return _is_collected(scope, node, ancestor)
    return False


def _is_collected(scope: Scope, node: nodes.Node, loop: nodes.For) -> bool:
    """Whether what a loop makes of a module is kept each time round, not given to a name that the next round takes."""
    statement = scope.statement(node)
    if _adds(statement):
        return True
    names = {
        n.value
        for n in walk(statement)
        if isinstance(n, nodes.Name) and isinstance(scope.parent(n), nodes.AssignTarget)
    }
    return any(
        isinstance(n, nodes.Name) and n.value in names and _adds(scope.statement(n)) and scope.statement(n) is not loop
        for n in walk(loop.body)
    )


def _adds(statement: nodes.Node) -> bool:
    """Whether a statement puts something into a container: `layers.append(x)`, `layers[i] = x`, `layers += [x]`."""
    if not isinstance(statement, nodes.SimpleStatementLine):
        return False
    for node in walk(statement):
        if isinstance(node, nodes.Call):
            name = node.func.attr if isinstance(node.func, nodes.Attribute) else node.func
            if isinstance(name, nodes.Name) and name.value in _ADDING:
                return True
        elif isinstance(node, nodes.AugAssign) or (
            isinstance(node, nodes.AssignTarget) and isinstance(node.target, nodes.Subscript)
        ):
            return True
    return False
