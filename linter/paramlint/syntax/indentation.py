"""How far the code around a statement is indented, for lines that fixes add there."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from paramlint.source.text import Source

#: What may have a block below its first row.
_Header = ast.stmt | ast.excepthandler | ast.match_case
#: The headers right below a node, with their rows: each fix in a file asks for them again.
_ROWS: WeakKeyDictionary[ast.AST, tuple[list[int], list[_Header]]] = WeakKeyDictionary()
#: What the first block of a file is indented.
_FIRST: WeakKeyDictionary[ast.AST, str] = WeakKeyDictionary()


def level(source: Source, tree: ast.Module, row: int) -> str:
    """What the block of the statement at a row is indented more than its header; outside of blocks, what the first
    block of the file is."""
    header = _around(tree, row)
    if header is not None:
        return _more(source, header, row)
    if tree not in _FIRST:
        _FIRST[tree] = _of_first_block(source, tree)
    return _FIRST[tree]


def _of_first_block(source: Source, tree: ast.Module) -> str:
    for node in ast.walk(tree):
        first = next(_children(node), None) if isinstance(node, _Header) else None
        if isinstance(first, ast.stmt) and len(of_row(source, first.lineno)) == first.col_offset:
            return _more(source, node, first.lineno)  # type: ignore[arg-type]
    return "    "


def _more(source: Source, header: _Header, row: int) -> str:
    outer, inner = of_row(source, _first(header)), of_row(source, row)
    return inner[len(outer) :] if inner.startswith(outer) and inner != outer else "    "


def of_row(source: Source, row: int) -> str:
    """The white space that a row begins with."""
    line = source.line(row)
    return line[: len(line) - len(line.lstrip())]


def _around(tree: ast.Module, row: int) -> _Header | None:
    """The innermost header above a row in whose blocks it lies."""
    header: _Header | None = None
    inside: ast.AST = tree
    while True:
        if inside not in _ROWS:
            children = list(_children(inside))
            _ROWS[inside] = [_first(child) for child in children], children
        firsts, children = _ROWS[inside]
        place = bisect_left(firsts, row) - 1  # those that begin on the row itself are no headers above it
        if place < 0 or row > _last(children[place]):
            return header
        header = inside = children[place]


def _children(node: ast.AST) -> Iterator[_Header]:
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, _Header))


def _first(node: _Header) -> int:
    """The row that a header begins on; a case has none of its own."""
    return node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno


def _last(node: _Header) -> int:
    last = node.body[-1] if isinstance(node, ast.match_case) else node
    return last.end_lineno or last.lineno
