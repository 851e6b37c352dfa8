"""Walking LibCST trees without visitors: over the fields that carry meaning, in the order of the text.

A LibCST visitor rebuilds every node that it passes and its metadata providers cost several parses; rules only read.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import libcst as cst

# Fields that hold layout, not meaning. Annotations stay: they tell types.
_LAYOUT = {
    "asynchronous", "colon", "comma", "default_indent", "default_newline", "dot", "encoding", "equal", "first_colon",
    "footer", "has_trailing_newline", "header", "indent", "lbrace", "lbracket", "leading_lines",
    "lines_after_decorators", "lines_after_type_parameters", "lpar", "newline", "operator", "posonly_ind", "rbrace",
    "rbracket", "rpar", "second_colon", "semicolon", "trailing_whitespace",
}  # fmt: skip
_LEAVES = (
    cst.Name,
    cst.Integer,
    cst.Float,
    cst.Imaginary,
    cst.SimpleString,
    cst.Pass,
    cst.Break,
    cst.Continue,
    cst.Ellipsis,
    cst.MaybeSentinel,
    cst.BaseParenthesizableWhitespace,
)
_fields: dict[type, tuple[str, ...]] = dict.fromkeys(_LEAVES, ())

# A comprehension's loops run before its element but stand after it; a conditional's test stands in the middle.
_TEXT_ORDER: dict[type, tuple[str, ...]] = {
    cst.IfExp: ("body", "test", "orelse"),
    cst.FunctionDef: ("decorators", "name", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "name", "bases", "keywords", "body"),
    cst.DictComp: ("key", "value", "for_in"),
    cst.Comparison: ("left", "comparisons"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.Param: ("name", "annotation", "default"),
    cst.Arg: ("keyword", "value"),
    cst.AnnAssign: ("target", "annotation", "value"),
    cst.AugAssign: ("target", "value"),
    cst.Assign: ("targets", "value"),
}


def fields_of(kind: type) -> tuple[str, ...]:
    """The names of the fields of a node class that can hold meaningful nodes, in text order."""
    known = _fields.get(kind)
    if known is None:
        known = _TEXT_ORDER.get(kind)
        if known is None:
            names = [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
            known = tuple(n for n in names if "whitespace" not in n and n not in _LAYOUT)
        _fields[kind] = known
    return known


@cache
def concrete(kinds: tuple[type, ...]) -> frozenset[type]:
    """These node classes and all that derive from them: a look-up is cheaper than `isinstance` with LibCST's ABCs."""
    found: set[type] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting.extend(kind.__subclasses__())
    return frozenset(found)


#: The most frequent kinds, written out.
_FREQUENT: dict[type, Callable[[Any], list[cst.CSTNode]]] = {
    cst.Arg: lambda node: [node.value] if node.keyword is None else [node.keyword, node.value],
    cst.Assign: lambda node: [*node.targets, node.value],
    cst.AssignTarget: lambda node: [node.target],
    cst.Attribute: lambda node: [node.value, node.attr],
    cst.Call: lambda node: [node.func, *node.args],
    cst.Element: lambda node: [node.value],
    cst.Expr: lambda node: [node.value],
    cst.IndentedBlock: lambda node: [*node.body],
    cst.SimpleStatementLine: lambda node: [*node.body],
}
_NODES = concrete((cst.CSTNode,))
_CHILDLESS = concrete(_LEAVES)
_Getter = Callable[[cst.CSTNode], tuple[Any, ...]]
_getters: dict[type, _Getter | None] = {}


def _getter(kind: type) -> _Getter | None:
    """What gives the values of a node class's meaningful fields at once; `None` where it has none."""
    if kind not in _getters:
        names = fields_of(kind)
        _getters[kind] = attrgetter(*names) if len(names) > 1 else _single(names[0]) if names else None
    return _getters[kind]


def _single(name: str) -> _Getter:
    get = attrgetter(name)
    return lambda node: (get(node),)


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The meaningful children of a node, in text order."""
    kind = node.__class__
    frequent = _FREQUENT.get(kind)
    if frequent is not None:
        return frequent(node)
    get = _getters[kind] if kind in _getters else _getter(kind)
    found: list[cst.CSTNode] = []
    if get is not None:
        for value in get(node):
            kind = value.__class__
            if kind is tuple or kind is list:
                found.extend(value)
            elif kind in _NODES:
                found.append(value)
    return found


def walk(root: cst.CSTNode, *, classes: bool = False) -> Iterator[cst.CSTNode]:
    """Every node at and below `root`, in text order.

    What is in a class below it is left out unless `classes` says otherwise: it is checked by itself.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        kind = node.__class__
        if kind in _CHILDLESS or (kind is cst.ClassDef and node is not root and not classes):
            continue
        below = children(node)
        below.reverse()
        stack += below


@dataclasses.dataclass(frozen=True)
class Survey:
    """The nodes of a tree in text order, the same by their class, and for each, by its `id`, the node around it.

    LibCST's nodes hash in Python, so a table by `id` is much cheaper; the tree keeps its nodes alive.
    """

    nodes: list[cst.CSTNode]
    by_kind: dict[type, list[cst.CSTNode]]
    parents: dict[int, cst.CSTNode]


def survey(root: cst.CSTNode, enter: Callable[[cst.CSTNode], bool]) -> Survey:
    """Walk a tree once, below classes and functions only where `enter` says so."""
    nodes: list[cst.CSTNode] = []
    by_kind: dict[type, list[cst.CSTNode]] = defaultdict(list)
    parents: dict[int, cst.CSTNode] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        kind = node.__class__
        nodes.append(node)
        by_kind[kind].append(node)
        if kind in _CHILDLESS or ((kind is cst.ClassDef or kind is cst.FunctionDef) and not enter(node)):
            continue
        below = children(node)
        for child in below:
            parents[id(child)] = node
        below.reverse()
        stack += below
    return Survey(nodes, by_kind, parents)
