"""What a factory leaves behind, takes away, or does to itself: one right line each, and nothing hangs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from paramlint.frontends.cli.verify.command import verify_command

CODE = """\
import os
import signal
import subprocess
import time

from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


def forks():
    if os.fork() == 0:
        time.sleep(300)
        os._exit(0)
    return nn.Linear(2, 2)


def starts_a_session():
    subprocess.Popen(["sleep", "301"], start_new_session=True)
    return nn.Linear(2, 2)


def deletes():
    os.remove(os.path.join(HERE, "wanted"))
    return nn.Linear(2, 2)


def works_twice():
    path = os.path.join(HERE, "runs")
    with open(path, "a") as file:
        file.write("x")
    if os.path.getsize(path) > 2:
        raise RuntimeError("no more")
    return nn.Linear(2, 2)


def suspends():
    os.kill(os.getpid(), signal.SIGSTOP)
    return nn.Linear(2, 2)
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    (tmp_path / "left.py").write_text(CODE)
    (tmp_path / "wanted").touch()

    def verify(name: str, *more: str) -> Any:
        return CliRunner().invoke(verify_command, ["--isolated", f"{tmp_path}/left.py:{name}", *more])

    return verify


@pytest.mark.parametrize("name", ["forks", "starts_a_session"])
def test_what_is_left_alive_is_ended_and_does_not_keep_the_answer(run: Any, name: str) -> None:
    result = run(name, "--timeout", "100")
    assert result.exit_code == 0, result.output
    assert "6 parameters in 2 tensors" in result.output
    left = [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[-1:] == ["301"]]
    assert not left


def test_a_factory_that_works_once_is_told_that_it_runs_twice(run: Any) -> None:
    result = run("deletes")
    assert result.exit_code == 2
    assert "FileNotFoundError" in result.output
    assert "the factory had worked before" in result.output


def test_a_model_that_is_there_is_shown_though_there_is_no_second_one(run: Any) -> None:
    result = run("works_twice")
    assert result.exit_code == 0, result.output
    assert "degraded: the factory failed when it ran again: RuntimeError: no more" in result.output


@pytest.mark.heavy
def test_a_process_that_suspends_itself(run: Any) -> None:
    result = run("suspends", "--timeout", "8")
    assert result.exit_code == 2
    assert "a signal has suspended the process" in result.output
