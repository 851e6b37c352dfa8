"""What the code of a file binds, gives values and changes, told from the shape of its statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def names_in(nodes: Sequence[ast.AST]) -> frozenset[str]:
    return frozenset(n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name))


def binds_names(node: ast.stmt) -> bool:
    """Whether a statement only gives plain names values, or is a text."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, (ast.Name, ast.Tuple, ast.List)) for target in node.targets)
    return isinstance(node, ast.AnnAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


Tests = tuple[tuple[Any, bool], ...]


def definitions(node: ast.stmt, statement: Any, tests: Tests) -> Iterator[tuple[str, Tests]]:
    """The names of the definitions in a statement, in order, and the tests that lead to them.

    Args:
        node: the statement.
        statement: the same as a node that is interpreted, which has no definitions in it; None for none.
        tests: those around it.
    """
    if isinstance(node, DEFINITIONS):
        yield node.name, tests
    elif isinstance(node, ast.If):
        is_paired = statement.__class__.__name__ == "If"
        test = statement.test if is_paired else None
        for inner in node.body:
            yield from definitions(inner, None, (*tests, (test, True)))
        other = statement.orelse if is_paired else None
        for inner in node.orelse:
            yield from definitions(inner, other, (*tests, (test, False)))
    else:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.stmt):
                yield from definitions(part, None, tests)


def own_statements(body: Any) -> Iterator[Any]:
    """The statements of a module, each by itself, without functions and classes."""
    for statement in body:
        kind = statement.__class__.__name__
        if kind == "SimpleStatementLine":
            yield from statement.body
        elif kind not in ("FunctionDef", "ClassDef"):
            yield statement


def simple_statements(body: Any) -> Iterator[Any]:
    """The simple statements of a block and of the blocks in it, not those of functions and classes."""
    for statement in body:
        kind = statement.__class__.__name__
        if kind in ("SimpleStatementLine", "SimpleStatementSuite"):
            yield from statement.body
        elif kind not in ("FunctionDef", "ClassDef"):
            if kind in ("For", "With"):
                yield statement
            for block in _blocks(statement):
                yield from simple_statements(block)


def _blocks(statement: Any) -> Iterator[Any]:
    for name in ("body", "orelse", "finalbody"):
        part = getattr(statement, name, None)
        while part is not None:
            if part.__class__.__name__ == "If":
                yield from _blocks(part)
                break
            inner = getattr(part, "body", None)
            if inner is None:
                break
            if isinstance(inner, (list, tuple)):
                yield inner
                break
            part = inner
    for name in ("handlers", "cases"):
        for handler in getattr(statement, name, ()):
            yield from _blocks(handler)


def stored_names(statement: Any) -> Iterator[str]:
    """The names that a statement gives values."""
    kind = statement.__class__.__name__
    if kind == "Assign":
        for target in statement.targets:
            yield from names_of_target(target.target)
    elif kind in ("AnnAssign", "AugAssign", "For"):
        if kind != "AnnAssign" or statement.value is not None:
            yield from names_of_target(statement.target)
    elif kind == "With":
        for item in statement.items:
            if item.asname is not None:
                yield from names_of_target(item.asname.name)


def names_of_target(target: Any) -> Iterator[str]:
    """The plain names of an assignment's target."""
    kind = target.__class__.__name__
    if kind == "Name":
        yield target.value
    elif kind in ("Tuple", "List"):
        for element in target.elements:
            yield from names_of_target(element.value)


def changed_names(statement: Any) -> Iterator[str]:
    kind = statement.__class__.__name__
    targets: list[Any] = []
    if kind == "Expr" and statement.value.__class__.__name__ == "Call":
        targets = [statement.value.func]
    elif kind == "Assign":
        targets = [t.target for t in statement.targets if t.target.__class__.__name__ in ("Subscript", "Attribute")]
    elif kind == "AugAssign":
        targets = [statement.target]
    for target in targets:
        node = target
        while node.__class__.__name__ in ("Attribute", "Subscript"):
            node = node.value
        if node.__class__.__name__ == "Name":
            yield node.value
