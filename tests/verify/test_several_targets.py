"""What several targets have in common is done once: importing their libraries, and checking their files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

from paramlint.frontends.cli.main import paramlint
from paramlint.verify.judge import join

#: In the place of a library that takes seconds to import; it notes who imports it.
LIBRARY = """\
import os
with open(os.environ["NOTES"], "a") as file:
    file.write(f"{__name__}\\n")
"""
LAZY = LIBRARY + "def __getattr__(name):\n    import timm.layers\n    return timm.layers.scale\n"
NET = """\
import timm
from timm import scale
import torch
from torch import nn

class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.empty(3))
        self.heads = [nn.Linear(3, 3)]

class Second(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.fc.weight.data.normal_(std=scale)

class Third(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(3, 3)
"""
TARGETS = ["net.py:First", "net.py:Second", "net.py:Third"]


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models, and the file of the notes."""
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "__init__.py").write_text(LAZY)
    (tmp_path / "timm" / "layers.py").write_text(f"{LIBRARY}scale = 0.5\n")
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that this process checks."""
    paths: list[str] = []
    run_paths: Any = vars(join)["run_paths"]

    def noted(new: list[str], *given: Any) -> Any:
        paths.extend(os.path.basename(path) for path in new)
        return run_paths(new, *given)

    monkeypatch.setattr(join, "run_paths", noted)
    return paths


def verify(*arguments: str) -> list[Any]:
    done = CliRunner().invoke(paramlint, ["verify", "--isolated", *arguments, "--output-format", "json"])
    documents = json.loads(done.stdout)
    documents = documents if isinstance(documents, list) else [documents]
    for document in documents:
        for measured in ("seconds", "peak_memory", "traceback"):
            document["outcome"].pop(measured, None)
    return documents


def test_libraries_are_imported_once_and_files_checked_once(notes: Path, checked: list[str]) -> None:
    together = verify(*TARGETS)
    assert notes.read_text().splitlines() == ["timm", "timm.layers"]
    assert checked == ["net.py"]
    assert [document["outcome"]["status"] for document in together] == ["ok", "ok", "error"]
    assert [document for target in TARGETS for document in verify(target)] == together


def test_the_targets_themselves_are_imported_in_a_fork_each(notes: Path) -> None:
    net = Path("net.py")
    net.write_text(f"{LIBRARY}{NET}")
    verify(*TARGETS)
    assert notes.read_text().splitlines() == ["timm", "timm.layers", *["net"] * 3]


@pytest.mark.parametrize("fault", ["raise ImportError('no')", "raise SystemExit(3)", "import os; os._exit(4)"])
def test_a_library_that_cannot_be_imported_is_the_fault_of_each_target(fault: str) -> None:
    Path("timm/__init__.py").write_text(f"{fault}\n")
    together = verify(*TARGETS[:2])
    assert together == [document for target in TARGETS[:2] for document in verify(target)]
    assert together[0]["outcome"]["status"] != "ok"


def test_a_discovery_checks_a_file_once(checked: list[str]) -> None:
    together = verify("--discover", "net.py")
    assert checked == ["net.py"]
    assert {found["code"] for found in together[0]["findings"]} >= {"PRM201", "PRM401"}


def test_findings_are_judged_by_forks_of_one_process(notes: Path) -> None:
    given = [word for target in TARGETS[:2] for word in ("--verify-with", target)]
    done = CliRunner().invoke(paramlint, ["check", "net.py", "--isolated", *given])
    assert "confirmed" in done.stdout
    assert notes.read_text().splitlines() == ["timm", "timm.layers"]
