"""What people and programs read: frames, diffs, JSON, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from paramlint.engine.file_report import FileReport
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic, Edit, LocatedFix, Location
from paramlint.frontends.cli import main
from paramlint.frontends.report.findings.hunks import Hunk, hunks
from paramlint.frontends.report.formats import load
from paramlint.frontends.report.style import Style
from paramlint.source.text import Source

from .conftest import BAD


def result_of(text: str, *spans, fix=None, path="a.py", message="`x` is wrong"):
    source = Source(path, text.encode())
    found = [
        Diagnostic(path, Location(*a), Location(*b), "PRM401", "some-rule", message, fix, noqa_row=a[0])
        for a, b in spans
    ]
    return Result([FileReport(path, found)], sources={path: source})


def lines(result, output_format="full", color=False):
    return list(load(output_format)(result, Style(color)))


def test_full(bad, capsys):
    main(["check", "-q", "bad.py"])
    assert (
        capsys.readouterr().out
        == """\
bad.py:8:9: PRM401 [bug] `self.blocks` is a plain list, so its modules are not trained
  |
7 |         super().__init__()
8 |         self.blocks = [nn.Linear(8, 8)]
  |         ^^^^^^^^^^^
help: Wrap the list in `nn.ModuleList` (--fix --unsafe-fixes)
   8 -         self.blocks = [nn.Linear(8, 8)]
   8 +         self.blocks = nn.ModuleList([nn.Linear(8, 8)])

"""
    )


def test_carets_stand_below_the_text_whatever_stands_before():
    for before in ("", "\t", "名前 = ", "e\u0301 = ", "\u202e'", "\x1b[31m"):
        shown = lines(result_of(before + "x", ((1, len(before) + 1), (1, len(before) + 2))))
        code, carets = shown[2], shown[3]
        columns = {"": 0, "\t": 4, "名前 = ": 7, "e\u0301 = ": 4, "\u202e'": 7, "\x1b[31m": 8}[before]
        assert carets == "  | " + " " * columns + "^", repr(before)
        assert code.endswith("x")


def test_a_range_of_many_rows_is_cut():
    text = "".join(f"x{i}\n" for i in range(30))
    shown = lines(result_of(text, ((5, 1), (25, 2))))
    assert len(shown) < 15
    assert shown[-2] == "  | ... to row 25"


def test_a_long_row_is_cut_around_the_finding():
    text = "a" * 100_000 + " x " + "b" * 100_000
    shown = lines(result_of(text, ((1, 100_002), (1, 100_003))))
    assert max(map(len, shown)) < 200
    assert shown[2][shown[3].index("^")] == "x"


def test_a_place_behind_the_end_of_a_file_that_changed_is_no_error():
    assert lines(result_of("x\n", ((9, 1), (9, 4))))[0].startswith("a.py:9:1:")
    assert lines(result_of("x\n", ((1, 50), (1, 60))))[0].startswith("a.py:1:50:")


EVIL = "\x1b\x07\u202e\u2066\u200f\u2028\x9b\r\x00\udcff"


@pytest.mark.parametrize("output_format", ["full", "concise", "json"])
def test_no_character_that_a_terminal_obeys_gets_out(output_format):
    text = f"x = '{EVIL.replace(chr(0xDCFF), '').replace(chr(13), '')}'\n"
    fix = LocatedFix(f"Do {EVIL}", "safe", (Edit(Location(1, 1), Location(1, 2), f"y{EVIL}"),))
    result = result_of(text, ((1, 1), (1, 2)), fix=fix, path=f"a{EVIL}.py", message=f"`{EVIL}` is wrong")
    out = "\n".join(lines(result, output_format))
    assert not set(EVIL) & set(out.replace("\n", ""))
    assert "\\x1b" in out or "\\u001b" in out
    out.encode("utf-8")


def test_a_file_name_with_an_escape_does_not_reach_the_terminal(tmp_path):
    (tmp_path / "\x1b[31mevil\udcff.py").write_text(BAD)
    for options in ((), ("--output-format", "concise"), ("--diff", "--unsafe-fixes")):
        done = subprocess.run([sys.executable, "-m", "paramlint", "check", *options], cwd=tmp_path, capture_output=True)
        assert done.returncode == 1
        if "--diff" not in options:  # a patch that goes into a pipe has to be exact
            assert b"\x1b" not in done.stdout
        assert b"\x1b" not in done.stderr


def test_colour_on_a_terminal_only():
    class Stream:
        def __init__(self, terminal):
            self.terminal = terminal

        def isatty(self):
            return self.terminal

    assert Style.of(Stream(True), {}).color
    assert not Style.of(Stream(False), {}).color
    assert not Style.of(Stream(True), {"NO_COLOR": "1"}).color
    assert Style.of(Stream(True), {"NO_COLOR": ""}).color
    assert Style.of(Stream(False), {"FORCE_COLOR": "1"}).color
    assert not Style.of(Stream(False), {"FORCE_COLOR": "1", "NO_COLOR": "1"}).color
    assert not Style.of(Stream(True), {"TERM": "dumb"}).color


def test_colour_changes_no_text():
    result = result_of(BAD, ((8, 9), (8, 20)))
    plain = lines(result)
    colored = lines(result, color=True)
    assert colored != plain
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in colored] == plain


def test_hunks_join_neighbours_and_drop_what_stays():
    source = Source("a.py", b"a\nb\nc\nd\ne\nf\n")

    def edit(row, column, end_row, end_column, text):
        return Edit(Location(row, column), Location(end_row, end_column), text)

    assert list(hunks(source, [edit(2, 1, 2, 2, "B")])) == [Hunk(2, ["b"], ["B"])]
    assert list(hunks(source, [edit(2, 1, 2, 1, "new\n")])) == [Hunk(2, [], ["new"])]
    assert list(hunks(source, [edit(2, 1, 3, 1, "")])) == [Hunk(2, ["b"], [])]
    assert list(hunks(source, [edit(1, 1, 1, 2, "A"), edit(5, 1, 5, 2, "E")])) == [
        Hunk(1, ["a"], ["A"]),
        Hunk(5, ["e"], ["E"]),
    ]


def keys(value):
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [keys(value[0])]
    return None


def test_json_has_the_keys_of_ruff(bad, capsys):
    main(["check", "--output-format", "json", "bad.py"])
    ours = json.loads(capsys.readouterr().out)
    assert ours[0]["location"] == {"row": 8, "column": 9}
    assert ours[0]["end_location"] == {"row": 8, "column": 20}
    assert ours[0]["noqa_row"] == 8
    assert ours[0]["fix"]["applicability"] == "unsafe"
    ruff = shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    (bad.parent / "unused.py").write_text("import os\n")
    command = [ruff, "check", "--isolated", "--output-format", "json", "--select", "F401", "unused.py"]
    theirs = json.loads(subprocess.run(command, capture_output=True).stdout)
    theirs[0].setdefault("severity", "error")  # older versions of ruff have none
    assert (ours[0].pop("group"), ours[0]["severity"]) == ("bug", "error")
    assert keys(ours) == keys(theirs)


def test_json_of_nothing_is_an_empty_list(tmp_path, capsys):
    main(["check", "--output-format", "json", str(tmp_path)])
    assert json.loads(capsys.readouterr().out) == []


def test_the_row_of_noqa_is_the_last_of_the_logical_line(bad, capsys):
    bad.write_text(BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8)\n        ]"))
    main(["check", "--output-format", "json", "bad.py"])
    assert json.loads(capsys.readouterr().out)[0]["noqa_row"] == 10
