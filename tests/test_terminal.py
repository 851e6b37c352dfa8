"""Whatever the texts of a repository hold, no control character of theirs reaches a terminal, by any front end."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys

import pytest

from paramlint.frontends.cli import main
from paramlint.frontends.flake8 import Plugin
from paramlint.frontends.report.plain import patch, plain_json

from .conftest import BAD

FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")
C0 = "".join(map(chr, range(0x20)))
C1 = "\x7f" + "".join(map(chr, range(0x80, 0xA0)))
TURNING = "\u061c\u200e\u200f\u2028\u2029" + "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
ALL = C0 + C1 + TURNING
IN_NAME = "".join(c for c in ALL if c not in "\0")
IN_CODE = "".join(c for c in ALL if c not in "\0\n\r")
ESCAPED = "".join(f"\\u{ord(c):04x}" for c in ALL)


def model(name: str = "Net") -> str:
    return f'''{BAD.replace("Net", name)}
        self.steps = [nn.Linear(8, 8)]  # {IN_CODE}
        self.register_parameter("w{ESCAPED}", nn.Parameter(torch.empty(3)))
        self.register_buffer("b{ESCAPED}", torch.zeros(3))
        setattr(self, "m{ESCAPED}", nn.Linear(3, 3))
        self.held = nn.ParameterDict({{"k{ESCAPED}": nn.Parameter(torch.empty(4))}})
        self.blocks = [nn.Linear(4, 4)] * 2  # {IN_CODE}
        self.said = "{IN_CODE}"
        nn.init.normal_(self.held["k{ESCAPED}"].data, std="{ESCAPED}")
'''


def assert_plain(text: str, *, allowed: str = "\n") -> None:
    raw = set(text) & (set(ALL) - set(allowed))
    assert not raw, sorted(map(ascii, raw))


@pytest.fixture
def named(bad):
    """A file whose name and whose text hold them all."""
    bad.unlink()
    path = bad.parent / f"n{IN_NAME}.py"
    path.write_text(model(), encoding="utf-8", newline="")
    return path


def said(capsys) -> str:
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--statistics",),
        ("-v", "--sort", "path", "--all-frames"),
        ("--fix", "--unsafe-fixes"),
        ("--reference",),
        ("--exclude", "n*"),
    ],
    ids=" ".join,
)
def test_every_format(named, capsys, output_format, more):
    main(["check", "--no-cache", "--select", "ALL", "--output-format", output_format, *more])
    out = said(capsys)
    assert_plain(out)
    assert "--exclude" in more or len(out) > 200


@pytest.mark.parametrize(
    "more", ["--show-files", "--show-settings", "--add-noqa", ("--write-baseline", "--baseline", "b")], ids=str
)
def test_what_is_said_beside_findings(named, capsys, more):
    main(["check", "--no-cache", *([more] if isinstance(more, str) else more)])
    assert_plain(said(capsys))


def test_a_patch_is_exact_but_for_what_a_terminal_acts_on(named, capsys):
    named.write_text(model().replace("\n", "\r\n"), encoding="utf-8", newline="")
    main(["check", "--no-cache", "--select", "ALL", "--diff", "--unsafe-fixes"])
    out, err = capsys.readouterr()
    assert_plain(out, allowed="\n\t\r")
    assert all(row.count("\r") <= 1 and row.find("\r") in (-1, len(row) - 1) for row in out.split("\n"))
    assert "holds characters that a terminal would act on" in err
    assert_plain(err)
    assert patch("\ta\u00e9\u200b\u00a0\r") == "\ta\u00e9\u200b\u00a0\r"


def test_a_patch_of_usual_code_is_exact_and_says_nothing(bad, capsys):
    bad.write_text(BAD.replace("8)]", "8)]  # \u00e9\u200b\t\u4e2d"), encoding="utf-8")
    main(["check", "--no-cache", "--diff", "--unsafe-fixes"])
    out, err = capsys.readouterr()
    assert "# \u00e9\u200b\t\u4e2d" in out
    assert "warning" not in err


@pytest.mark.parametrize(
    "text",
    [
        f'select = ["{ESCAPED}"]',
        f'"{ESCAPED}" = 1',
        f'output-format = "{ESCAPED}"',
        f'exclude = ["[{ESCAPED}"]',
        f'extend = "{ESCAPED[6:]}"',
        f'baseline = "{ESCAPED[6:]}"',
        f'extension = ["{ESCAPED}"]',
        f'[per-file-ignores]\n"{ESCAPED[6:]}" = ["{ESCAPED}"]',
        f"{IN_CODE}",
    ],
)
@pytest.mark.parametrize("more", [(), ("--show-settings",), ("-v",)], ids=" ".join)
def test_configuration(named, capsys, text, more):
    (named.parent / "paramlint.toml").write_text(text + "\n", encoding="utf-8")
    main(["check", "--no-cache", *more])
    assert_plain(said(capsys))


def test_patterns_and_names_of_folders(named, capsys):
    folder = named.parent / f"f{IN_NAME}"
    folder.mkdir()
    (folder / ".gitignore").write_text(f"[{IN_CODE}\n[[:{IN_CODE}:]]\n", encoding="utf-8")
    (folder / "paramlint.toml").write_text("nothing = 1")
    main(["check", "--no-cache"])
    assert_plain(said(capsys))
    (folder / "paramlint.toml").unlink()
    for arguments in ((), ("--show-files",), ("--baseline", f"{folder}/b"), ("--cache-dir", str(named))):
        main(["check", *arguments])
        assert_plain(said(capsys))
    for command in (["clean", "--cache-dir", str(folder)], [IN_NAME], ["check", f"--{IN_NAME}"], ["rule", IN_NAME]):
        main(command)
        assert_plain(said(capsys))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("odd.py", f"# coding: {IN_CODE}\nimport torch\n"),
        ("odd.py", f"import torch\nx = {IN_CODE}\n"),
        ("odd.py", f"import torch\nx = '{IN_CODE}' +\n"),
        ("odd.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [model()]}]})),
        ("odd.ipynb", f'{{"cells": [{{"cell_type": "code", "source": {{"{IN_CODE}": 1}}}}]}}'),
        ("odd.md", f"# {IN_CODE}\n\n```python\n{model()}\n```\n"),
    ],
)
@pytest.mark.parametrize("output_format", ["full", "sarif"])
def test_files_that_cannot_be_read_and_documents(bad, capsys, name, text, output_format):
    (bad.parent / name).write_text(text, encoding="utf-8")
    main(["check", "--no-cache", "--extension", "md", "--output-format", output_format])
    assert_plain(said(capsys))
    main(["check", "--no-cache", "--extension", "md", "--diff", "--unsafe-fixes"])
    assert_plain(said(capsys), allowed="\n\t\r")


@pytest.mark.parametrize("output_format", ["full", "json"])
def test_show(named, capsys, output_format):
    main(["show", "--output-format", output_format, named.name])
    out = said(capsys)
    assert_plain(out)
    assert "Net" in out
    main(["show", f"{IN_NAME}.py:Net"])
    main(["show", named.name, "--arg", f"{IN_NAME}=1"])
    main(["show", f"{named.name}:{IN_NAME}"])
    assert_plain(said(capsys))


def test_flake8(named):
    text = named.read_text(encoding="utf-8")
    Plugin._selected, Plugin._nominator = ("PRM",), None
    try:
        found = list(Plugin(ast.parse(text), [f"{row}\n" for row in text.split("\n")], "x.py").run())
    finally:
        Plugin._selected, Plugin._nominator = (), None
    assert found
    for _, _, message, _ in found:
        assert_plain(message)


def test_the_language_server(named, monkeypatch):
    server = pytest.importorskip("paramlint.frontends.language_server.features")
    published = []
    made = server.Server()
    monkeypatch.setattr(made, "_publish", lambda _, shown, __=None: published.extend(shown))
    monkeypatch.setattr(made, "window_show_message", lambda params: published.append(params))
    (named.parent / "pyproject.toml").write_text(f'[tool.paramlint]\nselect = ["{ESCAPED}"]\n')
    made._run(str(named))
    (named.parent / "pyproject.toml").write_text('[tool.paramlint]\nselect = ["ALL"]\n')
    text = named.read_text(encoding="utf-8")
    document = server.TextDocument(named.as_uri(), text)
    made._check(server.Source.from_text(str(named), text), {1: document})
    assert len(published) > 2
    for one in published:
        assert_plain(one.message)


def test_what_escapes_json_keeps_it():
    values = [ALL, "\U0001f600", "\ud800", '"\\', {ALL: ALL}]
    for dumped in (json.dumps(values), json.dumps(values, ensure_ascii=False, indent=1)):
        assert json.loads(plain_json(dumped)) == values
        assert_plain(plain_json(dumped))


def hostile_model():
    torch = pytest.importorskip("torch")
    net = torch.nn.Module()
    name = ALL.replace(".", "")
    net.register_parameter(f"w{name}", torch.nn.Parameter(torch.empty(3)))
    net.register_buffer(f"b{name}", torch.empty(3))
    net.add_module(f"m{name}", torch.nn.Linear(3, 3))
    net.tied = getattr(net, f"m{name}").weight
    net.add_module(f"list{name}", torch.nn.ModuleList([torch.nn.Linear(3, 3), getattr(net, f"m{name}")]))
    return net


VERIFIED = f"""
import torch, sys

def build():
    from tests.test_terminal import hostile_model
    return hostile_model()

def fails():
    print({ALL!a})
    print({ALL!a}, file=sys.stderr)
    raise ValueError({ALL!a})

def wants(x{"" if True else ALL}):
    raise TypeError

def many(*, width={ALL!a}, depth):
    raise TypeError
"""


@pytest.mark.parametrize(
    ("output_format", "factory"),
    [(f, "build") for f in ("full", "json", "sarif")] + [("full", f) for f in ("fails", "wants", "many", "missing")],
)
def test_verify(bad, capsys, monkeypatch, output_format, factory):
    pytest.importorskip("torch")
    root = __file__.rpartition("/tests/")[0]
    monkeypatch.setenv("PYTHONPATH", root)
    path = bad.parent / f"n{IN_NAME}.py".replace(":", "")
    path.write_text(VERIFIED)
    main(["verify", "--output-format", output_format, f"{path.name}:{factory}"])
    out = said(capsys)
    assert_plain(out)
    assert len(out) > 40


def test_pictures(bad, capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("PYTHONPATH", __file__.rpartition("/tests/")[0])
    (bad.parent / "net.py").write_text(VERIFIED)
    main(["verify", "--report", "page.html", "--graph", "graph.dot", "net.py:build"])
    assert_plain(said(capsys))
    for name in ("page.html", "graph.dot"):
        assert_plain((bad.parent / name).read_text(encoding="utf-8"))


def test_assertions():
    pytest.importorskip("torch")
    from paramlint import assertions

    net = hostile_model()
    for check in (lambda: assertions.assert_frozen(net), lambda: assertions.assert_tied(net, "nothing", ALL)):
        with pytest.raises(AssertionError) as caught, contextlib.redirect_stdout(io.StringIO()):
            check()
        assert_plain(str(caught.value))


def test_an_error_of_ours(bad, capsys, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(ALL)

    monkeypatch.setattr("paramlint.frontends.cli.check.steps.run_paths", fail)
    main(["check", "--no-cache"])
    assert_plain(said(capsys))
    assert sys.stdout
