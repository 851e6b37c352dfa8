"""The plugin inside flake8 says what the command says, and never stands in its way."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from paramlint.engine.catalogue import PREVIEW, RULES, is_on
from paramlint.engine.check_file import check_paths
from paramlint.frontends import flake8 as plugin
from paramlint.frontends.cli import main
from paramlint.frontends.flake8 import OFF_BY_DEFAULT, Plugin

from .conftest import BAD

FIXTURES = Path(__file__).parent.parent / "fixtures"


def flake8(*arguments, cwd=None):
    command = [sys.executable, "-m", "flake8", "--isolated", "-j1", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


#: Families of rules whose fixtures are many.
LARGE = {"freezing", "initialization", "optimizer", "registration", "sharing"}
FOLDERS = sorted(path.name for path in FIXTURES.iterdir())
AGREEING = [pytest.param(name, marks=pytest.mark.heavy if name in LARGE else ()) for name in FOLDERS]


def places(path: Path, *options: str) -> list[tuple[str, int, int, str]]:
    done = flake8("--select", "PRM", *options, "--format", "%(path)s\t%(row)d\t%(col)d\t%(code)s %(text)s", path)
    assert done.stderr == ""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return sorted((str(Path(name).resolve()), int(row), int(column), text) for name, row, column, text in lines)


def said_by_the_command(folder: Path, capsys) -> list[dict[str, Any]]:
    """What it finds in a folder; flake8 itself says E999."""
    main(["check", "--isolated", "--no-cache", "-j1", "--select", "PRM", "--output-format", "json", str(folder)])
    return [d for d in json.loads(capsys.readouterr().out) if d["code"] != "PRM002"]


@pytest.mark.parametrize("folder", AGREEING)
def test_the_plugin_and_the_command_agree(folder, capsys, monkeypatch):
    """What needs another file is left to the command; the plugin says what that says of each file by itself."""
    whole = said_by_the_command(FIXTURES / folder, capsys)
    # The plugin sees one file at a time, so the command is kept from looking into others here.
    monkeypatch.setattr(
        "paramlint.engine.check_file.check_paths",
        lambda paths, rules, _, **options: check_paths(paths, rules, None, **options),
    )
    alone = said_by_the_command(FIXTURES / folder, capsys)
    found = places(FIXTURES / folder)
    assert found == sorted(
        (d["filename"], d["location"]["row"], d["location"]["column"], f"{d['code']} {d['message']}") for d in alone
    )
    of_whole = {(d["filename"], d["location"]["row"], d["code"]) for d in whole}
    by_itself = {(name, row, text.partition(" ")[0]) for name, row, _, text in found if not _has_heirs_elsewhere(name)}
    assert by_itself <= of_whole


def _has_heirs_elsewhere(name: str) -> bool:
    """Whether heirs in other files make right what a file of a fixture looks like by itself."""
    return Path(name).parent.name in ("by_heirs", "heirs_elsewhere")


def test_what_is_off_in_the_command_is_off_in_flake8():
    assert sorted(OFF_BY_DEFAULT) == sorted(rule.code for rule in RULES if not is_on(rule, preview=True))
    assert sorted(plugin.PREVIEW) == sorted(PREVIEW)


def test_the_plugin_is_installed_and_on_by_default(bad):
    done = flake8("bad.py", cwd=bad.parent)
    assert "bad.py:8:9: PRM401 `self.blocks` is a plain list" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("ignore", [[], ["--ignore", "E203"]], ids=["default", "own ignore"])
def test_rules_that_are_off_stay_off_unless_selected(bad, ignore):
    """A user's own `ignore` replaces flake8's list of what is off; the plugin holds it back all the same."""
    script = f"""
import sys
import paramlint.frontends.flake8 as plugin, paramlint.engine.catalogue as suite
plugin.PREVIEW = ("PRM401",)
suite.PREVIEW["PRM401"] = "for the test"
from flake8.main.cli import main
sys.exit(main(["--isolated", "-j1", "bad.py", *sys.argv[1:], *{ignore!r}]))
"""
    run = [sys.executable, "-c", script]
    assert "PRM401" not in subprocess.run(run, capture_output=True, text=True).stdout
    for option in ("--select=PRM401", "--extend-select=PRM4", "--paramlint-preview"):
        assert "PRM401" in subprocess.run([*run, option], capture_output=True, text=True).stdout, option


def test_comments_silence_in_flake8_too(bad):
    for comment in ("# noqa: PRM401", "# noqa", "# noqa:PRM401 the list is wrapped below", "# NoQA: E501,PRM4"):
        bad.write_text(BAD.replace("8)]\n", f"8)]  {comment}\n"))
        assert places(bad) == [], comment
        assert len(places(bad, "--disable-noqa")) == 1, comment
    bad.write_text(BAD + "# paramlint: noqa: PRM401\n")
    assert places(bad) == []
    bad.write_text(BAD + "# paramlint: noqa: PRM1\n")
    assert len(places(bad)) == 1


def test_lines_with_a_cookie_a_mark_or_wide_characters(bad):
    for text in ("# coding: latin-1\n# \xe9\n" + BAD, BAD.replace("self.blocks", "größe = self.blocks")):
        encoding = "latin-1" if "coding" in text else "utf-8"
        bad.write_bytes(text.encode(encoding))
        row = 10 if "coding" in text else 8
        assert [place[1:3] for place in places(bad)] == [(row, text.splitlines()[row - 1].index("self.blocks") + 1)]
    bad.write_bytes(b"\xef\xbb\xbf" + BAD.encode())
    assert [place[1:3] for place in places(bad)] == [(8, 9)]


def test_standard_input():
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "PRM", "--stdin-display-name", "net.py", "-"]
    done = subprocess.run(command, input=BAD, capture_output=True, text=True)
    assert done.stdout.startswith("net.py:8:9: PRM401 ")


@pytest.mark.parametrize("error", [ValueError("a\nb"), RecursionError(), MemoryError(), KeyError("x"), SystemError()])
def test_an_error_inside_becomes_a_diagnostic(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("paramlint.engine.check_file.check_source", fail)
    found = list(Plugin(ast.parse(BAD), BAD.splitlines(True), "bad.py").run())
    assert len(found) == 1
    assert found[0][:2] == (1, 0)
    assert found[0][2].startswith(f"PRM005 paramlint failed here ({type(error).__name__}")
    assert "\n" not in found[0][2]


def test_code_that_kills_a_parser_does_not_kill_flake8(bad):
    deep = "\n    def f(self):\n        self.x = [nn.Linear(1, 1)]\n        x = " + " and ".join(["a"] * 5_000) + "\n"
    bad.write_text(BAD + deep)
    (bad.parent / "other.py").write_text(BAD)
    found = places(bad.parent)
    assert [Path(name).name for name, *_, text in found if "PRM401" in text].count("other.py") == 1
    assert not [text for *_, text in found if "PRM005" in text]


# The cache


@pytest.fixture
def loaded():
    """Runs flake8 over a folder, and says what it prints and whether LibCST or the rules were loaded for it."""

    def run(cwd, *options):
        script = (
            "import sys; from flake8.main.cli import main; main(sys.argv[1:])\n"
            "print({name.partition('.')[0] for name in sys.modules} & {'libcst', 'paramlint_rules'} != set())"
        )
        command = [sys.executable, "-c", script, "--isolated", "-j1", "--select", "PRM", *options, "."]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[:-1], done.stdout.splitlines()[-1] == "True"

    return run


def test_without_a_cache_none_is_made(bad, loaded):
    for _ in range(2):
        found, was_loaded = loaded(bad.parent, "--paramlint-no-cache")
        assert [line.split()[1] for line in found] == ["PRM401"]
        assert was_loaded
    assert [path.name for path in bad.parent.iterdir()] == ["bad.py"]


def test_a_cache_is_made_where_flake8_runs_and_found_from_below(bad, loaded):
    folder = bad.parent / "below"
    folder.mkdir()
    bad.rename(folder / "bad.py")
    loaded(bad.parent)
    assert sorted(path.name for path in bad.parent.iterdir()) == [".paramlint_cache", "below"]
    loaded(folder)
    assert [path.name for path in folder.iterdir()] == ["bad.py"]


@pytest.mark.skipif(os.name != "posix", reason="folders have no such bits")
def test_a_cache_where_everybody_may_write_is_not_taken(bad, loaded):
    folder = bad.parent / "below"
    folder.mkdir()
    bad.rename(folder / "bad.py")
    loaded(bad.parent)
    bad.parent.chmod(0o1777)
    loaded(folder)
    assert sorted(path.name for path in folder.iterdir()) == [".paramlint_cache", "bad.py"]


def test_text_from_standard_input_is_kept_nowhere(bad):
    script = "from flake8.main.cli import main; import sys; sys.exit(main(['--isolated', '--select', 'PRM', '-']))"
    done = subprocess.run([sys.executable, "-c", script], input=BAD, cwd=bad.parent, capture_output=True, text=True)
    assert "PRM401" in done.stdout
    assert [path.name for path in bad.parent.iterdir()] == ["bad.py"]


@pytest.mark.parametrize("options", [(), ("--paramlint-cache-dir", "kept")], ids=["made here", "that is named"])
def test_with_a_cache_nothing_is_checked_twice(bad, loaded, options):
    first, _ = loaded(bad.parent, *options)
    assert loaded(bad.parent, *options) == (first, False)
    bad.write_text("\n" + BAD)
    moved, was_loaded = loaded(bad.parent, *options)
    assert was_loaded
    assert moved[0] == first[0].replace(":8:", ":9:")


def test_the_cache_knows_what_was_selected_and_where_a_file_is(bad, loaded):
    """In a package, a file says nothing of parameters that others may write."""
    text = BAD.replace("self.blocks = [nn.Linear(8, 8)]", "self.gain = nn.Parameter(torch.empty(3))")
    bad.write_text(text + "\n    def forward(self, x):\n        return x * self.gain\n")
    alone, _ = loaded(bad.parent)
    assert len(alone) == 1
    (bad.parent / "__init__.py").write_text("")
    assert loaded(bad.parent)[0] == []
    (bad.parent / "__init__.py").unlink()
    assert loaded(bad.parent)[0] == alone
    assert loaded(bad.parent, "--extend-select", "PRM702")[1]


def test_a_cache_that_is_spoilt_or_something_else_is_no_failure(bad, loaded):
    first, _ = loaded(bad.parent)
    for path in (bad.parent / ".paramlint_cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"spoilt")
    assert loaded(bad.parent)[0] == first


def test_a_named_folder_that_holds_something_else_is_refused(bad):
    (bad.parent / "taken").mkdir()
    (bad.parent / "taken" / "mine").write_text("")
    done = flake8("--paramlint-cache-dir", "taken", "bad.py", cwd=bad.parent)
    assert done.returncode != 0
    assert "is no cache of paramlint and not empty; name a new or empty folder" in done.stdout
    assert "Traceback" not in done.stderr
