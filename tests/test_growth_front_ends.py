"""What doubles takes no more for that by any front end: an editor, flake8, a notebook, fixes, `show` and `diff`."""

from __future__ import annotations

import ast
import cProfile
import threading
from collections.abc import Callable

import pytest

from paramlint.frontends.cli import main
from paramlint.frontends.flake8 import Plugin
from paramlint.frontends.notebook.extension import Extension

from .test_growth import DOUBLING

HEAD = "import torch\nfrom torch import nn\n"
SOME = ("lists in lists", "stars", "calls", "texts", "branches", "sequences")


def model(kind: str, times: int) -> str:
    return (
        f"\n\nclass Net(nn.Module):\n    def __init__(self, n, f):\n        super().__init__()\n"
        f"        self.w = nn.Parameter(torch.empty(3))\n        x = [self.w, nn.Linear(3, 3)]\n"
        f"{DOUBLING[kind] * times}        self.x = x\n        self.b = [nn.Linear(8, 8)]\n"
    )


def counted(function: Callable[[], object]) -> int:
    """How many functions are called, in this thread and in those that are started."""
    counters = [cProfile.Profile()]

    def begin(*_: object) -> None:
        counters.append(cProfile.Profile())
        counters[-1].enable()

    threading.setprofile(begin)
    counters[0].enable()
    try:
        function()
    finally:
        counters[0].disable()
        threading.setprofile(None)
    return sum(entry.callcount for counter in counters for entry in counter.getstats())


def flake8(text: str) -> None:
    Plugin._selected, Plugin._nominator = ("PRM",), None
    try:
        found = list(Plugin(ast.parse(text), [f"{row}\n" for row in text.split("\n")], "x.py").run())
    finally:
        Plugin._selected, Plugin._nominator = (), None
    assert any("PRM401" in message and "`self.b`" in message for _, _, message, _ in found)


def editor(text: str) -> None:
    lsp = pytest.importorskip("lsprotocol.types")
    from pygls.workspace import TextDocument

    from paramlint.engine.catalogue import select
    from paramlint.engine.run import Run, run_source
    from paramlint.frontends.language_server.code_actions import code_actions
    from paramlint.frontends.language_server.documents import Found
    from paramlint.frontends.language_server.models_of_files import Models
    from paramlint.source.text import Source

    document = TextDocument("file:///x.py", text)
    source = Source.from_text("/x.py", text)
    found = Found(source, run_source(source, Run(tuple(select()))).diagnostics, {1: document})
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(1000, 0))
    models = Models()
    assert list(code_actions(found, document.uri, whole, None))
    assert models.symbols(document)
    models.hints(document, whole)
    assert models.hover(document, lsp.Position(4, 8))


def notebook(text: str) -> None:
    class Shell:
        """Nothing is asked of it."""

    assert "PRM401" in [one.code for one in Extension(Shell()).check(text)]


@pytest.fixture
def commands(tmp_path, monkeypatch, capsys):
    """What commands do with a text, by name."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.py"
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()

    def fix(text: str) -> None:
        path.write_text(text)
        main(["check", "--no-cache", "-j", "1", "--isolated", "--fix", "--unsafe-fixes", "net.py"])
        assert "self.b = nn.ModuleList([nn.Linear(8, 8)])" in path.read_text()

    def show(text: str) -> None:
        path.write_text(text)
        assert main(["show", "net.py"]) == 0

    def diff(text: str) -> None:
        (tmp_path / "old" / "net.py").write_text(text)
        (tmp_path / "new" / "net.py").write_text(text.replace("torch.empty(3)", "torch.empty(4)"))
        assert main(["diff", "--folders", "old", "new"]) == 0
        assert "w" in capsys.readouterr().out

    return {"fix": fix, "show": show, "diff": diff}


@pytest.mark.parametrize("kind", DOUBLING)
def test_what_stands_behind_what_doubles_is_found(kind):
    flake8(HEAD + model(kind, 24))


@pytest.mark.heavy
@pytest.mark.parametrize("kind", DOUBLING)
def test_what_stands_behind_what_doubles_is_mended(commands, kind):
    commands["fix"](HEAD + model(kind, 24))


@pytest.mark.parametrize("way", ["flake8", "editor", "notebook", "fix", "show", "diff"])
def test_what_doubles_takes_no_more_by_any_front_end(commands, way):
    do = {"flake8": flake8, "editor": editor, "notebook": notebook, **commands}[way]

    def text(times):
        return HEAD + "".join(model(kind, times).replace("Net", f"Net{i}") for i, kind in enumerate(SOME))

    do(text(2))  # what is loaded and worked out once
    few, many = counted(lambda: do(text(12))), counted(lambda: do(text(24)))
    assert many <= 4 * few
