"""The statement that stands at a place: what is around it, what it assigns, and whether it runs with each instance."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from paramlint.finding import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
#: Calls whose first string is the name of an attribute.
REGISTERING = frozenset({"register_parameter", "register_buffer", "register_module", "add_module"})


class Statements:
    """A file's statements, looked up by place and by what they say; what a look has cost is not paid again.

    Args:
        tree: the file's tree.
    """

    def __init__(self, tree: ast.AST) -> None:
        self._tree = tree
        self._below: dict[ast.AST, tuple[list[tuple[int, int]], list[ast.stmt]]] = {}
        self._kept: dict[ast.stmt, dict[str, list[Path]]] = {}

    def around(self, row: int, column: int) -> list[ast.stmt]:
        """The statements around a place, the outermost first."""
        found: list[ast.stmt] = []
        inside = self._tree
        while True:
            if inside not in self._below:
                statements = list(_statements(inside))
                self._below[inside] = [(_first(node), _column(node)) for node in statements], statements
            starts, statements = self._below[inside]
            place = bisect_right(starts, (row, column - 1)) - 1
            if place < 0 or not _holds(statements[place], row, column):
                return found
            inside = statements[place]
            found.append(inside)

    def kept_as(self, function: ast.stmt, locals_: set[str]) -> set[Path]:
        """The attributes that a function sets from values that mention these variables."""
        if not locals_:
            return set()
        if function not in self._kept:
            kept = self._kept[function] = defaultdict(list)
            for name, path in _kept(function):
                kept[name].append(path)
        return {path for name in locals_ for path in self._kept[function].get(name, ())}


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from _statements(child)


def _first(node: ast.stmt) -> int:
    """The row on which a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _column(node: ast.stmt) -> int:
    return 0 if getattr(node, "decorator_list", []) else node.col_offset


def _holds(node: ast.stmt, row: int, column: int) -> bool:
    """Whether a place is in a statement, its decorators included; a row may hold several."""
    first = _first(node)
    if not first <= row <= (node.end_lineno or first):
        return False
    starts = row != node.lineno or column > node.col_offset
    return starts and (row != node.end_lineno or column <= (node.end_col_offset or column))


def class_around(around: list[ast.stmt]) -> tuple[str, bool]:
    """The qualified name of the innermost class, and whether the place is in its own body rather than in a method."""
    qualname, name, in_body = "", "", False
    for node in around:
        if isinstance(node, ast.ClassDef):
            name = f"{name}{node.name}"
            qualname, name, in_body = name, f"{name}.", True
        elif isinstance(node, FUNCTIONS):
            name, in_body = f"{name}{node.name}.<locals>.", False
    return qualname, in_body


def targets(statement: ast.stmt, class_body: bool) -> Iterator[Path]:
    """What a statement assigns or registers; names in the body of a class are attributes."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        assigned = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        elements = [e for t in assigned for e in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
        for path in filter(None, map(path_of, elements)):
            yield ("self", *path) if class_body and len(path) == 1 else path
    if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield from _registered(statement)


def _registered(statement: ast.stmt) -> Iterator[Path]:
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "setattr" and len(node.args) > 1:
            owner, key = path_of(node.args[0]), node.args[1]
        elif isinstance(node.func, ast.Attribute) and node.func.attr in REGISTERING and node.args:
            owner, key = path_of(node.func.value), node.args[0]
        else:
            continue
        if owner and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield (*owner, key.value)


def _kept(function: ast.stmt) -> Iterator[tuple[str, Path]]:
    """Variables, each with an attribute that a function sets from a value that mentions it."""
    for node in ast.walk(function):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        paths = [path for path in map(path_of, targets) if len(path) > 1]
        for one in ast.walk(node.value) if paths else ():
            if isinstance(one, ast.Name):
                yield from ((one.id, path) for path in paths)


def tie_of(statement: ast.stmt | None) -> tuple[Path, Path] | None:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, source = _indexed(statement.targets[0]), _indexed(statement.value)
    return (target, source) if len(target) > 1 and len(source) > 1 else None


def _indexed(node: ast.expr) -> Path:
    """A chain of attributes and constant indices as its parts; empty for what is neither."""
    parts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        elif isinstance(node.slice, ast.Constant):
            parts.append(str(node.slice.value))
        else:
            return ()
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def path_of(node: ast.expr) -> Path:
    """A chain of attributes as its parts, and an element of something as that thing; empty for what is neither."""
    parts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        else:
            parts.clear()
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()
