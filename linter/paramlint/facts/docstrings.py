"""Docstrings: what has to stay the first statement of a body."""

from __future__ import annotations

from paramlint import nodes


def is_docstring(statement: nodes.Node) -> bool:
    """Whether a statement is a string and nothing else."""
    if not isinstance(statement, nodes.SimpleStatementLine) or not isinstance(statement.body[0], nodes.Expr):
        return False
    return isinstance(statement.body[0].value, (nodes.SimpleString, nodes.ConcatenatedString))
