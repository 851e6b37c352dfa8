"""`--report`, `--graph` and `paramlint report`, from the arguments to the files."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from click.testing import CliRunner, Result

from paramlint.frontends.cli.verify.command import report_command, verify_command
from paramlint.frontends.cli.verify.outputs import write_graph, write_page, write_pages

pytest.importorskip("torch")
pytest.importorskip("jinja2")

from .documents import document, hostile, hostile_failure, parameter

MODELS = Path(__file__).parent / "models.py"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(verify_command, arguments, prog_name="verify")


def test_a_report_and_a_graph_beside_the_json(folder: Path) -> None:
    given = ("--report", "out put.html", "--graph", "net.dot", "--output-format", "json")
    result = verify(f"{MODELS}:Unwritten", "--select", "PRM201", *given)
    assert result.exit_code == 1
    assert set(json.loads(result.stdout)["details"]) == {"modules", "histograms", "environment"}
    assert result.stderr == "wrote out put.html: 1 finding\nwrote net.dot: the graph\n"
    page = (folder / "out put.html").read_text()
    assert f"paramlint verify {MODELS}:Unwritten --select PRM201 --report &#39;out put.html&#39; --graph" in page
    assert "self.scale = nn.Parameter(torch.empty(4, 4))" in page
    assert "PRM201" in (folder / "net.dot").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["net.dot", "out put.html"]


def test_nothing_is_drawn_of_a_model_that_is_not_there(folder: Path) -> None:
    result = verify(f"{MODELS}:Broken", "--report", "out.html", "--graph", "out.mmd")
    assert result.exit_code == 2
    assert "NotImplementedError: abstract" in (folder / "out.html").read_text()
    assert not (folder / "out.mmd").exists()


def test_the_report_of_a_file(folder: Path) -> None:
    result = CliRunner().invoke(report_command, [str(MODELS), "--discover", "-o", "all 100%.html"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "wrote all 100%.html: 7 targets, 1 with findings, 4 not verified\n"
    index = (folder / "all 100%.html").read_text()
    links = [unquote(link) for link in re.findall('href="([^#"]*)"', index)]
    assert len(links) == 7
    assert all(link.startswith("all 100%-pages/") for link in links)
    for link in links:
        back = re.findall(r'<p class="back"><a href="([^"]*)"', (folder / link).read_text())
        assert (folder / link).parent.joinpath(unquote(back[0])).resolve() == folder / "all 100%.html"
    assert any("<code>width=64</code>" in (folder / link).read_text() for link in links)
    assert f"paramlint report {MODELS} --discover -o &#39;all 100%.html&#39;" in index


REFUSED = [
    (("--report", "no/out.html"), "the report cannot be written: there is no folder `no`; create it first"),
    (("--report", "out.pdf"), "the report is HTML: `out.pdf` does not end with .html"),
    (("--report", "folder.html"), "the report cannot be written: `folder.html` is a folder; name a file"),
    (("--write-contract", "pipe"), "the contract cannot be written: `pipe` is no regular file; name one"),
    (("--graph", "out.png"), "the graph is Graphviz (.dot) or Mermaid (.mmd): `out.png` ends with neither"),
    (("--graph", "no/out.dot"), "the graph cannot be written: there is no folder `no`; create it first"),
    (("--graph", "out.dot", "x.py:Other"), "--graph draws one model: give one target, without --discover"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[" ".join(given) for given, _ in REFUSED])
def test_what_cannot_be_written_is_refused_before_anything_runs(
    arguments: tuple[str, ...], message: str, folder: Path
) -> None:
    (folder / "folder.html").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "net.py").write_text("open('ran', 'w')")
    result = verify("net.py:Net", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not (folder / "ran").exists()


def test_without_jinja2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = verify("net.py:Net", "--report", "out.html")
    assert result.exit_code == 2
    assert "the report needs jinja2, which is not installed: pip install 'paramlint[report]'" in result.stderr


def test_a_graph_needs_no_jinja2(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    write_graph(folder / "out.dot", document(parameter("w")))
    assert (folder / "out.dot").read_text().startswith("digraph")


def test_a_page_replaces_the_old_one_whole_and_keeps_its_mode(folder: Path) -> None:
    path = folder / "out.html"
    path.write_text("old" * 100_000)
    path.chmod(0o640)
    write_page(path, document(parameter("w")), "paramlint verify net:Net")
    assert path.read_text().startswith("<!doctype html>")
    assert path.read_text().endswith("</html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_cannot_be_written_leaves_the_old_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "out.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(click.FileError) as refused:
        write_page(path, document(parameter("w")), "")
    assert str(path) in refused.value.format_message()
    assert "No space left on device" in refused.value.format_message()
    assert path.read_text() == "old"
    assert [entry.name for entry in folder.iterdir()] == ["out.html"]


def test_pages_of_names_that_no_file_could_have(folder: Path) -> None:
    names = ["a:B", "a.B", "A:b", "é:ü", "../../x:Y", "x" * 300, "/", hostile().target]
    documents = [document(parameter("w"), target=name) for name in names] + [hostile_failure()]
    write_pages(folder / "out.html", "all", documents, "paramlint report")
    pages = [path.name for path in (folder / "out-pages").iterdir()]
    assert len({name.lower() for name in pages}) == len(names)
    assert {"a-B.html", "a-B-2.html", "A-b-3.html", "target.html"} <= set(pages)
    links = re.findall('href="(out-pages/[^"]*)"', (folder / "out.html").read_text())
    assert set(links) == {f"out-pages/{name}" for name in pages}
    assert sorted(path.name for path in folder.iterdir()) == ["out-pages", "out.html"]


def test_the_page_of_the_documentation_shows_what_happens(folder: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    ((code, command, told, drawn),) = re.findall(
        r"```python\n(.*?)```.*\$ paramlint report (.*?)\n(.*?)```.*```\n(flowchart.*?)```", text, re.S
    )
    (folder / "net.py").write_text(code)
    result = CliRunner().invoke(report_command, command.split())
    assert (result.exit_code, result.stderr) == (1, told)
    assert (folder / "net.mmd").read_text() == drawn


def test_a_large_model_is_a_small_page(folder: Path) -> None:
    (folder / "llama.py").write_text(LLAMA)
    result = verify("llama.py:llama", "--report", "out.html", "--memory", "3")
    assert result.exit_code == 0, result.output
    page = (folder / "out.html").read_text()
    assert "6,738,415,616" in page
    assert "layers</span>" in page
    assert len(page) < 100_000


LLAMA = """
from torch import nn


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def block(width, hidden):
    shapes = {"q": (width, width), "k": (width, width), "v": (width, width), "o": (width, width)}
    shapes |= {"gate": (width, hidden), "up": (width, hidden), "down": (hidden, width)}
    norms = {"attention_norm": nn.RMSNorm(width), "ffn_norm": nn.RMSNorm(width)}
    return nn.ModuleDict({name: linear(*shape) for name, shape in shapes.items()} | norms)


def llama(width=4096, hidden=11008, depth=32, vocabulary=32000):
    layers = nn.ModuleList(block(width, hidden) for _ in range(depth))
    ends = {"embedding": nn.Embedding(vocabulary, width), "norm": nn.RMSNorm(width), "head": linear(width, vocabulary)}
    return nn.ModuleDict({"layers": layers} | ends)
"""
