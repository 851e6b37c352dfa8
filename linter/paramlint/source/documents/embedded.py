"""Python inside another document: its text with everything else masked, and the way back.

A masked row is a comment with a number, so that rows and columns of the code stay as they are, tools may add and
remove rows around it, and the original can be put back.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property

from paramlint.finding import Diagnostic, Edit, LocatedFix, Location
from paramlint.source.text import Source

_MARK = "#\x7fmasked:"
_MARKED = re.compile(rf"[^\n]*{_MARK}(\d+)(?:\n|$)")


@dataclass(frozen=True)
class Part:
    """One piece of Python: a cell, or a fenced block; `number` counts from 1 where people count, else it is `None`.

    `first` is the row of the module text where it begins.
    """

    text: str
    first: int
    number: int | None


def is_python(text: str) -> bool:
    """Whether a text is a valid module by itself."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class Masked(Source):
    """A document that holds Python; a subclass says how to read its parts and how to write them back."""

    def parse(self) -> str:
        """The Python module that the document amounts to, what is no Python masked by `mask`.

        Raises:
            UnreadableError: the document is broken.
        """
        raise NotImplementedError

    def assemble(self, text: str) -> bytes:
        """The document with an edited module text in it."""
        raise NotImplementedError

    def __init__(self, path: str, data: bytes) -> None:
        super().__init__(path, data)
        #: The rows that were masked, by the number in their comment.
        self.hidden: list[str] = []
        self.parts: list[Part] = []
        #: Parts that are not valid Python, with the error.
        self.broken: list[tuple[Part, SyntaxError]] = []

    @cached_property
    def text(self) -> str:
        """The module."""
        return self.parse()

    def mask(self, row: str, code: str = "") -> str:
        """A row that hides another; `code` keeps it a statement where one is needed."""
        self.hidden.append(row)
        return f"{code}{'  ' if code.strip() else ''}{_MARK}{len(self.hidden) - 1}\n"

    def unmask(self, text: str) -> str:
        """Masked rows as they were.

        Raises:
            ValueError: one of them is gone, doubled or moved.
        """
        shown = [int(number) for number in _MARKED.findall(text)]
        if shown != list(range(len(self.hidden))):
            raise ValueError("a row that is no Python would change")
        return _MARKED.sub(lambda match: self.hidden[int(match[1])], text)

    def encode(self, text: str) -> bytes:
        """The bytes of the document with an edited module in it."""
        return self.assemble(text)

    def valid(self, part: str, first: int, number: int | None) -> bool:
        """Whether a part is Python by itself; if not, that is noted."""
        try:
            ast.parse(part)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            # Older Pythons say of a NUL with a ValueError what newer ones say with a SyntaxError.
            said = error if isinstance(error, SyntaxError) else SyntaxError(str(error) or "it is too deeply nested")
            self.broken.append((Part(part, first, number), said))
            return False
        return True

    def is_stand_in(self, row: int) -> bool:
        """Whether a row was masked."""
        return _MARK in self.line(row)

    def part_of(self, row: int) -> Part | None:
        """The part that a row of the module lies in."""
        index = bisect_right(self._firsts, row) - 1
        return self.parts[index] if index >= 0 else None

    @cached_property
    def _firsts(self) -> list[int]:
        _ = self.text  # which finds the parts
        return [part.first for part in self.parts]

    @cached_property
    def _by_number(self) -> dict[int | None, Part]:
        _ = self.text
        return {part.number: part for part in reversed(self.parts)}

    def part(self, diagnostic: Diagnostic) -> Source:
        """The text of a finding's part."""
        if diagnostic.cell is None:
            return self
        return Source.from_text(self.path, self._by_number[diagnostic.cell].text)

    def row_of(self, diagnostic: Diagnostic) -> int:
        """The row in the module."""
        if diagnostic.cell is None:
            return diagnostic.start.row
        return self._by_number[diagnostic.cell].first + diagnostic.start.row - 1

    def localize(self, diagnostic: Diagnostic) -> Diagnostic:
        """A finding with the number of its part, and rows that count inside it."""
        part = self.part_of(diagnostic.start.row)
        if part is None or part.number is None or diagnostic.cell is not None:
            return diagnostic

        def inside(place: Location) -> Location:
            around = self.part_of(place.row) or part
            return Location(place.row - around.first + 1, place.column)

        fix = diagnostic.fix
        if fix is not None:
            edits = tuple(
                Edit(inside(edit.start), inside(edit.end), edit.content, edit.wraps and inside(edit.wraps))
                for edit in fix.edits
            )
            fix = LocatedFix(fix.title, fix.applicability, edits)
        return replace(
            diagnostic,
            start=inside(diagnostic.start),
            end=inside(diagnostic.end),
            fix=fix,
            noqa_row=diagnostic.noqa_row - part.first + 1,
            cell=part.number,
        )
