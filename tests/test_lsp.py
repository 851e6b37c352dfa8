"""The language server, spoken to by a real client over its standard streams."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .conftest import BAD, GOOD

pytest.importorskip("pygls")

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).parent.parent


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

    async def actions(self, uri, span, only=None):
        here, context = lsp.TextDocumentIdentifier(uri), lsp.CodeActionContext(diagnostics=[], only=only)
        return await self.text_document_code_action_async(lsp.CodeActionParams(here, span, context))

    async def hover(self, uri, place):
        return await self.text_document_hover_async(lsp.HoverParams(lsp.TextDocumentIdentifier(uri), place))

    async def symbols(self, uri):
        return await self.text_document_document_symbol_async(lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(uri)))

    async def hints(self, uri, last=1000):
        span = lsp.Range(lsp.Position(0, 0), lsp.Position(last, 0))
        return await self.text_document_inlay_hint_async(lsp.InlayHintParams(lsp.TextDocumentIdentifier(uri), span))


def talk(folder, conversation, options=None):
    """Have a conversation with a server that was started in a folder."""

    @asynccontextmanager
    async def editor():
        client = Editor()
        await client.start_io(sys.executable, "-m", "paramlint", "server")
        await client.initialize_async(
            lsp.InitializeParams(
                capabilities=lsp.ClientCapabilities(), root_uri=folder.as_uri(), initialization_options=options
            )
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
        action, silence = await client.actions(uri, found.range)
        assert action.title == "Wrap the list in `nn.ModuleList` (unsafe)"
        assert silence.title == "Silence PRM401 on this line"
        (edit,) = action.edit.changes[uri]
        assert edit.new_text.startswith("nn.ModuleList(")
        assert "PRM401 modules-in-plain-container" in (await client.hover(uri, found.range.start)).contents.value
        assert await client.hover(uri, lsp.Position(0, 0)) is None
        client.change(uri, GOOD)
        second = await client.published()
        assert (list(second.diagnostics), second.version) == ([], 2)

    talk(tmp_path, conversation)


def applied(text, edits):
    """A text after edits, which count in characters here."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:row])) for row in range(len(lines) + 1)]
    for edit in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
        start, end = (starts[place.line] + place.character for place in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


TWICE = BAD + "        self.others = [nn.Linear(8, 8)]\n"


def test_a_finding_links_to_its_rule(tmp_path):
    uri = (tmp_path / "net.py").as_uri()

    async def conversation(client):
        client.open(uri, BAD)
        (found,) = (await client.published()).diagnostics
        path = Path(unquote(urlsplit(found.code_description.href).path))
        assert '"PRM401"' in path.read_text(encoding="utf-8")

    talk(tmp_path, conversation)


@pytest.mark.parametrize("text", [BAD, BAD.rstrip() + "  # noqa: PRM101\n", BAD.replace("[nn", "[\n            nn")])
def test_a_line_is_silenced(tmp_path, text):
    uri = (tmp_path / "net.py").as_uri()

    async def conversation(client):
        client.open(uri, text)
        found = next(one for one in (await client.published()).diagnostics if one.code == "PRM401")
        (silence,) = [one for one in await client.actions(uri, found.range) if one.title.startswith("Silence PRM401")]
        client.change(uri, applied(text, silence.edit.changes[uri]))
        assert "PRM401" not in await client.codes()

    talk(tmp_path, conversation)


def test_a_line_of_a_notebook_is_silenced(tmp_path):
    uri = (tmp_path / "net.ipynb").as_uri()
    imports, rest = "import torch\nfrom torch import nn\n", BAD.partition("\n\n\n")[2].rstrip()
    items = [lsp.TextDocumentItem(f"{uri}#{n}", "python", 1, text) for n, text in enumerate((imports, rest))]
    cells = [lsp.NotebookCell(kind=lsp.NotebookCellKind.Code, document=item.uri) for item in items]

    async def conversation(client):
        notebook = lsp.NotebookDocument(uri=uri, notebook_type="jupyter-notebook", version=1, cells=cells)
        client.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, items))
        shown = next(one for one in [await client.published() for _ in cells] if one.diagnostics)
        _, silence = await client.actions(shown.uri, shown.diagnostics[0].range)
        changed = applied(rest, silence.edit.changes[f"{uri}#1"])
        assert changed == f"{rest}  # noqa: PRM401"

    talk(tmp_path, conversation)


def test_all_of_a_rule_are_fixed_at_once(tmp_path):
    uri = (tmp_path / "net.py").as_uri()

    async def conversation(client):
        client.open(uri, TWICE)
        first, second = (await client.published()).diagnostics
        for found in (first, second):
            titles = {one.title: one for one in await client.actions(uri, found.range)}
            whole = titles["Fix all 2 of PRM401 in this file (unsafe)"]
        client.change(uri, applied(TWICE, whole.edit.changes[uri]))
        assert await client.codes() == []

    talk(tmp_path, conversation)


@pytest.mark.parametrize("kind", ["source.fixAll", "source.fixAll.paramlint", "source"])
def test_safe_fixes_are_applied_on_saving(tmp_path, kind):
    text = (ROOT / "fixtures" / "registration" / "missing_super_init" / "bad.py").read_text(encoding="utf-8")
    uri = (tmp_path / "net.py").as_uri()
    everywhere = lsp.Range(lsp.Position(0, 0), lsp.Position(10_000, 0))

    async def conversation(client):
        client.open(uri, text)
        before = (await client.published()).diagnostics
        (action,) = await client.actions(uri, lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), [kind])
        assert action.kind == "source.fixAll.paramlint"
        client.change(uri, applied(text, action.edit.changes[uri]))
        assert len((await client.published()).diagnostics) < len(before)
        assert not await client.actions(uri, everywhere, ["refactor"])
        assert not await client.actions(uri, everywhere, ["source.organizeImports"])

    talk(tmp_path, conversation)


def test_unsafe_fixes_are_not_applied_on_saving(tmp_path):
    uri = (tmp_path / "net.py").as_uri()

    async def conversation(client):
        client.open(uri, TWICE)
        (found, _) = (await client.published()).diagnostics
        assert not await client.actions(uri, found.range, ["source.fixAll"])

    talk(tmp_path, conversation)


NET = """\
import torch
from torch import nn

from layers import Head


class Block(nn.Module):
    def __init__(self, dim, bias=True):
        super().__init__()
        self.fc = nn.Linear(dim, 4 * dim, bias=bias)


class Net(nn.Module):
    def __init__(self, dim: int, depth: int):
        super().__init__()
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])
        self.gain = nn.Parameter(torch.ones(dim))
        self.head = Head(dim)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head.fc(x) * self.gain
"""
LAYERS = "from torch import nn\n\n\nclass Head(nn.Module):\n    def __init__(self, dim):\n"
LAYERS += "        super().__init__()\n        self.fc = nn.Linear(dim, 2)\n"


def place(text, wanted, offset=0):
    """Where something stands in a text for the first time, and so many characters on."""
    before = text[: text.index(wanted) + offset]
    return lsp.Position(before.count("\n"), len(before.rpartition("\n")[2]))


@pytest.fixture
def net(tmp_path):
    """A file with models, one of which comes from another file."""
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "net.py").write_text("")
    return (tmp_path / "net.py").as_uri()


@pytest.mark.parametrize(
    ("wanted", "offset", "said", "unsaid"),
    [
        ("class Net", 7, ["**Net**", "blocks.\\{depth\\}.fc.weight | 4·dim × dim", "gain | dim | torch.ones"], []),
        ("[Block(", 2, ["**Block**", "fc.weight | 4·dim × dim"], ["gain"]),
        ("import Head", 8, ["**Head**", "fc.weight | 2 × dim"], ["gain"]),
        ("self.blocks:", 6, ["**Net.blocks**", "blocks.\\{depth\\}.fc.bias"], ["gain", "head"]),
        ("self.head.fc", 6, ["**Net.head**", "head.fc.weight"], ["gain"]),
        ("* self.gain", 8, ["**Net.gain**", "gain | dim"], ["blocks"]),
    ],
)
def test_a_class_under_the_cursor_shows_what_it_holds(tmp_path, net, wanted, offset, said, unsaid):
    async def conversation(client):
        client.open(net, NET)
        await client.published()
        shown = (await client.hover(net, place(NET, wanted, offset))).contents.value
        assert all(text in shown for text in said), shown
        assert not any(f"| {text}" in shown for text in unsaid), shown
        for silent in ("import torch", "x = block", "return"):
            assert await client.hover(net, place(NET, silent, 1)) is None

    talk(tmp_path, conversation)


def test_what_is_edited_counts_and_half_a_sentence_does_not(tmp_path, net):
    async def conversation(client):
        client.open(net, NET)
        await client.published()
        at = place(NET, "class Net", 7)
        assert "ones" in (await client.hover(net, at)).contents.value
        client.change(net, NET.replace("torch.ones(dim)", "torch.zeros(3, dim)"))
        await client.published()
        assert "gain | 3 × dim | torch.zeros" in (await client.hover(net, at)).contents.value
        client.change(net, NET + "x = (", 3)
        await client.published()
        assert "gain | 3 × dim" in (await client.hover(net, at)).contents.value

    talk(tmp_path, conversation)


def test_symbols_are_classes_and_their_parameters(tmp_path, net):
    async def conversation(client):
        client.open(net, NET)
        await client.published()
        block, whole = await client.symbols(net)
        assert (block.name, [one.name for one in block.children]) == ("Block", ["fc.weight", "fc.bias"])
        assert [(one.name, one.detail) for one in whole.children] == [
            ("gain", "dim"),
            ("blocks.{depth}.fc.weight", "4·dim × dim"),
            ("blocks.{depth}.fc.bias", "4·dim"),
            ("head.fc.weight", "2 × dim"),
            ("head.fc.bias", "2"),
        ]
        assert whole.children[0].range.start == lsp.Position(place(NET, "self.gain").line, 0)
        for one in (block, whole):
            for child in (one, *one.children):
                assert one.range.start.line <= child.selection_range.start.line
                assert child.selection_range.end.line <= one.range.end.line

    talk(tmp_path, conversation)


@pytest.mark.parametrize("options", [None, {"inlayHints": True}])
def test_shapes_in_the_text_are_off_by_default(tmp_path, net, options):
    async def conversation(client):
        client.open(net, NET)
        await client.published()
        if options is None:
            assert not await client.hints(net)
            settings = {"paramlint": {"inlayHints": True}}
            client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))
        assert [(one.position.line, one.label) for one in await client.hints(net)] == [
            (place(NET, "self.fc").line, "weight 4·dim × dim, bias 4·dim"),
            (place(NET, "self.gain").line, "gain dim"),
        ]
        assert len(await client.hints(net, last=12)) == 1

    talk(tmp_path, conversation, options)


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
        action, silence = await client.actions(f"{uri}#2", shown.range)
        (edit,) = action.edit.changes[f"{uri}#2"]
        assert (edit.range.start.line, edit.new_text[:14]) == (3, "nn.ModuleList(")
        assert silence.title == "Silence PRM401 on this line"
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
