"""Whatever a folder holds, the command ends, and says or passes over it as documented."""

from __future__ import annotations

import json
import os
import re
import socket

import pytest

from paramlint.frontends.cli import main

from .conftest import BAD

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")


def check(capsys, *arguments):
    code = main(["check", "--output-format", "concise", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def dangling(folder):
    (folder / "odd.py").symlink_to("nowhere.py")


def loop_of_links(folder):
    (folder / "odd.py").symlink_to("other.py")
    (folder / "other.py").symlink_to("odd.py")


def link_to_itself(folder):
    (folder / "odd.py").symlink_to("odd.py")


def folder_that_holds_itself(folder):
    (folder / "odd").symlink_to(".")


def folder_in_a_circle(folder):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").symlink_to("../..")


def pipe(folder):
    os.mkfifo(folder / "odd.py")


def listening(folder):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "odd.py"))


def device(folder):
    (folder / "odd.py").symlink_to("/dev/zero")


def terminal(folder):
    (folder / "odd.py").symlink_to("/dev/tty")


def link_to_a_pipe(folder):
    os.mkfifo(folder / "pipe")
    (folder / "odd.py").symlink_to("pipe")


def memory_of_a_process(folder):
    (folder / "odd.py").symlink_to("/proc/self/mem")


def empty(folder):
    (folder / "odd.py").touch()


def sparse(folder):
    with open(folder / "odd.py", "wb") as stream:
        stream.truncate(50_000_000)


def deep(folder):
    current = folder
    for _ in range(60):
        current = current / "deep"
        current.mkdir()
    (current / "odd.py").write_text("x = 1\n")


NOTHING_MORE = (folder_that_holds_itself, folder_in_a_circle, empty, deep)
SKIPPED = (
    pipe,
    listening,
    device,
    terminal,
    link_to_a_pipe,
    dangling,
    loop_of_links,
    link_to_itself,
    memory_of_a_process,
)


@pytest.mark.parametrize("make", NOTHING_MORE)
def test_what_holds_no_more_code_says_no_more(bad, capsys, make):
    make(bad.parent)
    code, out, _ = check(capsys)
    assert (code, out.count("PRM")) == (1, 1)
    assert out.startswith("bad.py:8:9: PRM401 [bug] ")


@pytest.mark.parametrize("make", SKIPPED)
def test_what_is_no_file_does_not_hang(bad, capsys, make):
    make(bad.parent)
    code, out, _ = check(capsys)
    assert code in (1, 2)
    assert "bad.py:8:9: PRM401 [bug] " in out
    assert "PRM005" not in out
    assert "skipped" in out or "odd.py:1:1: PRM003 [error] cannot be read" in out
    code, out, _ = check(capsys, "odd.py")
    assert code == 2
    assert out.startswith("odd.py:1:1: PRM003 [error] cannot be read: ")


@pytest.mark.heavy
def test_a_large_hole_is_too_large(bad, capsys):
    sparse(bad.parent)
    code, out, _ = check(capsys)
    assert code == 2
    assert re.findall(r"PRM\d+", out) == ["PRM401", "PRM003"]


NAMES = (
    b"new\nline.py",
    b"tab\t.py",
    b"esc\x1b[31m.py",
    b"bell\x07.py",
    b"not\xffutf8.py",
    b"-x.py",
    b"--fix.py",
    b"@args.py",
    b"a b.py",
    b"quote'\".py",
    b"$(touch x).py",
    b"%s{0}.py",
    b"\xe2\x80\xaetxt.py",
    b"back\\slash.py",
    b"n" * 200 + b".py",
    b"[glob]*.py",
    b"#x.py",
    b"~.py",
    b"::error::x.py",
    b"a%0A::error::x.py",
    b"a\n::stop-commands::x.py",
    b"<svg onload=alert(1)>.py",
    b"\x9b31m.py",
)


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("output_format", ["concise", "full", "json", "sarif", "github"])
def test_odd_names_are_one_line_each_and_reach_no_terminal(bad, capsys, name, output_format):
    bad.rename(os.path.join(str(bad.parent), os.fsdecode(name)))
    code = main(["check", "--no-cache", "--output-format", output_format])
    out = capsys.readouterr().out
    assert code == 1
    assert not set(out) & set("\x1b\x07\r\x00\u202e")
    assert out.encode("utf-8")
    if output_format in ("json", "sarif"):
        assert "PRM401" in json.dumps(json.loads(out))
    else:
        assert sum("PRM401" in line for line in out.splitlines()) == 1
    if output_format == "github":
        assert sum(line.lstrip().startswith("::") for line in out.splitlines()) == 1


@pytest.mark.parametrize("output_format", ["full", "github", "sarif"])
@pytest.mark.parametrize(
    "text", ["\x1b]0;taken\x07", "\x1b[2J", "\u202e\u2066", "\x9b31m", "\u200b", "\r::error::", "\x08\x08"]
)
def test_what_the_code_says_reaches_no_terminal(bad, capsys, text, output_format):
    bad.write_bytes(BAD.replace("8)]", f"8)]  # {text}").encode())
    assert main(["check", "--no-cache", "--output-format", output_format]) in (1, 2)
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\x08\x9b\r\u202e\u2066\u200b")
    assert "PRM401" in out or "PRM002" in out


def test_a_file_that_ends_in_indented_blank_lines(tmp_path, capsys):
    """LibCST gives them back in another order; the places of what stands before are known all the same."""
    (tmp_path / "odd.py").write_text(
        "import torch\nfrom torch import nn\n\nnet = nn.Linear(2, 2)\noptimizer = torch.optim.SGD(net.parameters())\n"
        "for x in data:\n    net(x).sum().backward()\n    optimizer.step()\nprint(net)\n"
        "\n            \n            \n\n\n"
    )
    _, out, _ = check(capsys, "--isolated", "--select", "PRM716", tmp_path)
    assert "odd.py:8:5: PRM716" in out
