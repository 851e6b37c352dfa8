"""Adding `# noqa` comments: every finding silenced where it is, to be looked at later."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from paramlint.engine.filters.noqa import Suppressions
from paramlint.finding import Diagnostic
from paramlint.source.rewrite import Rewrite
from paramlint.source.text import Source


def silence(source: Source, diagnostics: Sequence[Diagnostic]) -> Rewrite | None:
    """The file with a comment for each finding, at the end of its logical line; `None` where nothing changes.

    A comment that names codes already gets more of them: only the first one of a logical line counts.
    """
    text = source.text
    for row, line in sorted(silenced_rows(source, diagnostics).items(), reverse=True):
        start = source.offset(row)
        text = text[:start] + line + text[start + len(source.line(row)) :]
    try:
        ast.parse(text)
        after = Source(source.path, source.encode(text))
    except (SyntaxError, ValueError):
        return None
    return Rewrite(source, after, tuple(d.code for d in diagnostics)) if text != source.text else None


def silenced_rows(source: Source, diagnostics: Sequence[Diagnostic]) -> dict[int, str]:
    """The rows on which comments silence findings, as they are with them."""
    suppressions = Suppressions(source)
    by_row: dict[int, set[str]] = {}
    for diagnostic in diagnostics:
        first, last = suppressions.logical_line(diagnostic.start.row)
        rows = [row for row in range(first, last + 1) if Suppressions.parts(source.line(row))]
        by_row.setdefault(rows[0] if rows else last, set()).add(diagnostic.code)
    return {row: _silenced(source.line(row), sorted(codes)) for row, codes in by_row.items()}


def _silenced(line: str, codes: list[str]) -> str:
    parts = Suppressions.parts(line)
    if parts:
        end = parts[0].end("codes")
        return f"{line[:end]}, {', '.join(codes)}{line[end:]}"
    return f"{line.rstrip()}  # noqa: {', '.join(codes)}"
