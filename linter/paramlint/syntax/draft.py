"""A unit as `ast` has it, with what a parsed `Segment` offers: what the rules are tried on first.

What a rule finds on a draft counts where the draft could tell all that it was asked for. Where it cannot tell, it
raises, and the unit is shown to the rules as LibCST parses it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

from paramlint import nodes
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import characters, is_parenthesized
from paramlint.syntax.nodes_from_ast import Translation
from paramlint.syntax.outline import NotInAstError, Unit, first_row, last_row

_COMMENT = re.compile(r"#[^\r\n]*")
_HEADER = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+")
_WORD = re.compile(r"\w+\Z")
_BLANKS = " \t\f\r\n"
#: Words behind which parentheses may belong to the statement.
_UNCLEAR = frozenset({"with", "del", "match", "case", "type"})
#: Parentheses around these mean nothing where they stand on one row.
_TIGHT = (nodes.Name, nodes.Attribute, nodes.Call, nodes.Subscript)
#: Characters of a row before parentheses that are looked at.
_FAR = 80


class Draft:
    """The draft of one unit."""

    def __init__(self, source: Source, unit: Unit) -> None:
        self.unit = unit
        self._source = source
        translation = Translation(source, unit.holes)
        self._trees: dict[nodes.Node, Any] = translation.trees
        tree: Any = unit.tree
        self.node: nodes.Node = translation.module(tree) if unit.kind == "module" else translation.definition(tree)

    def text(self, node: nodes.Node) -> str:
        """The source code of an expression with the parentheses that LibCST gives it; rows end with a line feed.

        Raises:
            NotInAstError: the node is no expression, or it is not clear which parentheses are its own.
        """
        if isinstance(node, nodes.Name):
            return node.value
        opened, closed = self._parentheses(node)
        (start, end), text = self._span(node), self._source.text
        code = text[start:end].replace("\r\n", "\n")
        if not opened or (isinstance(node, _TIGHT) and "\n" not in code):
            return code
        whole = text[opened[-1] : closed[-1] + 1]
        return "(" * len(opened) + code + ")" * len(closed) if "\n" in whole else whole

    def parentheses(self, node: nodes.Node) -> int:
        """How many pairs of parentheses stand around an expression.

        Raises:
            NotInAstError: it is not clear to what they belong.
        """
        return len(self._parentheses(node)[0])

    def row(self, node: nodes.Node) -> int:
        """The row of an expression or statement; 0 where it is not known."""
        tree = self._trees.get(node)
        if isinstance(tree, ast.stmt):
            return first_row(tree, self._source)
        if isinstance(tree, ast.Tuple):
            return self._source.place(self._span(node)[0])[0]  # its parentheses may begin on a row above
        return getattr(tree, "lineno", 0)

    def comments(self, statement: nodes.Node) -> str:
        """The comments above and behind a simple statement.

        Raises:
            NotInAstError: it is not clear to what they belong.
        """
        first = self._first_comment(statement)
        last = statement.body[-1] if isinstance(statement, nodes.SimpleStatementLine) else statement
        return " ".join(_COMMENT.findall(self._source.lines(first, last_row(self._trees[last]))))

    def comments_above(self, statement: nodes.Node) -> str:
        """The comments above a statement, without those inside it.

        Raises:
            NotInAstError: it is not clear to what they belong.
        """
        first = self._first_comment(statement)
        row = first_row(self._trees[statement], self._source)
        return " ".join(_COMMENT.findall(self._source.lines(first, row - 1))) if first < row else ""

    def spans(self, wanted: Iterable[nodes.Node]) -> dict[nodes.Node, tuple[int, int]]:
        """Where each node's text begins and ends in the file, as offsets; nodes of other trees are left out.

        Raises:
            NotInAstError: that cannot be told of one of them.
        """
        found = {node: self._span(node) for node in wanted if node in self._trees}
        missing: set[nodes.Node] = {node for node in wanted if node not in found and node.__class__ is nodes.Name}
        return found | self._spans_of_names(missing) if missing else found

    def _spans_of_names(self, wanted: set[nodes.Node]) -> dict[nodes.Node, tuple[int, int]]:
        """The same of names that `ast` has as texts: of attributes, of arguments, of what is defined."""
        found: dict[nodes.Node, tuple[int, int]] = {}
        for node, tree in self._trees.items():
            if isinstance(node, nodes.Attribute) and node.attr in wanted:
                end = self._span(node)[1]
                found[node.attr] = end - len(node.attr.value), end
            elif isinstance(node, nodes.Arg) and node.keyword in wanted:
                start = self._span(node)[0]
                found[node.keyword] = start, start + len(node.keyword.value)
            elif isinstance(node, (nodes.FunctionDef, nodes.ClassDef)) and node.name in wanted:
                start = self._source.offset(tree.lineno) + characters(self._source, tree.lineno, tree.col_offset)
                header = _HEADER.match(self._source.text, start)
                start = header.end() if header is not None else start
                found[node.name] = start, start + len(node.name.value)
        for name, (start, end) in found.items():
            if self._source.text[start:end] != name.value:  # type: ignore[attr-defined]
                raise NotInAstError
        return found

    def _span(self, node: nodes.Node) -> tuple[int, int]:
        tree, source = self._trees[node], self._source
        start = source.offset(tree.lineno) + characters(source, tree.lineno, tree.col_offset)
        end = source.offset(tree.end_lineno) + characters(source, tree.end_lineno, tree.end_col_offset)
        if isinstance(tree, ast.stmt):
            if getattr(tree, "decorator_list", ()):
                row = first_row(tree, source)
                start = source.offset(row) + source.line(row).index("@")
            return start, self._end_of_holes(tree, end)
        if isinstance(node, nodes.Arg):
            if isinstance(tree, ast.GeneratorExp) or (isinstance(tree, ast.expr) and self.parentheses(node.value)):
                raise NotInAstError
        elif isinstance(tree, ast.GeneratorExp) or (isinstance(tree, ast.Tuple) and is_parenthesized(source, tree)):
            inside = source.text[start + 1 : end - 1]  # LibCST takes no parentheses for a part of what is in them
            bare = inside.strip(_BLANKS)
            if bare.startswith(("#", "\\")) or "#" in bare[bare.rfind("\n") + 1 :]:
                raise NotInAstError
            start += 1 + len(inside) - len(inside.lstrip(_BLANKS))
            end = start + len(bare)
        return start, end

    def _end_of_holes(self, tree: ast.stmt, end: int) -> int:
        """Where a statement ends, if it ends with a definition that is left out: behind the `pass` in place of that."""
        for first, last in self.unit.holes:
            if last == last_row(tree) and first > tree.lineno:
                line = self._source.line(first)
                column = len(line) - len(line.lstrip(_BLANKS))
                if len(line) < column + len("pass"):
                    raise NotInAstError
                return self._source.offset(first) + column + len("pass")
        return end

    def _parentheses(self, node: nodes.Node) -> tuple[list[int], list[int]]:
        """Where the pairs of parentheses around an expression begin and end, from within."""
        tree = self._trees.get(node)
        is_clear = isinstance(tree, ast.expr) and not isinstance(node, (nodes.Arg, nodes.GeneratorExp))
        if not is_clear or self._source.newline == "\r":
            raise NotInAstError
        (start, end), text = self._span(node), self._source.text
        opened: list[int] = []
        closed: list[int] = []
        before = start - 1
        while before >= 0 and text[before] in "(" + _BLANKS:
            if text[before] == "(":
                opened.append(before)
            before -= 1
        behind = end
        while text[behind : behind + 1] in _BLANKS or (text[behind] == ")" and len(closed) < len(opened)):
            if behind >= len(text):
                break
            if text[behind] == ")":
                closed.append(behind)
            behind += 1
        row = text[text.rfind("\n", 0, before + 1) + 1 : before + 1]
        is_hidden = "\n" in text[before + 1 : start] and ("#" in row or row.endswith("\\"))
        rest = text[behind : behind + 1]
        if (rest in ("#", "\\") and len(closed) < len(opened)) or (is_hidden and rest in (")", "#", "\\")):
            raise NotInAstError  # more of them may stand beyond a comment
        count = len(closed)
        if count and count == len(opened):
            word = _WORD.search(row[-_FAR:])
            if word is not None and word[0] in _UNCLEAR:
                raise NotInAstError
            if (word is not None and not iskeyword(word[0])) or row.endswith((")", "]", "}", '"', "'")):
                if "\n" in text[before + 1 : opened[-1]]:
                    raise NotInAstError  # the row above may be a statement of its own
                count -= 1  # the outermost pair is that of a call
        return opened[:count], closed[:count]

    def _first_comment(self, statement: nodes.Node) -> int:
        """The row on which the comments above a statement begin, or it itself without such."""
        tree = self._trees.get(statement)
        if not isinstance(tree, ast.stmt):
            raise NotInAstError
        row = first = first_row(tree, self._source)
        line = self._source.line(row)
        indent = line[: len(line) - len(line.lstrip())]
        while row > 1:
            above = self._source.line(row - 1)
            if above.strip() and not above.lstrip().startswith("#"):
                return first
            row -= 1
            if above.strip():
                if not above.startswith(f"{indent}#"):
                    raise NotInAstError
                first = row
        if first == tree.lineno:
            return first
        raise NotInAstError  # the comments may be those of the file
