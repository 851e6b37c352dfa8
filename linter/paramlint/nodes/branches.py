"""Statements of which a part runs in some runs only."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.nodes.expression_nodes import IfExp, UnaryOperation
from paramlint.nodes.node import BaseExpression, Node
from paramlint.nodes.operators import Not
from paramlint.nodes.statement_nodes import (
    BaseSuite,
    Break,
    Continue,
    If,
    IndentedBlock,
    Raise,
    Return,
    SimpleStatementLine,
    Try,
)

_EXITS = (Return, Raise, Break, Continue)


def is_branch(node: Node, below: Node) -> bool:
    """Whether the code below a node may be passed over, or left halfway, by a run that goes on: an `if`, a `try`.

    A `try` whose handlers all raise is as good as none: where its body is not run to the end, nothing else is.

    Args:
        node: what may be such a statement.
        below: its part that holds the code.
    """
    if isinstance(node, Try):
        if below is node.body:
            return not all(leaves(handler.body, Raise) for handler in node.handlers)
        return below is not node.finalbody
    return isinstance(node, (If, IfExp))


def leaves(block: BaseSuite, *kinds: type[Node]) -> bool:
    """Whether a block ends with a statement of some kinds; by default, with one behind which nothing of it runs."""
    last = block.body[-1] if block.body else None
    return isinstance(last.body[-1] if isinstance(last, SimpleStatementLine) else last, kinds or _EXITS)


def guards_above(block: Node, below: Node) -> Iterator[If]:
    """The conditions above a statement of a block under which the rest of the block is left out."""
    if isinstance(block, IndentedBlock):
        for line in block.body:
            if line is below:
                return
            if isinstance(line, If) and line.orelse is None and leaves(line.body):
                yield line


def denied(test: BaseExpression) -> BaseExpression | None:
    """`a` of `not a`; None for other conditions."""
    return test.expression if isinstance(test, UnaryOperation) and isinstance(test.operator, Not) else None
