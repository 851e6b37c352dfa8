"""What an assignment gives which target; `a, b = x, y` gives two targets one value each."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.nodes.expression_nodes import List, StarredElement, Tuple
from paramlint.nodes.node import BaseExpression
from paramlint.nodes.statement_nodes import AnnAssign, Assign


def assigned(statement: object) -> list[tuple[BaseExpression, BaseExpression]]:
    """The targets of an assignment, each with what it is given; a target whose value stands in no text of its own
    is not taken apart. Nothing for what is no assignment."""
    if isinstance(statement, AnnAssign):
        return [(statement.target, statement.value)] if statement.value is not None else []
    if not isinstance(statement, Assign):
        return []
    return [pair for target in statement.targets for pair in _apart(target.target, statement.value)]


def _apart(target: BaseExpression, value: BaseExpression) -> Iterator[tuple[BaseExpression, BaseExpression]]:
    displays = (Tuple, List)
    if not isinstance(target, displays) or not isinstance(value, displays) or _is_uneven(target, value):
        yield target, value
        return
    for one, given in zip(target.elements, value.elements, strict=True):
        yield from _apart(one.value, given.value)


def _is_uneven(target: Tuple | List, value: Tuple | List) -> bool:
    elements = (*target.elements, *value.elements)
    return len(target.elements) != len(value.elements) or any(isinstance(e, StarredElement) for e in elements)
