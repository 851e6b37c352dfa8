"""The server and its features: what an editor asks and is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from paramlint import __version__
from paramlint.config.declared_ties import Ties
from paramlint.config.settings import ConfigError, Settings, find
from paramlint.engine.catalogue import catalogue, configured_rules
from paramlint.engine.filters.baseline import Baseline, BaselineError
from paramlint.engine.run import PerFileIgnores, Run, run_source
from paramlint.finding import Diagnostic
from paramlint.frontends.language_server.code_actions import KINDS, code_actions
from paramlint.frontends.language_server.documents import Found
from paramlint.frontends.language_server.models_of_files import Models
from paramlint.frontends.language_server.published import published
from paramlint.frontends.report.plain import plain
from paramlint.source.documents.notebook import Notebook
from paramlint.source.file_discovery import Discovery, Wanted
from paramlint.source.text import Source

_NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    [
        lsp.NotebookDocumentFilterWithCells(
            notebook="jupyter-notebook", cells=[lsp.NotebookCellLanguage(language="python")]
        )
    ],
    save=True,
)


class Server(LanguageServer):
    """Keeps what was found for each open document; the cells of a notebook have it in common."""

    def __init__(self) -> None:
        super().__init__("paramlint", __version__, notebook_document_sync=_NOTEBOOKS)
        self.found: dict[str, Found] = {}
        #: Whether the client has said that it is done.
        self.is_shut_down = False
        self._said = ""
        #: Whether shapes are shown in the text; off by default.
        self.shows_shapes = False
        self.models = Models()

    def check(self, uri: str) -> None:
        """Check a document as it is in the editor, and publish what is found."""
        document = self.workspace.get_text_document(uri)
        self._check(Source.from_text(document.path, document.source), {1: document})

    def check_notebook(self, uri: str) -> None:
        """Check a notebook as it is in the editor, and publish what is found in each cell."""
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        if notebook is None:
            return
        cells = [cell for cell in notebook.cells if cell.kind == lsp.NotebookCellKind.Code]
        documents = [self.workspace.get_text_document(cell.document) for cell in cells]
        written = [{"cell_type": "code", "source": document.source.replace("\r\n", "\n")} for document in documents]
        path = self.workspace.get_text_document(uri).path
        source = Notebook(path, json.dumps({"cells": written}).encode())
        _ = source.text  # which finds the parts
        self._check(source, dict(zip((part.first for part in source.parts), documents, strict=True)))

    def _check(self, source: Source, documents: dict[int, TextDocument]) -> None:
        run = self._run(source.path)
        found = Found(source, run_source(source, run).diagnostics if run is not None else (), documents)
        for document in documents.values():
            self.found[document.uri] = found
            shown = [published(d, span) for d, other, span in found.placed() if other is document]
            self._publish(document.uri, shown, document.version)

    def check_again(self) -> None:
        """Check everything that is open: what is on the disk has changed."""
        notebooks = self.workspace.notebook_documents
        for uri in list(notebooks):
            self.check_notebook(uri)
        for uri in list(self.found):
            if self.workspace.get_notebook_document(cell_uri=uri) is None:
                self.check(uri)

    def forget(self, uris: Iterable[str]) -> None:
        """Take back what was published for documents."""
        for uri in uris:
            self.found.pop(uri, None)
            self._publish(uri, [])

    def at(self, uri: str, wanted: lsp.Range) -> Iterator[tuple[Diagnostic, lsp.Range]]:
        """The findings that touch a range of rows."""
        found = self.found.get(uri)
        return found.at(uri, wanted) if found is not None else iter(())

    def configure(self, given: object) -> None:
        """Take the client's settings: `{"inlayHints": true}`, also below `paramlint`."""
        options = given.get("paramlint", given) if isinstance(given, dict) else None
        if isinstance(options, dict) and isinstance(options.get("inlayHints"), bool):
            self.shows_shapes = options["inlayHints"]

    def refresh_hints(self) -> None:
        """Have the client ask for the shapes again, where it can."""
        asked = self.client_capabilities.workspace
        if asked is not None and asked.inlay_hint is not None and asked.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)

    def is_file(self, uri: str) -> bool:
        """Whether a document is a Python file, and no cell of a notebook."""
        return uri.endswith(".py") and self.workspace.get_notebook_document(cell_uri=uri) is None

    def _publish(self, uri: str, diagnostics: list[lsp.Diagnostic], version: int | None = None) -> None:
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=diagnostics)
        )

    def _run(self, path: str) -> Run | None:
        """How to check a file, as its project is configured; `None` for one that is excluded, or if that is wrong."""
        try:
            settings = find([path])
            run = _configured(settings)
        except (ConfigError, BaselineError) as error:
            self._say(str(error))
            return None
        self._said = ""
        return run if _is_included(settings, path) else None

    def _say(self, problem: str) -> None:
        """Show a problem, once as long as it stays."""
        if problem != self._said:
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"paramlint: {plain(problem)}"))
        self._said = problem


def create() -> Server:
    """A server with its features; nothing runs yet."""
    server = Server()

    @server.feature(lsp.SHUTDOWN)
    def shut_down(_: None) -> None:
        server.is_shut_down = True

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.forget([params.text_document.uri])

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(params: lsp.DidOpenNotebookDocumentParams) -> None:
        server.check_notebook(params.notebook_document.uri)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_changed(params: lsp.DidChangeNotebookDocumentParams) -> None:
        cells = params.change.cells
        if cells is not None and cells.structure is not None:
            server.forget(cell.uri for cell in cells.structure.did_close or ())
        server.check_notebook(params.notebook_document.uri)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(params: lsp.DidCloseNotebookDocumentParams) -> None:
        server.forget(cell.uri for cell in params.cell_text_documents)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: lsp.DidSaveTextDocumentParams) -> None:
        server.check_again()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(_: lsp.DidChangeWatchedFilesParams) -> None:
        server.check_again()

    @server.feature(lsp.INITIALIZE)
    def initialized(params: lsp.InitializeParams) -> None:
        server.configure(params.initialization_options)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: lsp.DidChangeConfigurationParams) -> None:
        server.configure(params.settings)
        server.refresh_hints()

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[*KINDS]))
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = server.found.get(params.text_document.uri)
        if found is None:
            return []
        return list(code_actions(found, params.text_document.uri, params.range, params.context.only))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        uri = params.text_document.uri
        here = lsp.Range(params.position, params.position)
        codes = {diagnostic.code for diagnostic, _ in server.at(uri, here)}
        texts = [f"**{rule.code} {rule.name}**\n\n{rule.documentation}" for rule in catalogue() if rule.code in codes]
        if server.is_file(uri):
            texts += server.models.hover(server.workspace.get_text_document(uri), params.position)
        if not texts:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(texts)))

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        uri = params.text_document.uri
        return server.models.symbols(server.workspace.get_text_document(uri)) if server.is_file(uri) else []

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def hints(params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        uri = params.text_document.uri
        if not server.shows_shapes or not server.is_file(uri):
            return []
        return server.models.hints(server.workspace.get_text_document(uri), params.range)

    return server


def _configured(settings: Settings) -> Run:
    baseline = Baseline.read(settings.baseline) if settings.baseline is not None else None
    return Run(
        configured_rules(settings),
        ignores=PerFileIgnores(settings.per_file_ignores),
        baseline=baseline,
        ties=Ties(settings.table.ties),
    )


def _is_included(settings: Settings, path: str) -> bool:
    respected = settings.table.respect_gitignore
    wanted = Wanted(exclude=settings.exclude)
    discovery = Discovery(lambda _: wanted, gitignore=respected is not False, force_exclude=True)
    return bool(discovery.find([path]).files)
