"""The language server, spoken to by a real client over its standard streams."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from .conftest import BAD, GOOD

pytest.importorskip("pygls")

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient


class Editor(LanguageClient):
    """A client that keeps what it is told."""

    def __init__(self):
        super().__init__("test", "1")
        self._published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.said: list[str] = []

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: lsp.PublishDiagnosticsParams) -> None:
            self._published.put_nowait(params)

        @self.feature(lsp.WINDOW_SHOW_MESSAGE)
        def show(params: lsp.ShowMessageParams) -> None:
            self.said.append(params.message)

    async def published(self):
        """What the server says next about a document."""
        return await asyncio.wait_for(self._published.get(), 60)

    async def codes(self):
        """The same, codes only."""
        return [diagnostic.code for diagnostic in (await self.published()).diagnostics]

    def open(self, uri, text):
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "python", 1, text)))

    def change(self, uri, text, version=2):
        new = lsp.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(
            lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(version=version, uri=uri), [new])
        )

    async def actions(self, uri, span):
        here, context = lsp.TextDocumentIdentifier(uri), lsp.CodeActionContext(diagnostics=[])
        return await self.text_document_code_action_async(lsp.CodeActionParams(here, span, context))

    async def hover(self, uri, place):
        return await self.text_document_hover_async(lsp.HoverParams(lsp.TextDocumentIdentifier(uri), place))


def talk(folder, conversation):
    """Have a conversation with a server that was started in a folder."""

    @asynccontextmanager
    async def editor():
        client = Editor()
        await client.start_io(sys.executable, "-m", "paramlint", "server")
        await client.initialize_async(
            lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), root_uri=folder.as_uri())
        )
        client.initialized(lsp.InitializedParams())
        yield client
        await client.shutdown_async(None)
        client.exit(None)

    async def whole():
        async with editor() as client:
            await conversation(client)

    asyncio.run(whole())


def test_diagnostics_quick_fixes_and_hover(tmp_path):
    # The character before the attribute takes two of the units that the protocol counts in.
    text = BAD.replace("        self.blocks =", "        '\U0001f600'; self.blocks =")
    uri = (tmp_path / "net.py").as_uri()

    async def conversation(client):
        client.open(uri, text)
        (found,) = (await client.published()).diagnostics
        assert (found.code, found.source) == ("PRM401", "paramlint")
        assert (found.range.start.line, found.range.start.character) == (7, 14)
        (action,) = await client.actions(uri, found.range)
        assert action.title == "Wrap the list in `nn.ModuleList` (unsafe)"
        (edit,) = action.edit.changes[uri]
        assert edit.new_text.startswith("nn.ModuleList(")
        assert "PRM401 modules-in-plain-container" in (await client.hover(uri, found.range.start)).contents.value
        assert await client.hover(uri, lsp.Position(0, 0)) is None
        client.change(uri, GOOD)
        second = await client.published()
        assert (list(second.diagnostics), second.version) == ([], 2)

    talk(tmp_path, conversation)


def test_each_file_is_checked_as_its_project_is_configured(tmp_path):
    for name in ("quiet", "excluded", "wrong", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".git").mkdir()
    (tmp_path / "quiet" / "pyproject.toml").write_text('[tool.paramlint.per-file-ignores]\n"net.py" = ["PRM4"]\n')
    (tmp_path / "excluded" / "paramlint.toml").write_text('exclude = ["net.py"]\n')
    (tmp_path / "wrong" / "paramlint.toml").write_text('select = ["PRM999"]\n')

    async def conversation(client):
        for folder, codes in (("quiet", []), ("excluded", []), ("wrong", []), ("plain", ["PRM401"])):
            client.open((tmp_path / folder / "net.py").as_uri(), BAD)
            assert await client.codes() == codes, folder
        client.open((tmp_path / "quiet" / "other.py").as_uri(), BAD)
        assert await client.codes() == ["PRM401"]
        assert len(client.said) == 1
        assert "paramlint.toml:1: no rule is called 'PRM999'" in client.said[0]
        for _ in range(2):
            client.change((tmp_path / "wrong" / "net.py").as_uri(), BAD)
            assert await client.codes() == []
        assert len(client.said) == 2  # once as long as it stays
        (tmp_path / "wrong" / "paramlint.toml").write_text("")
        client.change((tmp_path / "wrong" / "net.py").as_uri(), BAD)
        assert await client.codes() == ["PRM401"]

    talk(tmp_path, conversation)


def test_declared_ties_are_silent(tmp_path):
    text = "from torch import nn\n\nlayers = nn.ModuleList([nn.Linear(8, 8)] * 3)\n"

    async def conversation(client):
        (tmp_path / ".git").mkdir()
        client.open((tmp_path / "net.py").as_uri(), text)
        assert await client.codes() == ["PRM301"]
        (tmp_path / "paramlint.toml").write_text('ties = ["layers"]\n')
        client.change((tmp_path / "net.py").as_uri(), text)
        assert await client.codes() == []

    talk(tmp_path, conversation)


def test_what_changes_on_the_disk_counts_when_something_is_saved(tmp_path):
    net, base = tmp_path / "net.py", tmp_path / "base.py"
    text = BAD.replace("import torch\n", "import torch\nfrom base import Base\n", 1).replace("(nn.Module)", "(Base)")
    base.write_text("import torch\n\n\nclass Base:\n    pass\n")

    async def conversation(client):
        client.open(net.as_uri(), text)
        assert await client.codes() == []
        base.write_text(GOOD.replace("Net", "Base").replace("blocks", "others"))
        client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(base.as_uri())))
        assert await client.codes() == ["PRM401"]
        (tmp_path / "paramlint.toml").write_text('ignore = ["PRM401"]\n')
        client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes=[]))
        assert await client.codes() == []

    talk(tmp_path, conversation)


def test_notebooks_are_checked_as_a_whole_and_shown_by_cell(tmp_path):
    uri = (tmp_path / "net.ipynb").as_uri()
    imports, rest = "%pip install torch\nimport torch\nfrom torch import nn\n", BAD.partition("\n\n\n")[2]
    cells = {f"{uri}#0": imports, f"{uri}#2": rest, f"{uri}#3": "x = (", f"{uri}#4": "import torch\nnn.Linear(1, 1)\n"}
    items = [lsp.TextDocumentItem(cell, "python", 1, text) for cell, text in cells.items()]
    order = [(lsp.NotebookCellKind.Code, cell) for cell in cells]
    order.insert(1, (lsp.NotebookCellKind.Markup, f"{uri}#1"))
    notebook = lsp.NotebookDocument(
        uri=uri,
        notebook_type="jupyter-notebook",
        version=1,
        cells=[lsp.NotebookCell(kind=kind, document=cell) for kind, cell in order],
    )

    async def everything(client):
        return {one.uri: one.diagnostics for one in [await client.published() for _ in cells]}

    async def conversation(client):
        client.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, items))
        found = await everything(client)
        assert {cell[-1]: [d.code for d in shown] for cell, shown in found.items()} == {
            "0": [],
            "2": ["PRM401"],
            "3": ["PRM002"],
            "4": [],
        }
        (shown,) = found[f"{uri}#2"]
        assert (shown.range.start.line, shown.range.start.character) == (3, 8)
        (action,) = await client.actions(f"{uri}#2", shown.range)
        (edit,) = action.edit.changes[f"{uri}#2"]
        assert (edit.range.start.line, edit.new_text[:14]) == (3, "nn.ModuleList(")
        assert not await client.actions(f"{uri}#0", shown.range)
        assert "PRM401" in (await client.hover(f"{uri}#2", shown.range.start)).contents.value
        edited = lsp.NotebookDocumentCellContentChanges(
            document=lsp.VersionedTextDocumentIdentifier(version=2, uri=f"{uri}#2"),
            changes=[lsp.TextDocumentContentChangeWholeDocument(GOOD.partition("\n\n\n")[2])],
        )
        client.notebook_document_did_change(
            lsp.DidChangeNotebookDocumentParams(
                notebook_document=lsp.VersionedNotebookDocumentIdentifier(version=2, uri=uri),
                change=lsp.NotebookDocumentChangeEvent(
                    cells=lsp.NotebookDocumentCellChanges(text_content=[edited]),
                ),
            )
        )
        assert not (await everything(client))[f"{uri}#2"]
        client.notebook_document_did_close(
            lsp.DidCloseNotebookDocumentParams(
                notebook_document=lsp.NotebookDocumentIdentifier(uri=uri),
                cell_text_documents=[lsp.TextDocumentIdentifier(cell) for cell in cells],
            )
        )
        closed = await everything(client)
        assert (closed.keys(), any(closed.values())) == (cells.keys(), False)

    talk(tmp_path, conversation)


def spoken(*methods):
    """What a server says at its end that was told these things over plain pipes."""
    told = b""
    for number, method in enumerate(methods):
        request = {"id": number} if method in ("initialize", "shutdown") else {}
        params = {"params": {"capabilities": {}, "processId": None, "rootUri": None}} if method == "initialize" else {}
        body = json.dumps({"jsonrpc": "2.0", "method": method} | request | params).encode()
        told += b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    done = subprocess.run([sys.executable, "-m", "paramlint", "server"], input=told, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode()


def test_it_ends_as_the_protocol_says():
    assert spoken("initialize", "shutdown", "exit") == (0, "")
    assert spoken("initialize", "exit")[0] == 1
    assert spoken("initialize")[0] == 1
    assert spoken("initialize", "shutdown")[0] == 0
