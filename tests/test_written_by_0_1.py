"""What was written for 0.1 still works: a configuration, a baseline and a contract, as they were made then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from paramlint.frontends.cli import main

WRITTEN = Path(__file__).parent / "written_by_0_1"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    shutil.copytree(WRITTEN, folder)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_baseline_knows_what_it_knew(project, capsys):
    assert main(["check", "--quiet"]) == 0
    replace(project / "pyproject.toml", 'baseline = "known.json"\n', "")
    assert codes_of_check(capsys) == ["PRM401"]


def test_the_configuration_says_what_it_said(project, capsys):
    replace(project / "pyproject.toml", 'baseline = "known.json"\n', "")
    replace(project / "pyproject.toml", '"model*.py" = ["PRM1"]', '"other*.py" = ["PRM1"]')
    assert codes_of_check(capsys) == ["PRM401", "PRM102", "PRM107"]
    (project / "third_party").mkdir()
    (project / "model.py").rename(project / "third_party" / "model.py")
    assert codes_of_check(capsys) == []


def test_the_contract_agrees_with_what_it_agreed_with(project, capsys):
    pytest.importorskip("torch")
    assert codes_of_verify(capsys) == ["PRM401", "PRM102"]
    replace(project / "model.py", "std=0.02", "std=0.5")
    assert codes_of_verify(capsys) == ["PRM219", "PRM220", "PRM401", "PRM102"]


def codes_of_check(capsys) -> list[str]:
    main(["check"])  # the configuration asks for concise lines
    return [row.split()[1] for row in capsys.readouterr().out.splitlines() if row.startswith("model.py:")]


def codes_of_verify(capsys) -> list[str]:
    capsys.readouterr()
    main(["verify", "model.py:Net", "--output-format", "json"])
    return [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]
