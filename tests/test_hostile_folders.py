"""A folder of a stranger: patterns, files that are none, links that lead out, configuration that wants to write."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from paramlint.config import name_patterns
from paramlint.engine.filters.baseline import Baseline
from paramlint.frontends.cli import main
from paramlint.source.path_patterns import Patterns, fault
from paramlint.source.regular_file import BY_HAND, BY_PROGRAM, read_regular

from .conftest import BAD, GOOD
from .steps import exponent, steps
from .test_config import pyproject

FIX = ("check", "--no-cache", "--fix", "--unsafe-fixes", "--output-format", "concise")


@pytest.fixture
def outside(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("outside")


# Patterns


@pytest.mark.parametrize("pattern", ["a*" * 8 + "b", "*a" * 8 + "b", "a?*" * 8 + "b", "[a-b]*" * 8 + "[c]", "**b"])
def test_patterns_of_paths_take_steps_in_proportion(pattern):
    assert steps(lambda: Patterns("/r", (pattern,)).cover("/r/" + "a" * 64, False), at_most=40_000) > 0
    grows = exponent(lambda size: lambda: Patterns("/r", (pattern,)).cover("/r/" + "a" * size, False), 64)
    assert grows < 1.1


@pytest.mark.parametrize("pattern", ["/**/a" * 8 + "/b", "**/a/**/b/" * 4 + "c", "a/**" * 8 + "/b"])
def test_patterns_of_many_folders_take_steps_in_proportion(pattern):
    grows = exponent(lambda size: lambda: Patterns("/r", (pattern,)).cover("/r/" + "a/" * size + "a", False), 32)
    assert grows < 1.1


@pytest.mark.parametrize("pattern", ["a*" * 8 + "b", "*.{0-9}" * 6 + "x", "{0-9}" * 12 + "x", "a?*" * 8 + "b"])
def test_patterns_of_names_take_steps_in_proportion(pattern):
    for name in ("a", "1", "a.1"):
        steps(lambda name=name: name_patterns.captures(pattern, name * 60), at_most=40_000)
        assert exponent(lambda size, name=name: lambda: name_patterns.captures(pattern, name * size), 64) < 1.3


def test_numbers_of_any_length_are_no_fault():
    assert not name_patterns.matches("a.{0-3}", "a." + "1" * 10_000)
    assert not name_patterns.matches("a.{0-" + "9" * 10_000 + "}", "a.1")
    assert not name_patterns.matches("a.{0-3}*", "a.12")  # it is no 1
    assert name_patterns.captures("a.{0-3}*", "a.3b") == ("3", "b")


PIECES = ("a", "b", "*", "**", "?", "[ab]", "[!a]", "[^b-z]", "[[:alpha:]]", "[]a]", "[a-]", "]", ".py", ".", "#", "-")
PIECES += ("/", "/", "!", r"\*", r"\!", "1", "**/", "/**", "//")


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git_says_the_same(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    choose = random.Random(7)
    for _ in range(200):
        path = tmp_path.joinpath(
            *(choose.choice(("a", "b", "ab", "a.py", "aa.b", "c-d", "[a]", "1")) for _ in range(3))
        )
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    files = [
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() and ".git" not in path.parts
    ]
    for _ in range(120):
        rows = [
            "".join(choose.choice(PIECES) for _ in range(choose.randint(1, 5))) for _ in range(choose.randint(1, 3))
        ]
        if any(map(fault, rows)):
            continue
        (tmp_path / ".gitignore").write_text("\n".join(rows))
        command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
        done = subprocess.run(command, cwd=tmp_path, input="\0".join(files), capture_output=True, text=True)
        patterns = Patterns(str(tmp_path), rows)
        ours = {file for file in files if patterns.cover_somewhere(str(tmp_path / file), False)}
        assert ours == set(done.stdout.split("\0")) - {""}, rows


def test_a_row_that_is_no_pattern_is_said_and_ends_nothing(bad, capsys):
    (bad.parent / ".gitignore").write_bytes(b"gone.py\r\n[z-a]\n\\\na\0b\n[\n# [\n\nlast.py\n")
    for name in ("gone.py", "last.py"):
        (bad.parent / name).write_text(BAD)
    assert main(["check", "--no-cache", "--output-format", "concise"]) == 1
    out, err = capsys.readouterr()
    assert "bad.py:8:9" in out
    assert "gone.py" not in out
    assert "last.py" not in out
    assert err.splitlines()[:4] == [
        "warning: .gitignore:2: is no pattern and covers nothing: `z-a` is a range without a character",
        "warning: .gitignore:3: is no pattern and covers nothing: it ends with a lone backslash",
        "warning: .gitignore:4: is no pattern and covers nothing: it holds a null character, which no name does",
        "warning: .gitignore:5: is no pattern and covers nothing: a bracket is not closed",
    ]


def test_a_gitignore_elsewhere_is_none(bad, capsys, outside):
    (outside / "secret").write_text("bad.py\n")
    (bad.parent / ".gitignore").symlink_to(outside / "secret")
    assert main(["check", "--no-cache", "--output-format", "concise"]) == 1
    assert "warning: .gitignore: is a link, which git does not follow either\n" in capsys.readouterr().err


def test_a_wrong_pattern_of_the_command_line_is_wrong_usage(bad, capsys):
    assert main(["check", "--exclude", "[z-a]"]) == 2
    assert "'[z-a]' is no pattern" in capsys.readouterr().err


# Files that are none


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def folder(path: Path) -> None:
    path.mkdir()


def huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(BY_PROGRAM + 1)


KINDS = [pipe, endless, listening, folder, huge]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (".gitignore", ()),
        ("pyproject.toml", ()),
        ("paramlint.toml", ()),
        ("given.toml", ("--config", "given.toml")),
        ("base.json", ("--baseline", "base.json")),
        ("book.ipynb", ("book.ipynb",)),
        ("page.md", ("page.md",)),
        ("code.py", ("code.py",)),
    ],
)
def test_what_is_no_file_is_refused_before_it_is_read(bad, capsys, make, name, arguments):
    main(["check", "--no-cache"])  # what is loaded once takes steps too
    capsys.readouterr()
    make(bad.parent / name)
    steps(lambda: main(["check", "--no-cache", "--output-format", "concise", *arguments]), at_most=400_000)
    out, err = capsys.readouterr()
    said = "is a folder", "no regular file", "too large", "nothing to check", "is a link", "is a link"
    passed_over = name in ("pyproject.toml", "paramlint.toml") and make is not huge
    assert passed_over or any(text in out + err for text in said), out + err
    assert name != ".gitignore" or "bad.py:8:9" in out


@pytest.mark.parametrize(("limit", "size"), [(BY_HAND, 16 * 2**20), (BY_PROGRAM, 256 * 2**20)])
def test_the_limits_are_those_that_are_said(tmp_path, limit, size):
    path = tmp_path / "file"
    path.write_bytes(b"")
    os.truncate(path, size + 1)
    assert limit == size
    with pytest.raises(OSError, match="too large"):
        read_regular(str(path), limit)


def test_a_baseline_may_count_as_far_as_it_likes(bad):
    entry = '{"code": "PRM401", "path": "bad.py", "name": "", "line": "", "count": 1000000000000000}'
    bad.with_name("base.json").write_text(f'{{"version": 1, "findings": [{entry}]}}')
    steps(lambda: Baseline.read("base.json"), at_most=10_000)


# Links that lead out


@pytest.mark.parametrize("arguments", [FIX, ("check", "--no-cache", "--add-noqa", "--output-format", "concise")])
@pytest.mark.parametrize("paths", [(".",), (), ("link.py", "bad.py"), (".", "bad.py")])
def test_what_a_link_leads_out_to_is_read_and_not_written(bad, capsys, outside, arguments, paths):
    theirs = outside / "theirs.py"
    theirs.write_text(BAD)
    (bad.parent / "link.py").symlink_to(theirs)
    (bad.parent / "inside.py").symlink_to(bad)
    main([*arguments, *paths])
    out, err = capsys.readouterr()
    assert theirs.read_text() == BAD
    assert bad.read_text() != BAD
    assert err.count("not written, since it leads out of what is checked: link.py\n") == 1
    assert "--add-noqa" in arguments or "link.py:8:9" in out


def test_a_folder_that_is_given_is_what_is_asked_for(bad, outside):
    (outside / "theirs.py").write_text(BAD)
    (bad.parent / "folder").symlink_to(outside)
    main([*FIX, "."])
    assert (outside / "theirs.py").read_text() == BAD
    main([*FIX, "folder"])
    assert (outside / "theirs.py").read_text() == GOOD


@pytest.mark.parametrize("option", [("--write-baseline", "--baseline"), ("--output-file",)])
def test_what_is_written_replaces_no_file_behind_a_link(bad, capsys, outside, option):
    (outside / "file").write_text("theirs")
    (bad.parent / "named").symlink_to(outside / "file")
    assert main(["check", "--no-cache", *option, "named"]) == 2
    assert "is a link that leads elsewhere" in capsys.readouterr().err
    assert (outside / "file").read_text() == "theirs"


def test_a_baseline_of_the_configuration_lies_in_the_project(bad, capsys, outside):
    (bad.parent / ".git").mkdir()
    pyproject(bad.parent, f'baseline = "{outside}/base.json"')
    assert main(["check", "--no-cache", "--write-baseline"]) == 2
    assert "name it with --baseline" in capsys.readouterr().err
    assert list(outside.iterdir()) == []
    assert main(["check", "--no-cache", "--write-baseline", "--baseline", f"{outside}/base.json"]) == 0


@pytest.mark.parametrize("where", [".paramlint_cache", ".paramlint_cache/0.0.0", "single"])
def test_the_cache_is_behind_no_link(bad, monkeypatch, outside, where):
    from paramlint import __version__

    assert main(["check"]) == 1
    cache = bad.parent / ".paramlint_cache"
    names = {".paramlint_cache": cache, ".paramlint_cache/0.0.0": cache / __version__, "single": cache / "CACHEDIR.TAG"}
    link = names[where]
    target = outside / link.name
    if link.is_dir():
        shutil.rmtree(link)
        target.mkdir()
    else:
        link.unlink()
        target.write_text("theirs")
    link.symlink_to(target)
    bad.write_text(BAD + "\n")
    assert main(["check"]) == 1
    assert target.read_text() == "theirs" if target.is_file() else list(target.iterdir()) == []


def test_a_given_cache_is_no_link_either(bad, capsys, outside):
    (bad.parent / "link").symlink_to(outside)
    assert main(["check", "--cache-dir", "link"]) == 2
    assert "is a link" in capsys.readouterr().err
    assert main(["clean", "--cache-dir", "link"]) == 2


def test_a_report_on_a_full_disk_leaves_no_file(bad, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paramlint.source.rewrite.os.fsync", full)
    assert main(["check", "--no-cache", "--output-file", "report.txt"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert os.listdir(bad.parent) == ["bad.py"]


def test_a_report_may_go_to_a_device(bad, capfd):
    assert main(["check", "--no-cache", "-q", "--output-format", "concise", "--output-file", "/dev/stdout"]) == 1
    assert main(["check", "--no-cache", "--output-file", os.devnull]) == 1


def test_what_is_no_file_is_not_replaced_by_one(bad, capsys):
    pipe = bad.parent / "pipe"
    os.mkfifo(pipe)
    assert main(["check", "--no-cache", "--write-baseline", "--baseline", "pipe"]) == 2
    assert "it is no regular file" in capsys.readouterr().err
    assert pipe.is_fifo()


@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_a_closed_stream_leads_nowhere(bad, closed):
    """Neither to an internal error nor into a file that is opened later, which gets the lowest number that is free."""
    command = f"import os, sys; [os.close(int(n)) for n in '{closed}']; os.execv(sys.executable, sys.argv[1:])"
    given = [sys.executable, "-m", "paramlint", "check", "--no-cache", "--output-file", "report.txt"]
    done = subprocess.run([sys.executable, "-c", command, *given], cwd=bad.parent, capture_output=True, text=True)
    assert done.returncode == 1
    assert "PRM401" in (bad.parent / "report.txt").read_text()
    assert "itself failed" not in done.stderr


# Configuration


def test_what_is_wrong_outside_of_the_project_is_not_shown(bad, capsys, outside):
    (bad.parent / ".git").mkdir()
    for text in (
        'machine = "secret"',
        "secret",
        'select = ["secret"]',
        'output-format = "secret"',
        'exclude = ["[secret"]',
    ):
        (outside / "file").write_text(text)
        for name in (str(outside / "file"), "link.toml"):
            (bad.parent / "link.toml").unlink(missing_ok=True)
            (bad.parent / "link.toml").symlink_to(outside / "file")
            pyproject(bad.parent, f'extend = "{name}"')
            assert main(["check", "--no-cache"]) == 2
            out, err = capsys.readouterr()
            assert "machine" not in out + err
            assert "secret" not in out + err
            assert "is no configuration of paramlint" in err


def test_configuration_extends_so_far(bad, capsys):
    for number in range(40):
        (bad.parent / f"{number}.toml").write_text(f'extend = "{number + 1}.toml"\n')
    assert main(["check", "--config", "0.toml"]) == 2
    assert "`extend` leads on and on" in capsys.readouterr().err


def test_no_setting_names_what_is_written(bad, capsys):
    for text in ('output-file = "x"', 'cache-dir = "x"', "write-baseline = true", "add-noqa = true", 'pack = ["x"]'):
        pyproject(bad.parent, text)
        assert main(["check", "--no-cache"]) == 2
        assert "is no setting" in capsys.readouterr().err
