"""paramlint as one file: it is imported from a zip, with all that it knows."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import paramlint
import paramlint_rules

NET = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = [nn.TransformerEncoderLayer(8, 2)]
        self.c = nn.MultiheadAttention(8, 2)
"""
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from paramlint.frontends.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "paramlint.zip"
    with zipfile.ZipFile(path, "w") as written:
        for package in (paramlint, paramlint_rules):
            folder = Path(package.__file__).parent
            for file in folder.rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    written.write(file, file.relative_to(folder.parent))
    return path


@pytest.fixture
def command(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NET)

    def start(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", START, str(archive), *arguments], capture_output=True, text=True, env=environment
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    return start


def test_it_finds_and_shows(command):
    assert "PRM401" in command("check", "--isolated", "--output-format", "concise", "net.py")
    assert "c.out_proj.weight" in command("show", "net.py")  # told by a stub
    assert "nn.ModuleList" in command("rule", "PRM401")  # told by the docstring of its file


def test_another_zip_starts_the_cache_anew(archive, command):
    ask = "import sys; sys.path.insert(0, sys.argv[1]); from paramlint.engine.cache import version"
    ask += "; print(version.engine())"

    def engine() -> str:
        return subprocess.run([sys.executable, "-c", ask, str(archive)], capture_output=True, text=True).stdout

    before = engine()
    assert before and before == engine()
    os.utime(archive, ns=(0, 0))
    assert engine() != before
