"""Statements of which a part runs in some runs only."""

from __future__ import annotations

from paramlint.nodes.expression_nodes import IfExp
from paramlint.nodes.node import Node
from paramlint.nodes.statement_nodes import BaseSuite, If, Raise, SimpleStatementLine, Try


def is_branch(node: Node, below: Node) -> bool:
    """Whether the code below a node may be passed over, or left halfway, by a run that goes on: an `if`, a `try`.

    A `try` whose handlers all raise is as good as none: where its body is not run to the end, nothing else is.

    Args:
        node: what may be such a statement.
        below: its part that holds the code.
    """
    if isinstance(node, Try):
        if below is node.body:
            return not all(_raises(handler.body) for handler in node.handlers)
        return below is not node.finalbody
    return isinstance(node, (If, IfExp))


def _raises(block: BaseSuite) -> bool:
    """Whether the last line of a block raises."""
    last = block.body[-1]
    return isinstance(last.body[-1] if isinstance(last, SimpleStatementLine) else last, Raise)
