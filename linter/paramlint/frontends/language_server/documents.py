"""What was found in a document of an editor, and where the editor shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types as lsp
from pygls.workspace import TextDocument

from paramlint.finding import Diagnostic, Edit, Location
from paramlint.source.text import Source


@dataclass(frozen=True)
class Found:
    """What was found in a file or notebook, and which documents of the editor show it.

    Attributes:
        source: the whole.
        diagnostics: with rows of the whole.
        documents: by the first row that each shows, in order.
    """

    source: Source
    diagnostics: Sequence[Diagnostic]
    documents: dict[int, TextDocument]

    def place(self, start: Location, end: Location) -> tuple[TextDocument, lsp.Range] | None:
        """The document that shows a piece, and where, counted as the client does; `None` for what spans several."""
        first = self._first(start.row)
        if first is None or first != self._first(end.row):
            return None
        document = self.documents[first]
        span = lsp.Range(
            lsp.Position(start.row - first, start.column - 1), lsp.Position(end.row - first, end.column - 1)
        )
        return document, document.position_codec.range_to_client_units(document.lines, span)

    def _first(self, row: int) -> int | None:
        return max((first for first in self.documents if first <= row), default=None)

    def at(self, uri: str, wanted: lsp.Range) -> Iterator[tuple[Diagnostic, lsp.Range]]:
        """The findings that touch a range of rows of one document, with their places in it."""
        for diagnostic, document, span in self.placed():
            if document.uri == uri and span.start.line <= wanted.end.line and span.end.line >= wanted.start.line:
                yield diagnostic, span

    def placed(self) -> Iterator[tuple[Diagnostic, TextDocument, lsp.Range]]:
        """The findings with their places."""
        for diagnostic in self.diagnostics:
            place = self.place(diagnostic.start, diagnostic.end) or self.place(diagnostic.start, diagnostic.start)
            if place is not None:
                yield diagnostic, *place

    def edit(self, edits: Sequence[Edit]) -> lsp.WorkspaceEdit | None:
        """Edits of the whole as edits of the documents; `None` where one would reach across cells."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for edit in edits:
            place = self.place(edit.start, edit.end)
            if place is None:
                return None
            changes.setdefault(place[0].uri, []).append(lsp.TextEdit(place[1], edit.content))
        return lsp.WorkspaceEdit(changes=changes)
