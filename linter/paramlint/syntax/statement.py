"""The statement that stands at a place: what is around it, what it assigns, and whether it runs with each instance."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from paramlint.finding import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
#: Calls whose first string is the name of an attribute.
REGISTERING = frozenset({"register_parameter", "register_buffer", "register_module", "add_module"})


def statements_around(tree: ast.AST, row: int, column: int) -> Iterator[ast.stmt]:
    """The statements around a place, the outermost first."""
    inside: ast.AST | None = tree
    while inside is not None:
        inside = next((node for node in _statements(inside) if _holds(node, row, column)), None)
        if inside is not None:
            yield inside


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from _statements(child)


def _holds(node: ast.stmt, row: int, column: int) -> bool:
    """Whether a place is in a statement, its decorators included; a row may hold several."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
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


def kept_as(function: ast.stmt, locals_: set[str]) -> Iterator[Path]:
    """The attributes that a function sets from values that mention these variables."""
    for node in ast.walk(function):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        if any(isinstance(one, ast.Name) and one.id in locals_ for one in ast.walk(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (path for path in map(path_of, targets) if len(path) > 1)


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
