"""Fixes as edits of the text: placing them, applying them in rounds, and writing a file without ever losing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint.finding import Change, Diagnostic, Edit, Fix, LocatedFix, Location
from paramlint.source.text import Source
from paramlint.syntax.outline import first_row

if TYPE_CHECKING:
    import libcst as cst

    from paramlint.facts import File

MAX_ROUNDS = 10
Spans = Mapping["cst.CSTNode", tuple[int, int]]


def locate_fix(file: File, fix: Fix, spans: Spans) -> LocatedFix | None:
    """Turn a fix's changes into edits; `None` where one of them has no place in the text."""
    placed: list[tuple[int, int, str]] = []
    for change in fix.changes:
        pieces = _place(file.source, change, spans)
        if pieces is None:
            return None
        placed.extend(pieces)
    placed.extend(_imports(file, fix.imports))
    placed.sort()
    if any(after[0] < before[1] for before, after in pairwise(placed)):
        return None
    place = file.source.place
    edits = tuple(Edit(Location(*place(a)), Location(*place(b)), text) for a, b, text in placed)
    return LocatedFix(fix.title, fix.applicability, edits)


def _place(source: Source, change: Change, spans: Spans) -> list[tuple[int, int, str]] | None:
    if change.first not in spans or change.last not in spans:
        return None
    start, end = spans[change.first][0], spans[change.last][1]
    text = change.text.replace("\n", source.newline)
    if change.where == "replace":
        return [(start, end, text)]
    row, last_row = source.place(start)[0], source.place(end)[0]
    line_start, line_end = source.offset(row), source.offset(last_row + 1)
    indent = source.text[line_start:start]
    rest = source.text[end:line_end].strip() if change.where != "before" else ""
    if indent.strip() or (rest and not rest.startswith("#")):
        return None  # the statement shares its rows with another
    if change.where == "delete":
        return [(line_start, line_end, "")]
    if change.where == "wrap":
        return _wrap(source, start, end, indent, text)
    lines = [_indented(source, indent, line) for line in change.text.split("\n")]
    block = source.newline.join(lines) + source.newline
    if change.where == "before":
        return [(line_start, line_start, block)]
    if not source.text[:line_end].endswith(("\n", "\r")):
        return [(line_end, line_end, source.newline + block.rstrip("\r\n"))]
    return [(line_end, line_end, block)]


def _level(source: Source, indent: str) -> str:
    """One level of indentation, next to code that is indented so."""
    return "\t" if indent.endswith("\t") else source.indent


def _indented(source: Source, indent: str, line: str) -> str:
    """A line of a change, which counts four spaces a level, as the code around it is indented."""
    inner = line.lstrip(" ")
    return indent + _level(source, indent) * ((len(line) - len(inner)) // 4) + inner if inner else ""


def _wrap(source: Source, start: int, end: int, indent: str, header: str) -> list[tuple[int, int, str]] | None:
    statement = source.text[start:end]
    if '"""' in statement or "'''" in statement:
        return None  # a string over several rows would change
    level = _level(source, indent)
    edits = [(start, start, header + source.newline + indent + level)]
    first, last = source.place(start)[0], source.place(end)[0]
    for row in range(first + 1, last + 1):
        if source.line(row).strip():
            offset = source.offset(row)
            edits.append((offset, offset, level))
    return edits


def _imports(file: File, names: Sequence[str]) -> list[tuple[int, int, str]]:
    """Insertions for what the names need and the file does not import yet."""
    imported = set(file.outline.imports.values())
    missing = sorted({_module_of(n) for n in names if not any(n == i or n.startswith(i + ".") for i in imported)})
    if not missing:
        return []
    source = file.source
    offset = source.offset(_import_row(file.tree, source))
    lines = "".join(f"import {module}{source.newline}" for module in missing)
    return [(offset, offset, lines)]


def _module_of(name: str) -> str:
    return "copy" if name.startswith("copy.") else "torch"


def _import_row(tree: ast.Module, source: Source) -> int:
    """The row before which an import may stand: after the docstring and the `__future__` imports."""
    row = 1
    for index, node in enumerate(tree.body):
        is_docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_docstring and not is_future:
            return first_row(node, source)
        row = (node.end_lineno or node.lineno) + 1
    return row


def apply_fixes(source: Source, diagnostics: Sequence[Diagnostic]) -> tuple[str, int]:
    """The text after as many of the fixes as do not overlap, and how many that were.

    Two fixes that insert the same text at the same place (an import) share the insertion.
    """
    taken: dict[tuple[int, int], str] = {}
    applied = 0
    for diagnostic in diagnostics:
        if diagnostic.fix is None:
            continue
        edits = {(source.offset(*e.start), source.offset(*e.end)): e.content for e in diagnostic.fix.edits}
        new = {span: text for span, text in edits.items() if taken.get(span) != text}
        if any(_overlap(span, other) for span in new for other in taken):
            continue
        taken.update(new)
        applied += 1
    text = source.text
    for (start, end), content in sorted(taken.items(), reverse=True):
        text = text[:start] + content + text[end:]
    return text, applied


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    if a[0] == a[1] or b[0] == b[1]:  # insertions collide at one place, or inside a replacement
        return (a[0] == b[0] and a[1] == b[1]) or a[0] < b[0] < a[1] or b[0] < a[0] < b[1]
    return a[0] < b[1] and b[0] < a[1]


def fix_source(source: Source, check: Callable[[Source], Sequence[Diagnostic]]) -> tuple[Source, int]:
    """Check and fix until nothing changes, at most ten rounds.

    Args:
        source: what to start from.
        check: gives the diagnostics of a source whose fixes may be applied.

    Returns:
        The last source that is valid Python, and the number of fixes applied.
    """
    total = 0
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
        total += applied
    return source, total


def indented(text: str, by: str = "    ") -> str:
    """A block of statements moved one level in, for a fix that wraps them."""
    return re.sub(r"^(?=.)", by, text, flags=re.M)
