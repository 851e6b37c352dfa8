"""What a finding is about, read off the statement that it stands in while the file's tree is at hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from paramlint import nodes
from paramlint.finding import Finding, Location, Path, Subject
from paramlint.syntax.outline import Outline
from paramlint.syntax.statement import (
    FUNCTIONS,
    LOOPS,
    class_around,
    kept_as,
    path_of,
    statements_around,
    targets,
    tie_of,
)


def subject_of(finding: Finding, place: Location, outline: Outline) -> Subject:
    """What a finding at a place of a file is about."""
    around = list(statements_around(outline.module.tree, place.row, place.column))
    statement = around[-1] if around else None
    qualname, class_body = class_around(around)
    assigned = set(targets(statement, class_body)) if statement is not None else set()
    function = next((node for node in reversed(around[:-1]) if isinstance(node, FUNCTIONS)), None)
    if function is not None:
        assigned.update(kept_as(function, {path[0] for path in assigned if path[0] != "self"}))
    accused = _path(finding.attribute) or _spelled(finding.node)
    about = {accused} if accused[:1] == ("self",) and len(accused) > 1 else assigned
    attributes = {path[1:] for path in about if path[0] == "self" and len(path) > 1}
    first, last = (statement.lineno, statement.end_lineno or statement.lineno) if statement else (place.row, place.row)
    body = getattr(statement, "body", None) if not isinstance(statement, LOOPS) else None
    cls = next((node for node in reversed(around) if isinstance(node, ast.ClassDef)), None)
    return Subject(
        owner=finding.owner or qualname,
        attributes=tuple(sorted(attributes)),
        names=tuple(sorted(filter(None, assigned | {accused}))),
        others=tuple(filter(None, map(_path, finding.others))),
        tie=tie_of(statement),
        runs=_is_only(outline, cls) and (_runs(around) or _is_sole_maker(statement, cls, attributes)),
        first=first,
        last=last,
        header=max(first, body[0].lineno - 1) if isinstance(body, list) and body else last,
        function=min(node.lineno for node in (*function.decorator_list, function)) if function is not None else 0,
    )


def _path(name: str) -> Path:
    """A dotted name as its parts; empty for what is none."""
    parts = tuple(name.split("."))
    return parts if all(part.isidentifier() for part in parts) else ()


def _spelled(node: nodes.Node) -> Path:
    """A name or a chain of attributes as its parts; empty for what is neither."""
    parts: list[str] = []
    while isinstance(node, nodes.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return (node.value, *reversed(parts)) if isinstance(node, nodes.Name) else ()


def _is_only(outline: Outline, cls: ast.ClassDef | None) -> bool:
    """Whether no other class has the name of this one: a branch may decide which of the two there is."""
    return cls is None or sum(unit.kind == "class" and unit.name == cls.name for unit in outline.units) == 1


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


def _is_sole_maker(statement: ast.stmt | None, cls: ast.ClassDef | None, subjects: set[Path]) -> bool:
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
        yield from (path for path in targets(node, class_body=False) if path[0] == "self")


def _sets_none(statement: ast.stmt) -> bool:
    """Whether it says that there is no such parameter, as `self.bias = None` and `register_parameter("bias", None)`."""
    value = getattr(statement, "value", None)
    given = value.args[-1] if isinstance(value, ast.Call) and value.args else value
    return isinstance(given, ast.Constant) and given.value is None


def _is_torchs(base: ast.expr) -> bool:
    path = path_of(base)
    return path[:1] in {("nn",), ("torch",)} or path == ("Module",)
