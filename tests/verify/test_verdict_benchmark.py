"""The benchmark of verdicts, on a folder of small cases."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "verdicts.py"
NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.{made}(3)){mark}


def build():
    return {built}
"""


def write(path: Path, made: str = "ones", mark: str = "", built: str = "Net()") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NET.format(made=made, mark=mark, built=built))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*names: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["verdicts.py", str(tmp_path), *names])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        return int(ended.value.code or 0), [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return call


def test_every_case_is_as_expected(tmp_path: Path, run: Any) -> None:
    write(tmp_path / "bare.bad.py", "empty", "  # bug: PRM201")
    write(tmp_path / "bare.good.py")
    write(tmp_path / "edit" / "bad" / "net.py", mark="; self.scale.data.mul_(2)  # bug: PRM101")
    (tmp_path / "parsed.bad.py").write_text("import keras  # bug: PRM801\n")
    status, rows = run()
    assert rows == [
        "bare.bad.py PRM201 PRM201 confirmed",
        "bare.good.py good nothing",
        "edit/bad PRM101 PRM101 confirmed",
        "2 bad cases, of which 2 show; 1 good ones; 0 not as expected",
    ]
    assert status == 0


def test_what_is_not_as_expected_is_marked(tmp_path: Path, run: Any) -> None:
    write(tmp_path / "missed.bad.py", mark="  # bug: PRM201")
    write(tmp_path / "false.good.py", "empty")
    write(tmp_path / "raises.good.py", built="1 / 0")
    write(tmp_path / "other.good.py")
    status, rows = run("missed", "false", "raises")
    assert rows == [
        "! false.good.py good PRM201 confirmed",
        "! missed.bad.py PRM201 nothing",
        "! raises.good.py good error: ZeroDivisionError: division by zero",
        "1 bad cases, of which 1 show; 2 good ones; 3 not as expected",
    ]
    assert status == 1
