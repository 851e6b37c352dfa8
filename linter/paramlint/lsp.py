"""A language server: findings while a file is edited, quick fixes, and the text of a rule under the cursor.

Nothing of the edited code is imported or run.
"""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from paramlint import __version__
from paramlint.check import check_source, with_large_stack
from paramlint.facts import Project
from paramlint.finding import Diagnostic, Location
from paramlint.nominate import Nominator
from paramlint.report.severity import severity
from paramlint.source import Source
from paramlint.suite import catalogue, select

_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}


class Server(LanguageServer):
    """Keeps what was found in each open document."""

    def __init__(self) -> None:
        super().__init__("paramlint", __version__)
        self._nominator = Nominator(select())
        self.found: dict[str, list[Diagnostic]] = {}

    def check(self, uri: str) -> None:
        """Check a document as it is in the editor, and publish what is found."""
        document = self.workspace.get_text_document(uri)
        source = Source.from_text(document.path, document.source)
        report = with_large_stack(lambda: check_source(source, self._nominator, Project()))
        self.found[uri] = report.diagnostics
        published = [_published(diagnostic, document) for diagnostic in report.diagnostics]
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=published)
        )

    def forget(self, uri: str) -> None:
        """Take back what was published for a document."""
        self.found.pop(uri, None)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    def at(self, uri: str, wanted: lsp.Range) -> list[Diagnostic]:
        """The findings that touch a range of rows."""
        return [
            diagnostic
            for diagnostic in self.found.get(uri, [])
            if diagnostic.start.row - 1 <= wanted.end.line and diagnostic.end.row - 1 >= wanted.start.line
        ]


def create() -> Server:
    """A server with its features; nothing runs yet."""
    server = Server()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        document = server.workspace.get_text_document(params.text_document.uri)
        found = server.at(document.uri, params.range)
        return [action for diagnostic in found for action in _actions(diagnostic, document)]

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        here = lsp.Range(params.position, params.position)
        codes = {diagnostic.code for diagnostic in server.at(params.text_document.uri, here)}
        texts = [f"**{rule.code} {rule.name}**\n\n{rule.documentation}" for rule in catalogue() if rule.code in codes]
        if not texts:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(texts)))

    return server


def _published(diagnostic: Diagnostic, document: TextDocument) -> lsp.Diagnostic:
    return lsp.Diagnostic(
        range=_range(diagnostic.start, diagnostic.end, document),
        severity=_SEVERITIES[severity(diagnostic)],
        code=diagnostic.code,
        source="paramlint",
        message=diagnostic.message,
    )


def _actions(diagnostic: Diagnostic, document: TextDocument) -> list[lsp.CodeAction]:
    if diagnostic.fix is None:
        return []
    edits = [lsp.TextEdit(_range(edit.start, edit.end, document), edit.content) for edit in diagnostic.fix.edits]
    title = diagnostic.fix.title if diagnostic.fix.applicability == "safe" else f"{diagnostic.fix.title} (unsafe)"
    return [
        lsp.CodeAction(
            title=title,
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[_published(diagnostic, document)],
            is_preferred=diagnostic.fix.applicability == "safe",
            edit=lsp.WorkspaceEdit(changes={document.uri: edits}),
        )
    ]


def _range(start: Location, end: Location, document: TextDocument) -> lsp.Range:
    """Rows and columns as the client counts them: from 0, the columns in its units."""
    return document.position_codec.range_to_client_units(
        document.lines,
        lsp.Range(lsp.Position(start.row - 1, start.column - 1), lsp.Position(end.row - 1, end.column - 1)),
    )
