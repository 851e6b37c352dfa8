"""Pieces that several tests share."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

BAD = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(8, 8)]
"""
GOOD = BAD.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")


def pytest_configure() -> None:
    """A shell's background job ignores interrupts, and so would the processes that tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file that has one finding, which is the current folder too."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    return path


@pytest.fixture
def command():
    """Runs the command as a process of its own."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        whole = [sys.executable, "-m", "paramlint", *arguments]
        return subprocess.run(whole, capture_output=True, timeout=120, **options)

    return run
