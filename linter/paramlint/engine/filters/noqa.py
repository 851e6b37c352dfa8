"""`# noqa`: which findings a comment silences, with flake8's meaning, so that every front end agrees."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from dataclasses import replace
from functools import cache, cached_property
from typing import TypeAlias

from paramlint.finding import Diagnostic
from paramlint.source.text import Source
from paramlint.syntax.outline import first_row, last_row

_CODES = r"[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*"
_LINE = rf"#\s*noqa(?::[\s]?(?P<codes>{_CODES}))?"
#: With codes a reason may follow; without, the comment stands for itself, as flake8 wants it.
_FILE = rf"^[ \t]*#[ \t]*(?:flake8|paramlint)[:=][ \t]*noqa(?:[ \t]*|:[ \t]?(?P<codes>{_CODES})(?:[ \t].*)?)$"
_ENDS = {tokenize.NEWLINE, tokenize.ENDMARKER}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Definition: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"
_SKIPPED = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}


@cache
def _of_line() -> re.Pattern[str]:
    """Compiled where a file has such comments: most have none."""
    return re.compile(_LINE, re.I)


@cache
def of_file() -> re.Pattern[str]:
    """What silences in a whole file."""
    return re.compile(_FILE, re.I | re.M)


class Suppressions:
    """The suppressing comments of one file.

    Args:
        source: the file.
        tree: its `ast`, where the caller has it: only the definitions that are asked about are split into tokens then.
    """

    def __init__(self, source: Source, tree: ast.Module | None = None) -> None:
        self._source = source
        self._tree = tree
        self._definitions: dict[ast.AST, tuple[list[_Definition], list[int]]] = {}
        self._read: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}

    def silence(self, diagnostic: Diagnostic) -> bool:
        """Whether a comment silences a diagnostic."""
        if not self.are_there:
            return False
        if self.silence_file(diagnostic.code):
            return True
        first, last = self.logical_line(diagnostic.start.row)
        match = _of_line().search(self._source.lines(first, last))
        return match is not None and _names(match["codes"], diagnostic.code)

    def silence_file(self, code: str) -> bool:
        """Whether a comment silences a code in the whole file."""
        return self.are_there and any(_names(codes, code) for codes in self._file_level)

    def place(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the row on which `# noqa` would silence it."""
        return replace(diagnostic, noqa_row=self.logical_line(diagnostic.start.row)[1])

    @staticmethod
    def parts(comment: str) -> list[re.Match[str]]:
        """What of a comment names codes to silence, in group `codes`: for the whole file, or for the line."""
        match = of_file().match(comment) or _of_line().search(comment)
        return [match] if match is not None and match["codes"] else []

    @cached_property
    def are_there(self) -> bool:
        """Whether the file has the word at all."""
        return "noqa" in self._source.text.lower()

    @cached_property
    def _file_level(self) -> list[str | None]:
        return [match["codes"] for match in of_file().finditer(self._source.text)]

    def logical_line(self, row: int) -> tuple[int, int]:
        """The first and last row of the logical line that a row belongs to."""
        rows = self._definition(row)
        if rows not in self._read:
            self._read[rows] = _logical_lines(self._source.lines(*rows), rows[0] - 1)
        return self._read[rows].get(row, (row, row))

    def _definition(self, row: int) -> tuple[int, int]:
        """The first and last row of the smallest definition around a row, or of the file."""
        rows = (1, len(self._source.line_starts))
        around: ast.Module | _Definition | None = self._tree
        while around is not None:
            definitions, last_rows = self._definitions_in(around)
            at = bisect_left(last_rows, row)
            around = definitions[at] if at < len(definitions) else None
            if around is not None:
                first = first_row(around, self._source)
                if first > row:
                    break
                rows = first, last_rows[at]
        return rows

    def _definitions_in(self, around: ast.Module | _Definition) -> tuple[list[_Definition], list[int]]:
        """The definitions that stand in a body, and their last rows."""
        if around not in self._definitions:
            found = [statement for statement in around.body if isinstance(statement, _DEFINITIONS)]
            self._definitions[around] = found, [last_row(statement) for statement in found]
        return self._definitions[around]


def is_hidden_from_flake8(source: Source) -> bool:
    """Whether a bare `# flake8: noqa` hides the whole file, also from us."""
    return any(m["codes"] is None and "flake8" in m[0].lower() for m in of_file().finditer(source.text))


def _logical_lines(text: str, above: int) -> dict[int, tuple[int, int]]:
    """For the rows of logical lines that span several, the first and the last; `above` the text are so many rows."""
    spans: dict[int, tuple[int, int]] = {}
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in _ENDS:
                last = token.end[0] + above
                if first and last > first:
                    spans.update(dict.fromkeys(range(first, last + 1), (first, last)))
                first = 0
            elif not first and token.type not in _SKIPPED:
                first = token.start[0] + above
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return spans
    return spans


def _names(codes: str | None, code: str) -> bool:
    """Whether a list of codes, or a bare `noqa`, covers a code; a prefix such as `PRM4` does."""
    if codes is None:
        return True
    return any(code.startswith(given.upper()) for given in re.split(r"[,\s]+", codes) if given)
