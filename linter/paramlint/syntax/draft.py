"""What the rules are first tried on: a unit as `ast` has it, with what a parsed `Segment` offers.

A draft decides nothing. A rule that finds something on a draft, or asks it for what it has not, is shown the unit as
LibCST parses it, and only what it finds there counts. So a draft may promise too much, never too little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from paramlint import nodes
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import NotInAstError, is_parenthesized, text_of
from paramlint.syntax.nodes_from_ast import Translation
from paramlint.syntax.outline import Unit


class Draft:
    """The draft of one unit."""

    def __init__(self, source: Source, unit: Unit) -> None:
        self.unit = unit
        self._source = source
        translation = Translation(source, unit.holes)
        self._trees = translation.trees
        tree: Any = unit.tree
        self.node: nodes.Node = translation.module(tree) if unit.kind == "module" else translation.definition(tree)

    def text(self, node: nodes.Node) -> str:
        """The source code of an expression, without its parentheses; rows end with a line feed.

        Raises:
            NotInAstError: the node is no expression.
        """
        tree = self._trees.get(node)
        if tree is None:
            if isinstance(node, nodes.Name):
                return node.value
            raise NotInAstError
        return text_of(self._source, tree).replace("\r\n", "\n")

    def parentheses(self, node: nodes.Node) -> int:
        """How many pairs of parentheses stand around an expression.

        Raises:
            NotInAstError: it is no tuple, whose own `ast` counts as part of it.
        """
        tree = self._trees.get(node)
        if not isinstance(tree, ast.Tuple):
            raise NotInAstError
        return int(is_parenthesized(self._source, tree))

    def row(self, node: nodes.Node) -> int:
        """The row of an expression; 0 where it is not known."""
        return getattr(self._trees.get(node), "lineno", 0)

    def comments(self, statement: nodes.Node) -> str:  # noqa: ARG002
        """Nothing: a comment can only silence a rule."""
        return ""

    def comments_above(self, statement: nodes.Node) -> str:  # noqa: ARG002
        """Nothing, as for `comments`."""
        return ""

    def spans(self, wanted: Iterable[nodes.Node]) -> dict[nodes.Node, tuple[int, int]]:  # noqa: ARG002
        """Nothing is found in a draft that could be reported.

        Raises:
            NotInAstError: always.
        """
        raise NotInAstError
