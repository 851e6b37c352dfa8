"""Known findings stay known while code moves, and new ones are new."""

from __future__ import annotations

import json
import re

import pytest

from paramlint.frontends.cli import main

from .conftest import BAD

CLASS = BAD[BAD.index("class") :]


def check(*arguments):
    return main(["check", "--baseline", "known.json", *arguments])


@pytest.fixture
def known(bad):
    assert check("--write-baseline") == 0
    assert check() == 0
    return bad


def test_moved_code_stays_known(known):
    known.write_text("import os\n\n\ndef before():\n    pass\n\n\n" + BAD.replace("= [", "=  ["))
    assert check() == 0


def test_a_second_instance_is_new(known, capsys):
    known.write_text(BAD + "\n\n" + CLASS)
    assert check("--output-format", "concise") == 1
    assert capsys.readouterr().out.startswith("bad.py:14:9: PRM401 [bug] ")
    known.write_text(BAD + "\n\n" + CLASS.replace("Net", "Other"))
    assert check() == 1


@pytest.mark.parametrize("change", [("Net", "Other"), ("nn.Linear(8, 8)", "nn.Linear(8, 9)"), ("blocks", "layers")])
def test_another_class_or_line_is_new(known, change):
    known.write_text(BAD.replace(*change))
    assert check() == 1


def test_two_known_ones_are_counted(known):
    known.write_text(BAD + "\n\n" + CLASS)
    assert check("--write-baseline") == 0
    assert json.loads((known.parent / "known.json").read_text())["findings"][0]["count"] == 2
    assert check() == 0
    known.write_text(BAD)
    assert check() == 0


def test_it_holds_from_another_folder(known, monkeypatch):
    (known.parent / "sub").mkdir()
    monkeypatch.chdir(known.parent / "sub")
    assert main(["check", "..", "--baseline", "../known.json"]) == 0


def test_problems_are_never_known(known):
    known.write_text("import torch\nx = (\n")
    assert check("--write-baseline") == 2
    assert check() == 2


def test_known_findings_are_not_fixed(known):
    assert check("--fix", "--unsafe-fixes") == 0
    assert known.read_text() == BAD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99, "findings": []}', '{"version": 1, "findings": [1]}'])
def test_what_is_no_baseline_is_refused(known, capsys, text):
    (known.parent / "known.json").write_text(text)
    assert check() == 2
    assert re.search(
        r"known.json: (is no baseline( \(.+ .+\))?|was written by another version);", capsys.readouterr().err
    )
    assert main(["check", "--baseline", "missing.json"]) == 2
    assert "missing.json: cannot be read: No such file or directory" in capsys.readouterr().err


def test_writing_needs_a_file(bad, capsys):
    assert main(["check", "--write-baseline"]) == 2
    assert "--write-baseline needs a file" in capsys.readouterr().err
    (bad.parent / "paramlint.toml").write_text('baseline = "known.json"\n')
    assert main(["check", "--write-baseline"]) == 0
    assert main(["check"]) == 0
    assert main(["check", "--isolated"]) == 1
