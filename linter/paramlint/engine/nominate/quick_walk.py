"""Going through nodes of `ast` at little cost, and the last name of what is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_SKIPPED = {"ctx", "op", "ops", "kind", "type_comment", "lineno", "conversion", "type_ignores"}


def walk(root: ast.AST) -> Iterator[ast.AST]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for name in node._fields:
            if name in _SKIPPED:
                continue
            value: Any = getattr(node, name, None)
            if value.__class__ is list:
                stack.extend([item for item in value if isinstance(item, ast.AST)])
            elif isinstance(value, ast.AST):
                stack.append(value)


def last_name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


DEFINITIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
