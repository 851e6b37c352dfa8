"""What a finding is about, read off the statement that it stands in while the file's tree is at hand."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from paramlint import nodes
from paramlint.finding import Finding, Location, Path, Subject
from paramlint.syntax.outline import Outline
from paramlint.syntax.statement import (
    FUNCTIONS,
    LOOPS,
    Statements,
    class_around,
    path_of,
    targets,
    tie_of,
)


class Subjects:
    """What the findings in a file are about.

    Args:
        outline: that of the file.
    """

    def __init__(self, outline: Outline) -> None:
        self._statements = Statements(outline.module.tree)
        self._classes = Counter(unit.name for unit in outline.units if unit.kind == "class")
        self._leaves: dict[ast.stmt, int] = {}
        self._makers: dict[ast.ClassDef, dict[Path, list[ast.AST]]] = {}

    def of(self, finding: Finding, place: Location) -> Subject:
        """What a finding at a place of the file is about."""
        around = self._statements.around(place.row, place.column)
        statement = around[-1] if around else None
        qualname, class_body = class_around(around)
        assigned = set(targets(statement, class_body)) if statement is not None else set()
        function = next((node for node in reversed(around[:-1]) if isinstance(node, FUNCTIONS)), None)
        if function is not None:
            assigned.update(self._statements.kept_as(function, {path[0] for path in assigned if path[0] != "self"}))
        accused = _path(finding.attribute) or _spelled(finding.node)
        about = {accused} if accused[:1] == ("self",) and len(accused) > 1 else assigned
        attributes = {path[1:] for path in about if path[0] == "self" and len(path) > 1}
        first, last = (
            (statement.lineno, statement.end_lineno or statement.lineno) if statement else (place.row, place.row)
        )
        body = getattr(statement, "body", None) if not isinstance(statement, LOOPS) else None
        cls = next((node for node in reversed(around) if isinstance(node, ast.ClassDef)), None)
        return Subject(
            owner=finding.owner or qualname,
            attributes=tuple(sorted(attributes)),
            names=tuple(sorted(filter(None, assigned | {accused}))),
            others=tuple(filter(None, map(_path, finding.others))),
            tie=tie_of(statement),
            runs=self._is_only(cls) and (self._runs(around) or self._is_sole_maker(statement, cls, attributes)),
            first=first,
            last=last,
            header=max(first, body[0].lineno - 1) if isinstance(body, list) and body else last,
            function=min(node.lineno for node in (*function.decorator_list, function)) if function is not None else 0,
        )

    def _is_only(self, cls: ast.ClassDef | None) -> bool:
        """Whether no other class has the name of this one: a branch may decide which of the two there is."""
        return cls is None or self._classes[cls.name] == 1

    def _runs(self, around: list[ast.stmt]) -> bool:
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
            if not is_sure or child not in body or body.index(child) > self._leaving(parent, body):
                return False
        if isinstance(around[-1], FUNCTIONS):
            return around[-1].name == "__init__"
        return not _chooses(around[-1])

    def _leaving(self, parent: ast.stmt, body: list[ast.stmt]) -> int:
        """The place in a body of the first statement that may leave it; behind it nothing is sure to run."""
        if parent not in self._leaves:
            self._leaves[parent] = next((at for at, node in enumerate(body) if _may_leave(node)), len(body))
        return self._leaves[parent]

    def _is_sole_maker(self, statement: ast.stmt | None, cls: ast.ClassDef | None, subjects: set[Path]) -> bool:
        """Whether attributes are only there where a statement has run: nothing else in a class of torch sets them."""
        if (
            statement is None
            or cls is None
            or not subjects
            or _chooses(statement)
            or not all(map(_is_torchs, cls.bases))
        ):
            return False
        if cls not in self._makers:
            makers = self._makers[cls] = defaultdict(list)
            for node in ast.walk(cls):
                for path in _simple_targets(node):
                    makers[path[1:2]].append(node)
        made = {path[1:] for path in _simple_targets(statement)}
        all_makers = [node for first in {path[:1] for path in subjects} for node in self._makers[cls][first]]
        return subjects <= made and all_makers == [statement] * len(subjects)


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


def _chooses(statement: ast.stmt) -> bool:
    """Whether an expression of a statement may leave out a part of it."""
    return any(isinstance(node, (ast.IfExp, ast.BoolOp)) for node in ast.walk(statement))


def _may_leave(node: ast.AST) -> bool:
    """Whether a statement may return from the function that it stands in."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
        return False
    return isinstance(node, ast.Return) or any(map(_may_leave, ast.iter_child_nodes(node)))


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
