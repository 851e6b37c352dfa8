"""Fixes as edits of the text: placing them, applying them in rounds, and writing a file without ever losing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from paramlint.finding import Change, Diagnostic, Edit, Fix, LocatedFix, Location
from paramlint.source.text import Source
from paramlint.syntax import indentation

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts import File

MAX_ROUNDS = 10
#: Blank rows and comments, but not one that stands for something else (see `paramlint.source.documents.embedded`).
_GAP = re.compile(r"(?:[^\S\r\n]*(?:#[^\r\n\x7f]*)?(?:\r\n|\r|\n))+[^\S\r\n]*")
#: What stands between an expression and the parentheses around it.
_OPENED = re.compile(r"\(\s*\Z")
_CLOSED = re.compile(r"\s*\)")
Spans = Mapping["nodes.Node", tuple[int, int]]


class _Piece(NamedTuple):
    """An edit by offsets."""

    start: int
    end: int
    text: str
    wraps: int | None = None


def locate_fix(file: File, fix: Fix, spans: Spans) -> LocatedFix | None:
    """Turn a fix's changes into edits; `None` where one of them has no place in the text."""
    placed: list[_Piece] = []
    for change in fix.changes:
        pieces = _place(file, change, spans)
        if pieces is None:
            return None
        placed.extend(pieces)
    placed.extend(_imports(file, fix.imports))
    placed.sort(key=lambda piece: piece[:3])
    if any(after.start < before.end for before, after in pairwise(placed)):
        return None

    def place(offset: int) -> Location:
        return Location(*file.source.place(offset))

    edits = (Edit(place(p.start), place(p.end), p.text, None if p.wraps is None else place(p.wraps)) for p in placed)
    return LocatedFix(fix.title, fix.applicability, tuple(edits))


def _place(file: File, change: Change, spans: Spans) -> list[_Piece] | None:
    if change.first not in spans or change.last not in spans:
        return None
    source = file.source
    start, end = spans[change.first][0], spans[change.last][1]
    text = change.text.replace("\n", source.newline)
    if change.where == "replace":
        return [_Piece(start, end, text)]
    if change.where == "enclosed":
        opened, closed = _OPENED.search(source.text[:start]), _CLOSED.match(source.text, end)
        if opened is None or closed is None:
            return None
        first, last = opened.start(), closed.end() - 1
        return [_Piece(first, first + 1, text[0]), _Piece(last, last + 1, text[1])]
    row, last_row = source.place(start)[0], source.place(end)[0]
    line_start, line_end = source.offset(row), source.offset(last_row + 1)
    indent = source.text[line_start:start]
    rest = source.text[end:line_end].strip() if change.where != "before" else ""
    if indent.strip() or (rest and not rest.startswith("#")):
        return None  # the statement shares its rows with another
    if change.where == "delete":
        return [_Piece(line_start, line_end, "")]
    level = indentation.level(source, file.tree, row)
    if change.where == "wrap":
        return _wrap(source, start, end, indent, level, text)
    lines = [_indented(indent, level, line) for line in change.text.split("\n")]
    block = source.newline.join(lines) + source.newline
    if change.where == "before":
        above = source.offset(_first_comment_above(source, row, indent))
        return [_Piece(above, above, block)]
    if not source.text[:line_end].endswith(("\n", "\r")):
        return [_Piece(line_end, line_end, source.newline + block.rstrip("\r\n"))]
    return [_Piece(line_end, line_end, block)]


def _first_comment_above(source: Source, row: int, indent: str) -> int:
    """The row on which what is said of a statement begins: the comments right above it, indented as it is."""
    while row > 1 and source.line(row - 1).startswith(f"{indent}#"):
        row -= 1
    return row


def _indented(indent: str, level: str, line: str) -> str:
    """A line of a change, which counts four spaces a level, as the code around it is indented."""
    inner = line.lstrip(" ")
    return indent + level * ((len(line) - len(inner)) // 4) + inner if inner else ""


def _wrap(source: Source, start: int, end: int, indent: str, level: str, header: str) -> list[_Piece] | None:
    statement = source.text[start:end]
    if '"""' in statement or "'''" in statement:
        return None  # a string over several rows would change
    first, last = source.place(start)[0], source.place(end)[0]
    starts = [source.offset(row) for row in _filled_rows(source, first + 1, last)]
    deeper = [_Piece(start, start, level) for start in starts]
    return [_Piece(start, start, header + source.newline + indent + level, wraps=end), *deeper]


def _filled_rows(source: Source, first: int, last: int) -> list[int]:
    """The rows that are not blank."""
    return [row for row in range(first, last + 1) if source.line(row).strip()]


def _imports(file: File, names: Sequence[str]) -> list[_Piece]:
    """Insertions for what the names need and the file does not import yet."""
    imported = set(file.outline.imports.values())
    missing = sorted({_module_of(n) for n in names if not any(n == i or n.startswith(i + ".") for i in imported)})
    if not missing:
        return []
    source = file.source
    row, indent = _import_row(file.tree.body, source)
    offset = source.offset(row)
    lines = "".join(f"{indent}import {module}{source.newline}" for module in missing)
    return [_Piece(offset, offset, lines)]


def _module_of(name: str) -> str:
    return "copy" if name.startswith("copy.") else "torch"


def _import_row(body: Sequence[ast.stmt], source: Source) -> tuple[int, str]:
    """The row before which an import may stand, and its indentation: after the docstring and `__future__` imports."""
    row, indent = 1, ""
    for index, node in enumerate(body):
        if isinstance(node, ast.If) and source.is_stand_in(node.lineno):
            return _import_row(node.body, source)
        indent = indentation.of_row(source, node.lineno)
        is_docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_docstring and not is_future:
            from paramlint.syntax.outline import first_row

            return first_row(node, source), indent
        row = (node.end_lineno or node.lineno) + 1
    return row, indent


def apply_fixes(source: Source, diagnostics: Sequence[Diagnostic]) -> tuple[str, list[Diagnostic]]:
    """The text after as many of the fixes as do not overlap, and what they fixed."""
    edits, applied = combine(source, diagnostics)
    text = source.text
    for edit in reversed(edits):
        text = text[: source.offset(*edit.start)] + edit.content + text[source.offset(*edit.end) :]
    return text, applied


def combine(source: Source, diagnostics: Sequence[Diagnostic]) -> tuple[list[Edit], list[Diagnostic]]:
    """The edits, in order, of as many fixes as do not overlap, and what they fix.

    Two fixes that insert the same text at the same place (an import) share the insertion; two that put the same header
    before statements that follow each other share the header.
    """
    taken: dict[tuple[int, int], Edit] = {}
    applied: list[Diagnostic] = []
    for diagnostic in diagnostics:
        if diagnostic.fix is None:
            continue
        edits = {(source.offset(*edit.start), source.offset(*edit.end)): edit for edit in diagnostic.fix.edits}
        new = {span: edit for span, edit in edits.items() if taken.get(span) != edit}
        if any(_overlap(span, other) for span in new for other in taken):
            continue
        taken.update(new)
        applied.append(diagnostic)
    return list(_with_headers_shared(source, [edit for _, edit in sorted(taken.items())])), applied


def _with_headers_shared(source: Source, edits: Iterable[Edit]) -> Iterator[Edit]:
    """The edits without a header that stands right above already, so that one block holds all its statements."""
    above: Edit | None = None
    for edit in edits:
        if edit.wraps is None:
            if above is not None and above.wraps is not None and edit.start >= above.wraps:
                above = None  # something else happens in between
            yield edit
        else:
            yield from _below(source, above, edit) if above is not None and _follow(source, above, edit) else (edit,)
            above = edit


def _follow(source: Source, above: Edit, edit: Edit) -> bool:
    """Whether nothing but blank rows and comments stands between two statements that get the same header."""
    if above.wraps is None or above.content != edit.content:
        return False
    return _GAP.fullmatch(source.text, source.offset(*above.wraps), source.offset(*edit.start)) is not None


def _below(source: Source, above: Edit, edit: Edit) -> Iterator[Edit]:
    """What takes a statement, and the comments before it, into the block above."""
    assert above.wraps is not None
    level = re.split(r"\r\n|\r|\n", edit.content)[-1][edit.start.column - 1 :]
    for row in _filled_rows(source, above.wraps.row + 1, edit.start.row - 1):
        yield Edit(Location(row, 1), Location(row, 1), level)
    yield msgspec.structs.replace(edit, content=level)


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    if a[0] == a[1] or b[0] == b[1]:  # insertions collide at one place, or inside a replacement
        return (a[0] == b[0] and a[1] == b[1]) or a[0] < b[0] < a[1] or b[0] < a[0] < b[1]
    return a[0] < b[1] and b[0] < a[1]


def fix_source(source: Source, check: Callable[[Source], Sequence[Diagnostic]]) -> tuple[Source, tuple[str, ...]]:
    """Check and fix until nothing changes, at most ten rounds.

    Args:
        source: what to start from.
        check: gives the diagnostics of a source whose fixes may be applied.

    Returns:
        The last source that is valid Python, and the code of each finding that was fixed.
    """
    fixed: list[str] = []
    for _ in range(MAX_ROUNDS):
        text, applied = apply_fixes(source, check(source))
        if not applied or text == source.text:
            break
        try:
            ast.parse(text)
            data = source.encode(text)
        except (SyntaxError, ValueError):
            break  # a fix that breaks the file, or that its encoding cannot hold, is not taken
        source = type(source)(source.path, data)
        fixed += [diagnostic.code for diagnostic in applied]
    return source, tuple(fixed)
