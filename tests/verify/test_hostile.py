"""Models whose parts misbehave: the report says what is known, or which stage failed and why, in time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paramlint.frontends.cli.verify.command import verify_command

pytest.importorskip("torch")

MODELS = Path(__file__).parent / "hostile.py"


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(verify_command, arguments)


def documents(result: Result) -> list[Any]:
    given: list[Any] = json.loads(result.stdout)
    return given


ENDS = [
    ("Unprintable", "ok", "analyze", ""),
    ("Attributes", "ok", "analyze", ""),
    ("builds_beside", "ok", "analyze", ""),
    ("Ends", "error", "analyze", "the code ended the program: sys.exit('enough')"),
    ("HasRefusing", "error", "construct", "RuntimeError: no operation"),
    ("patches_operations", "error", "construct", "TypeError: 'NoneType' object is not callable"),
]


def test_parts_that_misbehave() -> None:
    result = verify(*(f"{MODELS}:{name}" for name, *_ in ENDS), "--output-format", "json")
    assert result.exit_code == 2
    for (name, *end), given in zip(ENDS, documents(result), strict=True):
        outcome = given["outcome"]
        assert [outcome["status"], outcome["stage"], outcome["message"]] == end, name


@pytest.mark.heavy
def test_a_walk_without_end() -> None:
    result = verify(f"{MODELS}:Endless", "--timeout", "12")
    assert result.exit_code == 2
    assert ": not done after 12 s" in result.output


def test_names_that_are_hostile() -> None:
    result = verify(f"{MODELS}:Names")
    assert result.exit_code == 1
    assert "6 not written · 1 finding" in result.output
    assert r"`\x1b[31m\u202ew\x00` is allocated and never written" in result.output
    assert [character for character in result.output if character != "\n" and not character.isprintable()] == []


def test_a_name_that_no_file_can_hold() -> None:
    result = verify(f"{MODELS}:Names", "--arg", r"names=('\ud800',)")
    assert result.exit_code == 2
    assert "error in stage analyze: UnicodeEncodeError" in result.output


def test_a_model_that_removes_its_ground(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "hostile.py"
    path.parent.mkdir()
    shutil.copy(MODELS, path)
    result = verify(f"{path}:groundless")
    assert result.exit_code == 0, result.output
    assert "12 parameters in 2 tensors" in result.output
    assert "hostile.py: cannot be read: No such file or directory" in " ".join(result.output.split())
    assert not path.parent.exists()
