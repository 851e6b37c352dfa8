"""Walking over nodes, in the order of the text."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

from paramlint import nodes
from paramlint.nodes import Node, operators

#: Fields that hold no nodes.
_PLAIN = {"asynchronous", "evaluated_value", "operator", "star"}
#: What hangs below these is text.
_TEXTS = (nodes.Name, nodes.FormattedStringText, nodes.TemplatedStringText)
Children = Callable[[Any], list[Node]]
#: The most frequent kinds, written out.
_FREQUENT: dict[type[Node], Children] = {
    nodes.Arg: lambda node: [node.value] if node.keyword is None else [node.keyword, node.value],
    nodes.Assign: lambda node: [*node.targets, node.value],
    nodes.AssignTarget: lambda node: [node.target],
    nodes.Attribute: lambda node: [node.value, node.attr],
    nodes.Call: lambda node: [node.func, *node.args],
    nodes.Element: lambda node: [node.value],
    nodes.Expr: lambda node: [node.value],
    nodes.IndentedBlock: lambda node: [*node.body],
    nodes.SimpleStatementLine: lambda node: [*node.body],
}


@cache
def concrete(kinds: tuple[type[Node], ...]) -> frozenset[type[Node]]:
    """These classes of nodes and all that derive from them: a look-up is cheaper than `isinstance`."""
    found: set[type[Node]] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting.extend(kind.__subclasses__())
    return frozenset(found)


_NODES = concrete((Node,))


@cache
def fields_of(kind: type[Node]) -> tuple[str, ...]:
    """The names of the fields of a class that can hold nodes, in the order of the text."""
    return () if kind in _TEXTS else tuple(name for name in kind.__struct_fields__ if name not in _PLAIN)


def _of_fields(kind: type[Node]) -> Children:
    """What gives the nodes right below a node of a kind, read off its fields."""
    names = fields_of(kind)
    get = attrgetter(*names)
    is_one = len(names) == 1

    def children(node: Node) -> list[Node]:
        values: tuple[Any, ...] = (get(node),) if is_one else get(node)
        found: list[Node] = []
        for value in values:
            if value.__class__ is tuple:
                found.extend(value)
            elif value is not None:
                found.append(value)
        return found

    return children


#: What gives the nodes right below one; kinds that never have any are left out.
_CHILDREN: dict[type, Children] = {kind: _FREQUENT.get(kind) or _of_fields(kind) for kind in _NODES if fields_of(kind)}


def children(node: Node) -> list[Node]:
    """The nodes right below a node, in the order of the text."""
    get = _CHILDREN.get(node.__class__)
    return get(node) if get is not None else []


def walk(root: Node, *, classes: bool = False) -> Iterator[Node]:
    """Every node at and below `root`, in the order of the text.

    What is in a class below it is left out unless `classes` says otherwise: it is checked by itself.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        kind = node.__class__
        get = _CHILDREN.get(kind)
        if get is None or (kind is nodes.ClassDef and node is not root and not classes):
            continue
        below = get(node)
        below.reverse()
        stack += below


def is_spelled_like(one: Any, other: Any) -> bool:
    """Whether two nodes, or what stands in a field of two, are the same code."""
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(is_spelled_like, one, other))
    if isinstance(one, Node):
        fields = one.__class__.__struct_fields__
        return all(is_spelled_like(getattr(one, name), getattr(other, name)) for name in fields)
    return bool(one == other) or one.__class__.__module__ == operators.__name__


@dataclasses.dataclass(frozen=True)
class Survey:
    """The nodes of a tree in the order of the text, the same by their class, and the node around each."""

    nodes: list[Node]
    by_kind: dict[type, list[Node]]
    parents: dict[Node, Node]


def survey(root: Node, enter: Callable[[Node], bool]) -> Survey:
    """Walk a tree once, below classes and functions only where `enter` says so."""
    order: list[Node] = []
    by_kind: dict[type, list[Node]] = defaultdict(list)
    parents: dict[Node, Node] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        kind = node.__class__
        order.append(node)
        by_kind[kind].append(node)
        get = _CHILDREN.get(kind)
        if get is None or ((kind is nodes.ClassDef or kind is nodes.FunctionDef) and not enter(node)):
            continue
        below = get(node)
        for child in below:
            parents[child] = node
        below.reverse()
        stack += below
    return Survey(order, by_kind, parents)


def operands(test: nodes.BaseExpression) -> list[nodes.BaseExpression]:
    """The tests that `and` and `or` join."""
    if isinstance(test, nodes.BooleanOperation):
        return operands(test.left) + operands(test.right)
    return [test]
