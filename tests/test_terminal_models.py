"""The same for what is said of models and of changes to them: no control character of a name or a file gets out."""

from __future__ import annotations

import json

import pytest

from paramlint.frontends.cli import main
from paramlint.frontends.notebook.cell_output import Shown
from paramlint.frontends.notebook.extension import Extension

from .test_terminal import ALL, ESCAPED, IN_CODE, IN_NAME, assert_plain, hostile_model, model, named, said

__all__ = ["named"]

#: Names of classes, parameters and arguments, texts that decide, laws and reasons: all that a class can say.
TOLD = f'''
import torch
from torch import nn


class Part(nn.Module):
    def __init__(self, kind="{ESCAPED}"):
        super().__init__()
        self.register_parameter("p{ESCAPED}", nn.Parameter(torch.empty(5)))
        if kind == "{ESCAPED}":
            self.register_buffer("k{ESCAPED}", torch.zeros(2))


class Net(nn.Module):
    def __init__(self, cfg, kind="{ESCAPED}", width=8):
        super().__init__()
        self.parts = nn.ModuleDict({{"{ESCAPED[6:]}": Part(), "other": Part(kind)}})
        self.register_parameter("w{ESCAPED}", nn.Parameter(torch.empty(3)))
        self.register_buffer("b{ESCAPED}", torch.zeros(width))
        if cfg["{ESCAPED}"] == "{ESCAPED}":
            self.register_parameter("c{ESCAPED}", nn.Parameter(torch.empty(width, cfg["{ESCAPED}"])))
        nn.init.normal_(getattr(self, "w{ESCAPED}"), std=cfg["{ESCAPED}"])
        self.add_module("u{ESCAPED}", cfg["{ESCAPED}"].made("{ESCAPED}"))
        self.tied = getattr(self, "w{ESCAPED}")
        self.name = "{IN_CODE}"
'''
AFTER = (
    TOLD.replace("torch.empty(5)", "torch.empty(6)")
    .replace("std=cfg", "mean=cfg")
    .replace('"b', '"new')
    .replace(f'"{ESCAPED[6:]}": Part', f'"moved{ESCAPED[6:]}": Part')
    .replace("class Part", "class Piece")
    .replace("Part(", "Piece(")
)


@pytest.mark.parametrize("output_format", ["full", "json", "github", "markdown"])
@pytest.mark.parametrize("way", ["changed", "gone", "new"])
def test_diff(tmp_path, monkeypatch, capsys, output_format, way):
    monkeypatch.chdir(tmp_path)
    for folder, text in (("old", TOLD), ("new", AFTER)):
        (tmp_path / folder).mkdir()
        if {"gone": "new", "new": "old"}.get(way) != folder:
            (tmp_path / folder / f"n{IN_NAME.replace('/', '')}.py").write_text(text, encoding="utf-8", newline="")
    main(["diff", "--folders", "--output-format", output_format, "old", "new"])
    out = said(capsys)
    assert_plain(out)
    assert len(out) > 200 or way != "changed"
    for arguments in (
        [IN_NAME],
        [f"HEAD{IN_NAME}", IN_NAME],
        ["--folders", "old", IN_NAME],
        ["--folders", "old", "new", IN_NAME],
    ):
        main(["diff", "--output-format", output_format, *arguments])
        assert_plain(said(capsys))


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint whose names hold them all, of other shapes, under a key of them."""
    torch = pytest.importorskip("torch")
    path = tmp_path / f"c{IN_NAME.replace('/', '')}.pt"
    names = [f"w{ALL}", f"c{ALL}", f"u{ALL}.weight", f"parts.{ALL}.p{ALL}", "parts.other.w"]
    torch.save({f"s{ALL}": {f"m{ALL}.{name}": torch.zeros(2) for name in names}, f"epoch{ALL}": ALL}, path)
    return path


@pytest.mark.parametrize("output_format", ["full", "json"])
def test_match(named, checkpoint, capsys, output_format):
    named.write_text(TOLD, encoding="utf-8", newline="")
    target = f"{named.name}:Net"
    other = checkpoint.with_name("other.pt")
    other.write_bytes(ALL.encode() * 40)
    for arguments in (
        [target, checkpoint.name],
        [target, checkpoint.name, "--arg", f"kind={ALL!a}", "--arg", "cfg={}"],
        [target, other.name],
        [target, IN_NAME],
        [IN_NAME, checkpoint.name],
        [f"{named.name}:{IN_NAME}", checkpoint.name],
    ):
        main(["match", "--output-format", output_format, *arguments])
        out = said(capsys)
        assert_plain(out)
        assert len(out) > 20


def test_a_header_of_safetensors(named, capsys):
    named.write_text(TOLD, encoding="utf-8", newline="")
    rows = {f"w{ALL}": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {ALL: ALL}}
    for number, document in enumerate((rows, rows | {ALL: {"dtype": ALL, "shape": [ALL]}}, {ALL: ALL}, [ALL])):
        head = json.dumps(document).encode()
        (named.parent / f"{number}.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + bytes(8))
        main(["match", f"{named.name}:Net", f"{number}.safetensors"])
        assert_plain(said(capsys))
    (named.parent / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {ALL: IN_NAME}}))
    main(["match", f"{named.name}:Net", "model.safetensors.index.json"])
    assert_plain(said(capsys))


@pytest.mark.parametrize("output_format", ["full", "json", "markdown", "none"])
@pytest.mark.parametrize("more", [(), ("--index",), ("--report", "page.html")], ids=str)
def test_show(named, capsys, output_format, more):
    named.write_text(TOLD, encoding="utf-8", newline="")
    main(["show", "--output-format", output_format, *more, named.name])
    assert_plain(said(capsys))
    if "--report" in more:
        assert_plain((named.parent / "page.html").read_text(encoding="utf-8"))


def test_show_and_match_beside_live_models(named, checkpoint, capsys, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", __file__.rpartition("/tests/")[0])
    build = "\n\ndef build():\n    from tests.test_terminal import hostile_model\n    return hostile_model()\n"
    (named.parent / "live.py").write_text(TOLD + build)
    for arguments in (
        ["show", "--verify", "live.py:build"],
        ["show", "--verify", "--output-format", "json", "live.py:Net"],
        ["match", "--verify", "live.py:build", checkpoint.name],
        ["match", "--verify", "--output-format", "json", "live.py:build", checkpoint.name],
    ):
        main(arguments)
        out = said(capsys)
        assert_plain(out)
        assert len(out) > 40


@pytest.mark.parametrize("output_format", ["full", "json"])
def test_explain_and_init(named, capsys, output_format):
    for place in (f"{named.name}:{row}" for row in (9, 16, 19)):
        main(["explain", place])
        assert_plain(said(capsys))
    main(["explain", f"{IN_NAME}:3"])
    (named.parent / "pyproject.toml").write_text(f'"{ESCAPED}" = 1\n[project]\nname = "{ESCAPED}"\n')
    main(["init"])
    (named.parent / "pyproject.toml").write_text(f"[{IN_CODE}\n", encoding="utf-8")
    main(["init"])
    assert_plain(said(capsys))


def test_what_an_editor_is_told(named):
    lsp = pytest.importorskip("lsprotocol.types")
    from pygls.workspace import TextDocument

    from paramlint.engine.catalogue import select
    from paramlint.engine.run import Run, run_source
    from paramlint.frontends.language_server.code_actions import code_actions
    from paramlint.frontends.language_server.documents import Found
    from paramlint.frontends.language_server.models_of_files import Models
    from paramlint.source.text import Source

    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(1000, 0))
    for text in (model(), TOLD):
        document = TextDocument(named.as_uri(), text)
        source = Source.from_text(str(named), text)
        found = Found(source, run_source(source, Run(tuple(select()))).diagnostics, {1: document})
        texts = [one.title for one in code_actions(found, document.uri, whole, None)]
        models = Models()
        texts += [
            text
            for row in range(len(document.lines))
            for column in (8, 14, 20)
            for text in models.hover(document, lsp.Position(row, column))
        ]
        symbols = models.symbols(document)
        while symbols:
            symbol = symbols.pop()
            texts += [symbol.name, symbol.detail or ""]
            symbols += symbol.children or []
        for hint in models.hints(document, whole):
            texts += [hint.label if isinstance(hint.label, str) else repr(hint.label), str(hint.tooltip or "")]
        assert len(texts) > 3
        for text in texts:
            assert_plain(text)


class Shell:
    """What an extension asks of a shell."""

    def ev(self, _):
        return "no model"


def test_a_notebook(capsys, monkeypatch):
    extension = Extension(Shell())
    shown = Shown(tuple(extension.check(model())), 1)
    assert shown.diagnostics
    assert_plain(repr(shown))
    assert_plain(shown._repr_html_())
    extension.magic(f"x{IN_CODE}")

    def fail(_):
        raise RuntimeError(ALL)

    monkeypatch.setattr(extension, "check", fail)
    extension._pending = "x"
    extension._after(None)
    out = said(capsys)
    assert "could not check" in out
    assert "needs a model" in out
    assert_plain(out)


def test_from_python(named):
    pytest.importorskip("torch")
    import paramlint

    live = hostile_model()
    seen = paramlint.inspect(live)
    texts = [repr(seen), seen._repr_html_(), seen.to_json(), *map(str, seen.parameters), *map(str, seen.findings)]
    named.write_text(TOLD, encoding="utf-8", newline="")
    shown = paramlint.show(named.name)
    texts += [str(shown), shown.to_json()]
    named.write_text(model(), encoding="utf-8", newline="")
    texts += [repr(one) for one in paramlint.check(named.name)]
    texts += [str(one) for one in paramlint.check(named.name)]
    for asked in (
        lambda: paramlint.show(IN_NAME),
        lambda: paramlint.check(named.name, select=IN_NAME),
        lambda: paramlint.show(f"{named.name}:{IN_NAME}"),
        lambda: paramlint.prove(f"{named.name}:{IN_NAME}"),
        lambda: paramlint.prove(IN_NAME),
        lambda: paramlint.fix(IN_NAME),
    ):
        try:
            texts.append(str(asked()))
        except (ValueError, OSError) as error:
            texts.append(str(error))
    for text in texts:
        assert_plain(text)


def test_a_watched_run(tmp_path):
    torch = pytest.importorskip("torch")
    import paramlint

    live = hostile_model()
    optimizer = torch.optim.SGD(live.parameters(), lr=0.1)
    with paramlint.watch(live, optimizer) as watch:
        for _ in range(3):
            sum(p.sum() for p in live.parameters()).backward()
            optimizer.step()
            optimizer.zero_grad()
    for text in (repr(watch), str(watch), watch._repr_html_(), watch.to_json()):
        assert_plain(text)
