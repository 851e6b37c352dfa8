"""What a static finding is about: the class it stands in, the attributes it names, the rows of its statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from paramlint.finding import Diagnostic

Path = tuple[str, ...]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
#: A dotted name in backticks, as messages write what they are about.
NAMED = re.compile(r"`(\w+(?:\.\w+)*)`")
#: Calls whose first string is the name of an attribute.
REGISTERING = frozenset({"register_parameter", "register_buffer", "register_module", "add_module"})


@dataclass(frozen=True)
class Site:
    """What a static finding is about.

    Attributes:
        qualname: of the innermost class around it, `<locals>` included; empty outside of classes.
        subjects: the attributes of `self` that it is about, as paths without the `self`.
        mentions: all dotted names by which it may be known, those of local variables included.
        tie: where the statement assigns one attribute to another, `head[0].weight = table.weight`, the paths of both,
            with the indices as parts.
        runs: whether the statement has run wherever an instance has its subjects: no branch and no call decides.
        first, last: the rows of the statement; for a function or class, those of the whole definition.
        header: the last row of a definition's or condition's header; else `last`. A loop is one with what it repeats.
    """

    qualname: str
    subjects: frozenset[Path]
    mentions: frozenset[Path]
    first: int
    last: int
    header: int
    tie: tuple[Path, Path] | None = None
    runs: bool = True


def site_of(tree: ast.Module, diagnostic: Diagnostic) -> Site:
    """What a finding in the file of this tree is about."""
    row, column = diagnostic.start.row, diagnostic.start.column
    around = list(_around(tree, row, column))
    statement = around[-1] if around else None
    qualname, class_body = _class_of(around)
    named = [tuple(text.split(".")) for text in NAMED.findall(diagnostic.message)]
    targets = set(_targets(statement, class_body)) if statement is not None else set()
    function = next((node for node in reversed(around[:-1]) if isinstance(node, FUNCTIONS)), None)
    kept = set(_kept_as(function, {path[0] for path in targets if path[0] != "self"})) if function else set()
    # The message's first name is what it is about; where that is no attribute, what the statement assigns is.
    about = {named[0]} if named and named[0][0] == "self" and len(named[0]) > 1 else targets | kept
    first, last = (statement.lineno, statement.end_lineno or statement.lineno) if statement else (row, row)
    body = getattr(statement, "body", None) if not isinstance(statement, LOOPS) else None
    subjects = frozenset(path[1:] for path in about if path[0] == "self" and len(path) > 1)
    cls = next((node for node in reversed(around) if isinstance(node, ast.ClassDef)), None)
    return Site(
        qualname=qualname,
        subjects=subjects,
        mentions=frozenset(targets | kept | set(named[:1])),
        first=first,
        last=last,
        tie=_tie(statement),
        runs=_is_only(tree, cls) and (_runs(around) or _is_sole_maker(statement, cls, subjects)),
        header=max(first, body[0].lineno - 1) if isinstance(body, list) and body else last,
    )


def _around(tree: ast.Module, row: int, column: int) -> Iterator[ast.stmt]:
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


def _class_of(around: list[ast.stmt]) -> tuple[str, bool]:
    """The qualified name of the innermost class, and whether the place is in its own body rather than in a method."""
    qualname, name, in_body = "", "", False
    for node in around:
        if isinstance(node, ast.ClassDef):
            name = f"{name}{node.name}"
            qualname, name, in_body = name, f"{name}.", True
        elif isinstance(node, FUNCTIONS):
            name, in_body = f"{name}{node.name}.<locals>.", False
    return qualname, in_body


def _is_only(tree: ast.Module, cls: ast.ClassDef | None) -> bool:
    """Whether no other class has the name of this one: a branch may decide which of the two there is."""
    return cls is None or sum(isinstance(node, ast.ClassDef) and node.name == cls.name for node in ast.walk(tree)) == 1


def _runs(around: list[ast.stmt]) -> bool:
    """Whether a statement runs with every `__init__` of its class, or with the class's own body."""
    if not around:
        return False
    start = max((index for index, node in enumerate(around) if isinstance(node, ast.ClassDef)), default=0)
    for parent, child in pairwise(around[start:]):
        if isinstance(parent, FUNCTIONS):
            is_sure = parent.name == "__init__" and around[start + 1] is parent
        else:
            is_sure = isinstance(parent, (ast.ClassDef, ast.With, ast.AsyncWith))
        body: list[ast.stmt] = getattr(parent, "body", [])
        if not is_sure or child not in body or any(map(_may_leave, body[: body.index(child)])):
            return False
    if isinstance(around[-1], FUNCTIONS):
        return around[-1].name == "__init__"
    return not _chooses(around[-1])


def _chooses(statement: ast.stmt) -> bool:
    """Whether an expression of a statement may leave out a part of it."""
    return any(isinstance(node, (ast.IfExp, ast.BoolOp)) for node in ast.walk(statement))


def _may_leave(node: ast.AST) -> bool:
    """Whether a statement may return from the function that it stands in."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
        return False
    return isinstance(node, ast.Return) or any(map(_may_leave, ast.iter_child_nodes(node)))


def _is_sole_maker(statement: ast.stmt | None, cls: ast.ClassDef | None, subjects: frozenset[Path]) -> bool:
    """Whether the attributes are there only where a statement has run: nothing else in a class of torch's sets them."""
    if statement is None or cls is None or not subjects or _chooses(statement) or not all(map(_is_torchs, cls.bases)):
        return False
    firsts = {path[:1] for path in subjects}
    makers = [node for node in ast.walk(cls) for path in _simple_targets(node) if path[1:2] in firsts]
    made = {path[1:] for path in _simple_targets(statement)}
    return subjects <= made and makers == [statement] * len(subjects)


def _simple_targets(node: ast.AST) -> Iterator[Path]:
    """What a statement that holds no others makes an attribute of; names in the body of a class are left out."""
    if isinstance(node, ast.stmt) and not hasattr(node, "body") and not _sets_none(node):
        yield from (path for path in _targets(node, class_body=False) if path[0] == "self")


def _sets_none(statement: ast.stmt) -> bool:
    """Whether it says that there is no such parameter, as `self.bias = None` and `register_parameter("bias", None)`."""
    value = getattr(statement, "value", None)
    given = value.args[-1] if isinstance(value, ast.Call) and value.args else value
    return isinstance(given, ast.Constant) and given.value is None


def _is_torchs(base: ast.expr) -> bool:
    path = path_of(base)
    return path[:1] in {("nn",), ("torch",)} or path == ("Module",)


def _targets(statement: ast.stmt, class_body: bool) -> Iterator[Path]:
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


def _kept_as(function: ast.stmt, locals_: set[str]) -> Iterator[Path]:
    """The attributes that a function sets from values that mention these variables."""
    for node in ast.walk(function):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        if any(isinstance(one, ast.Name) and one.id in locals_ for one in ast.walk(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (path for path in map(path_of, targets) if len(path) > 1)


def _tie(statement: ast.stmt | None) -> tuple[Path, Path] | None:
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
