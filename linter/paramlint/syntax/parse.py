"""Parsing with LibCST no more than a rule asks for: the rows of one unit, cut out of the file.

The nodes of a segment know nothing of the file; `Segment.spans` finds where a node's text stands in it. LibCST can end
the process on valid Python (deep chains exhaust the C stack), so what is too large or too deep is refused first.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from typing import Any
from unicodedata import normalize

import libcst as cst
from libcst._nodes.internal import CodegenState  # no public way to learn where a node's text begins

from paramlint import nodes
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import STRING, characters
from paramlint.syntax.nodes_from_libcst import translate
from paramlint.syntax.outline import Unit
from paramlint.syntax.walk import walk

_INDENTED = re.compile(r"(?:[ \t]*\f)*[ \t]+")  # a form feed begins the row anew
#: Bytes of one segment. LibCST takes 2 s for a megabyte of code.
MAX_SEGMENT = 2_000_000
#: Operators, brackets and string pieces of one statement, which LibCST may nest. At 19,000 the process lives in a
#: thread with a stack of 512 MB; with the usual 8 MB it dies at 8,000.
MAX_CHAIN = 20_000
#: Levels of the tree of a segment: LibCST's own code is recursive, so beyond these it tells no place, and takes time
#: that grows with their cube.
MAX_LEVELS = 500
#: Commas of one segment: LibCST takes 2 s for so many elements, and looking at them takes as long again.
MAX_ELEMENTS = 50_000
#: Elements of a table of plain values that are parsed where there are too many: nobody looks at more.
_KEPT_ELEMENTS = 600
#: Elements of a table of anything else, of which the rest is unknown where there are too many.
_MOST_ELEMENTS = 2_400
#: What stands for the rest: a name that nobody gives a value.
_REST = "_rest_"
#: They bind tightest, so parentheses around them mean nothing where they stand on one row.
_TIGHT = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMMENT = re.compile(r"#[^\r\n]*")
# A chain nests; what texts and comments say does not.
#: Comments that cannot be a part of an f-string.
_PLAIN_COMMENT = re.compile(r"#[^\r\n'\"{}]*$", re.MULTILINE)
_CHAIN = re.compile(r"\b(?:and|or|not|if|elif|lambda|in|is)\b|[-+*/%@&|^~<>=.\[({]|[\"']{1,3}")
_STATEMENT_END = re.compile(r"\n(?=[ \t]*[A-Za-z_@])")


class TooComplexError(Exception):
    """LibCST might not survive this code."""

    def __init__(self, row: int) -> None:
        super().__init__("is too large or too deeply nested to be analysed")
        self.row = row


class Segment:
    """One unit as LibCST parses it."""

    def __init__(self, source: Source, unit: Unit, whole: WholeFile | None = None) -> None:
        self.unit = unit
        self._source = source
        if whole is not None:
            self.node: nodes.Node = whole.node_of(unit)
            self._module, self._origins = whole.module, whole.origins
            self._text, self._shift, self._is_cut = whole.text, 0, whole.text != source.text
            self.size = len(self._text)
            return
        _guard_levels(unit.tree, () if unit.kind == "function" else _DEFINITIONS)
        text, self._shift = _cut(source, unit)
        self._text = _within_limits(source, unit.tree, text, self._shift, unit.first)
        self._is_cut = self._text != text
        #: Characters parsed, blanked holes not counted.
        self.size = len(self._text) - sum(source.offset(b + 1) - source.offset(a) for a, b in unit.holes)
        self._module = cst.parse_module(self._text)
        module, self._origins = translate(self._module)
        self.node = _root(module, unit)

    def text(self, node: nodes.Node) -> str:
        """The source code of a node, without parentheses of its own that mean nothing; rows end with a line feed."""
        if node not in self._origins:  # `self.head` of what `operator.attrgetter("head.weight")(self)` is read as
            if isinstance(node, nodes.Attribute):
                return f"{self.text(node.value)}.{node.attr.value}"
            if isinstance(node, nodes.Name):
                return node.value
        origin = self._origins[node]
        is_bare = isinstance(origin, _TIGHT) and bool(origin.lpar)
        code = self._module.code_for_node(origin.with_changes(lpar=(), rpar=()) if is_bare else origin)
        if "\n" not in code and not self._is_cut:
            return code
        # LibCST leaves out the indentation of the rows inside it, and what was cut off, so the file has the text.
        span = self._all_spans.get(node)
        if span is None:
            return code
        parentheses = self.parentheses(node)
        text = self._source.text[span[0] : span[1]].replace("\r\n", "\n")
        return "(" * parentheses + text + ")" * parentheses

    def parentheses(self, node: nodes.Node) -> int:
        """How many pairs of parentheses stand around an expression."""
        parentheses = getattr(self._origins[node], "lpar", ())
        return len(parentheses) if isinstance(parentheses, (tuple, list)) else 0  # a class has those of its bases there

    def comments(self, statement: nodes.Node) -> str:
        """The comments above and behind a statement."""
        return " ".join(_COMMENT.findall(self._module.code_for_node(self._origins[statement])))

    def comments_above(self, statement: nodes.Node) -> str:
        """The comments above a statement, without those inside it."""
        lines = getattr(self._origins[statement], "leading_lines", ())
        return " ".join(line.comment.value for line in lines if line.comment is not None)

    def row(self, node: Any) -> int:
        """The row on which a node begins; 0 where it is not known."""
        span = self._all_spans.get(node)
        return self._source.place(span[0])[0] if span is not None else 0

    @cached_property
    def _all_spans(self) -> dict[nodes.Node, tuple[int, int]]:
        """The span of every node of the unit, for those who ask for many."""
        return self.spans(walk(self.node))

    def spans(self, wanted: Iterable[nodes.Node]) -> dict[nodes.Node, tuple[int, int]]:
        """Where each node's text begins and ends in the file, as offsets; nodes of other trees are left out."""
        origins = {node: self._origins[node] for node in wanted if node in self._origins}
        state = _locate(self._module, origins.values())
        if not self._text.startswith("".join(state.tokens).rstrip()):  # blank lines at the end come in another order
            return {}  # LibCST did not give the text back, so no place in it is known
        starts = [0, *accumulate(map(len, state.tokens))]
        # A masked class or function keeps its rows, so one shift serves the whole segment.
        places = {node: state.found[origin] for node, origin in origins.items() if origin in state.found}
        return {node: (starts[a] + self._shift, starts[b] + self._shift) for node, (a, b) in places.items()}


class WholeFile:
    """A file parsed whole, in which units are looked up: slow, and the reference for what segments give."""

    def __init__(self, source: Source, units: list[Unit]) -> None:
        #: What is parsed: that of the file but for the rest of its large tables.
        tree = next(u.tree for u in units if u.kind == "module")
        _guard_levels(tree, ())
        self.text = _within_limits(source, tree, source.text, 0, 1)
        self.module = cst.parse_module(self.text)
        root, self.origins = translate(self.module)
        definitions = [n for n in walk(root, classes=True) if isinstance(n, (nodes.ClassDef, nodes.FunctionDef))]
        starts = self._rows(definitions)
        by_row = {(row, _name(node)): node for row, node in zip(starts, definitions, strict=True)}
        self._nodes: dict[Unit, nodes.Node] = {}
        for unit in units:
            row = getattr(unit.tree, "lineno", 1)
            self._nodes[unit] = root if unit.kind == "module" else by_row[row, unit.name]

    def _rows(self, definitions: list[nodes.ClassDef | nodes.FunctionDef]) -> list[int]:
        names = [self.origins[definition.name] for definition in definitions]
        state = _locate(self.module, names)
        rows = [1]
        for token in state.tokens:
            rows.append(rows[-1] + len(re.findall(r"\r\n|\r|\n", token)))
        return [rows[state.found[name][0]] for name in names]

    def node_of(self, unit: Unit) -> nodes.Node:
        """The node of a unit of this file."""
        return self._nodes[unit]


def _locate(module: cst.Module, wanted: Iterable[cst.CSTNode]) -> _Locating:
    """The tokens of a module, and between which of them some of its nodes stand."""
    state = _Locating(module.default_indent, module.default_newline, set(wanted))
    module._codegen(state)
    return state


class _Locating(CodegenState):
    """Code generation that notes between which tokens the wanted nodes stand."""

    __slots__ = ("_open", "found", "wanted")

    def __init__(self, indent: str, newline: str, wanted: set[cst.CSTNode]) -> None:
        super().__init__(default_indent=indent, default_newline=newline)
        self.wanted = wanted
        self.found: dict[cst.CSTNode, tuple[int, int]] = {}
        self._open: dict[cst.CSTNode, int] = {}

    @contextmanager
    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Iterator[None]:
        if node not in self.wanted:
            yield
            return
        if start_node is not None:
            self.wanted.add(start_node)
        if end_node is not None:
            self.wanted.add(end_node)
        decorators = getattr(node, "decorators", ())
        start = self.found[decorators[0]][0] if decorators else len(self.tokens)
        yield
        end = len(self.tokens)
        if start_node is not None and start_node in self.found:
            start = self.found[start_node][0]
        if end_node is not None and end_node in self.found:
            end = self.found[end_node][1]
        self.found[node] = (start, end)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            self._open[node] = len(self.tokens)
            self.wanted.update(getattr(node, "decorators", ())[:1])  # where a decorated definition begins

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._open.pop(node, None)
        if start is not None and node not in self.found:
            self.found[node] = (start, len(self.tokens))


def _cut(source: Source, unit: Unit) -> tuple[str, int]:
    """The text of a unit as a module of its own, and what to add to its offsets to get offsets in the file."""
    start, end = source.offset(unit.first), source.offset(unit.last + 1)
    pieces, at = [], start
    for first, last in sorted(unit.holes):
        a, b = source.offset(first), source.offset(last + 1)
        pieces += [source.text[at:a], _mask(source.text[a:b])]
        at = b
    text = "".join([*pieces, source.text[at:end]])
    if unit.kind != "module" and _INDENTED.match(text):
        header = "if 1:\n"
        return header + text, start - len(header)
    return text, start


def _mask(text: str) -> str:
    """`pass` in place of a definition, of the same length and with the same line endings.

    Its other rows become comments: LibCST keeps those, but drops blank rows at the end of a file.
    """
    indent = _INDENTED.match(text)
    column = indent.end() if indent else 0
    hidden = re.sub(r"[^\r\n]", "#", text)
    line = re.match(r"[^\r\n]*", text)
    assert line is not None
    if line.end() >= column + 4:
        return text[:column] + "pass" + hidden[column + 4 :]
    match = re.search(f"#{{{column + 4},}}", hidden[line.end() :])  # the row is only `@a`, too short
    if match is None:
        return hidden
    at = line.end() + match.start()
    return hidden[:at] + text[:column] + "pass" + hidden[at + column + 4 :]


def _root(module: nodes.Module, unit: Unit) -> nodes.Node:
    if unit.kind == "module":
        return module
    wanted = nodes.ClassDef if unit.kind == "class" else nodes.FunctionDef
    return next(n for n in walk(module) if isinstance(n, wanted) and _name(n) == unit.name)


def _name(definition: nodes.ClassDef | nodes.FunctionDef) -> str:
    """The name as Python, and so a unit, has it: letters that are only written otherwise are the same."""
    return normalize("NFKC", definition.name.value)


def _within_limits(source: Source, tree: ast.AST, text: str, shift: int, row: int) -> str:
    """A text that LibCST survives: where it is too much, without the rest of its large tables.

    Args:
        source: the file.
        tree: what the text is, as `ast` has it.
        text: that of the tree.
        shift: what its offsets lack to those in the file.
        row: the row on which it begins.

    Raises:
        TooComplexError: it is over a limit all the same.
    """
    try:
        _guard(text, row)
    except TooComplexError:
        text, blank = _without_tables(source, tree, text, shift)
        _guard(_without_words(source, tree, text, shift), row, blank)
    return text


def _guard_levels(tree: ast.AST, apart: tuple[type[ast.AST], ...]) -> None:
    """Refuse code that is too deep.

    Args:
        tree: the code.
        apart: what is parsed by itself, and so refused by itself.

    Raises:
        TooComplexError: the code is too deep.
    """
    row = 1
    level: list[ast.AST] = [tree]
    for _ in range(MAX_LEVELS):
        level = [child for node in level for child in ast.iter_child_nodes(node) if not isinstance(child, apart)]
        if not level:
            return
        row = next((node.lineno for node in level if isinstance(node, (ast.expr, ast.stmt))), row)
    raise TooComplexError(row)


def _without_tables(source: Source, tree: ast.AST, text: str, shift: int) -> tuple[str, int]:
    """The same without the last elements of large tables, and how many characters of it are blank for that.

    Those of plain values are left out; others are said to be unknown.
    """
    pieces: list[str] = []
    at = blank = 0
    for first, last, rest in _ends_of_tables(tree):
        start, end = (
            source.offset(row) + characters(source, row, column) - shift
            for row, column in ((first.end_lineno, first.end_col_offset), (last.end_lineno, last.end_col_offset))
        )
        if at <= start < end:
            pieces += [text[at:start], rest, re.sub(r"[^\r\n]", " ", text[start:end])[len(rest) :]]
            at, blank = end, blank + end - start
    shorter = "".join([*pieces, text[at:]])
    try:
        ast.parse(shorter)
    except SyntaxError:  # where an element stands in parentheses of its own
        return text, 0
    return shorter, blank


def _without_words(source: Source, tree: ast.AST, text: str, shift: int) -> str:
    """A text without what its strings and comments say, which is never nested: `""` for each piece, and the rows."""
    pieces: list[str] = []
    at = 0
    for node in sorted(_strings(tree), key=lambda node: (node.lineno, node.col_offset)):
        start = source.offset(node.lineno) + characters(source, node.lineno, node.col_offset) - shift
        end = source.offset(node.end_lineno) + characters(source, node.end_lineno, node.end_col_offset) - shift
        if at <= start < end:
            said = STRING.sub('""', text[start:end]).replace("\n", " ")
            # What stands between the braces of an f-string is code.
            code = [ast.unparse(n.value) for n in ast.walk(node) if isinstance(n, ast.FormattedValue)]
            pieces += [text[at:start], "\n" * text.count("\n", start, end), " ".join([said, *code])]
            at = end
    return _PLAIN_COMMENT.sub("", "".join([*pieces, text[at:]]))


def _strings(tree: ast.AST) -> Iterator[Any]:
    """The texts of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            yield node
        else:
            waiting += ast.iter_child_nodes(node)


def _ends_of_tables(tree: ast.AST) -> Iterator[tuple[Any, Any, str]]:
    """Of each large table, the element behind which it is cut, its last, and what is put in place of those between."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        elements: list[Any] = node.values if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        elements = node.args if isinstance(node, ast.Call) else elements
        rest = elements[_KEPT_ELEMENTS:]
        keys = node.keys[_KEPT_ELEMENTS:] if isinstance(node, ast.Dict) else []
        if rest and all(map(_is_plain, (*rest, *filter(None, keys)))) and None not in keys:
            yield elements[_KEPT_ELEMENTS - 1], elements[-1], ""
        elif len(elements) > _MOST_ELEMENTS and not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            yield elements[_KEPT_ELEMENTS - 1], elements[-1], f", {'**' if keys else '*'}{_REST}"
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _is_plain(node: ast.AST) -> bool:
    """Whether a node is a number, a text, or a display of such."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp)):
        below = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        return all(map(_is_plain, below))
    return isinstance(node, ast.Constant)


def _guard(text: str, row: int, blank: int = 0) -> None:
    """Refuse code that could exhaust LibCST's stack or time.

    Args:
        text: the code.
        row: where it begins.
        blank: characters of it that are nothing but blanks.

    Raises:
        TooComplexError: the code is over a limit.
    """
    if len(text) - blank > MAX_SEGMENT or text.count(",") > MAX_ELEMENTS:
        raise TooComplexError(row)
    if len(text) < MAX_CHAIN:
        return
    ends = [m.start() for m in _STATEMENT_END.finditer(text)]
    counts: dict[int, int] = {}
    for match in _CHAIN.finditer(text):
        statement = bisect_right(ends, match.start())
        counts[statement] = counts.get(statement, 0) + 1
    for statement, count in counts.items():
        if count > MAX_CHAIN:
            raise TooComplexError(row + text.count("\n", 0, ends[statement - 1] + 1 if statement else 0))
