"""The language server, spoken to by a real client over its standard streams."""

from __future__ import annotations

import asyncio
import sys

import pytest

from .conftest import BAD, GOOD

pytest.importorskip("pygls")

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient


async def conversation(path, text):
    client = LanguageClient("test", "1")
    published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: lsp.PublishDiagnosticsParams) -> None:
        published.put_nowait(params)

    await client.start_io(sys.executable, "-m", "paramlint", "server")
    uri = path.as_uri()
    await client.initialize_async(
        lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), root_uri=path.parent.as_uri())
    )
    client.initialized(lsp.InitializedParams())
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "python", 1, text)))
    first = await asyncio.wait_for(published.get(), 60)
    here = lsp.TextDocumentIdentifier(uri)
    row = first.diagnostics[0].range
    context = lsp.CodeActionContext(diagnostics=first.diagnostics)
    actions = await client.text_document_code_action_async(lsp.CodeActionParams(here, row, context))
    hover = await client.text_document_hover_async(lsp.HoverParams(here, row.start))
    elsewhere = await client.text_document_hover_async(lsp.HoverParams(here, lsp.Position(0, 0)))
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(version=2, uri=uri),
            [lsp.TextDocumentContentChangeWholeDocument(GOOD)],
        )
    )
    second = await asyncio.wait_for(published.get(), 60)
    await client.shutdown_async(None)
    client.exit(None)
    return first, actions, hover, elsewhere, second


def test_diagnostics_quick_fixes_and_hover(tmp_path):
    # The character before the attribute takes two of the units that the protocol counts in.
    text = BAD.replace("        self.blocks =", "        '\U0001f600'; self.blocks =")
    first, actions, hover, elsewhere, second = asyncio.run(conversation(tmp_path / "net.py", text))
    (found,) = first.diagnostics
    assert (found.code, found.source) == ("PRM401", "paramlint")
    assert (found.range.start.line, found.range.start.character) == (7, 14)
    (action,) = actions
    assert action.title == "Wrap the list in `nn.ModuleList` (unsafe)"
    (edit,) = next(iter(action.edit.changes.values()))
    assert edit.new_text.startswith("nn.ModuleList(")
    assert "PRM401 modules-in-plain-container" in hover.contents.value
    assert elsewhere is None
    assert not second.diagnostics
    assert second.version == 2
