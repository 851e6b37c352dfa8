"""`# noqa`: which findings a comment silences, with flake8's meaning, so that every front end agrees."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import replace
from functools import cached_property

from paramlint.finding import Diagnostic
from paramlint.source import Source

_CODES = r"[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*"
_LINE = re.compile(rf"#\s*noqa(?::[\s]?(?P<codes>{_CODES}))?", re.I)
#: With codes a reason may follow; without, the comment stands for itself, as flake8 wants it.
_FILE = re.compile(
    rf"^[ \t]*#[ \t]*(?:flake8|paramlint)[:=][ \t]*noqa(?:[ \t]*|:[ \t]?(?P<codes>{_CODES})(?:[ \t].*)?)$", re.I | re.M
)
_ENDS = {tokenize.NEWLINE, tokenize.ENDMARKER}
_SKIPPED = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}


class Suppressions:
    """The suppressing comments of one file."""

    FILE = _FILE

    def __init__(self, source: Source) -> None:
        self._source = source

    def silence(self, diagnostic: Diagnostic) -> bool:
        """Whether a comment silences a diagnostic."""
        if not self._any:
            return False
        if self.silence_file(diagnostic.code):
            return True
        first, last = self.logical_line(diagnostic.start.row)
        match = _LINE.search(self._source.lines(first, last))
        return match is not None and _names(match["codes"], diagnostic.code)

    def silence_file(self, code: str) -> bool:
        """Whether a comment silences a code in the whole file."""
        return self._any and any(_names(codes, code) for codes in self._file_level)

    def place(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the row on which `# noqa` would silence it."""
        return replace(diagnostic, noqa_row=self.logical_line(diagnostic.start.row)[1])

    @staticmethod
    def parts(comment: str) -> list[re.Match[str]]:
        """What of a comment names codes to silence, in group `codes`: for the whole file, or for the line."""
        match = _FILE.match(comment) or _LINE.search(comment)
        return [match] if match is not None and match["codes"] else []

    @cached_property
    def _any(self) -> bool:
        return "noqa" in self._source.text.lower()

    @cached_property
    def _file_level(self) -> list[str | None]:
        return [match["codes"] for match in _FILE.finditer(self._source.text)]

    def logical_line(self, row: int) -> tuple[int, int]:
        """The first and last row of the logical line that a row belongs to."""
        return self._logical_lines.get(row, (row, row))

    @cached_property
    def _logical_lines(self) -> dict[int, tuple[int, int]]:
        """Rows of logical lines that span several rows."""
        spans: dict[int, tuple[int, int]] = {}
        first = 0
        try:
            for token in tokenize.generate_tokens(io.StringIO(self._source.text).readline):
                if token.type in _ENDS:
                    if first and token.end[0] > first:
                        spans.update(dict.fromkeys(range(first, token.end[0] + 1), (first, token.end[0])))
                    first = 0
                elif not first and token.type not in _SKIPPED:
                    first = token.start[0]
        except (tokenize.TokenError, IndentationError, SyntaxError):
            return spans
        return spans


def _names(codes: str | None, code: str) -> bool:
    """Whether a list of codes, or a bare `noqa`, covers a code; a prefix such as `PRM4` does."""
    if codes is None:
        return True
    return any(code.startswith(given.upper()) for given in re.split(r"[,\s]+", codes) if given)
