"""Several processes say what one says, and lose no more than the file that kills one."""

from __future__ import annotations

import os
import signal
import sys
from types import SimpleNamespace

import pytest

from paramlint.engine import check_file
from paramlint.engine.catalogue import select
from paramlint.engine.parallel import processes
from paramlint.facts import Project
from paramlint.frontends.cli import main

from .conftest import BAD, GOOD

INIT = "    def __init__(self):\n        super().__init__()\n"
BASE = "import torch\nfrom torch import nn\n\n\nclass Base(nn.Module):\n" + INIT
DERIVED = "import torch\nfrom torch import nn\nfrom .base import Base\n\n\nclass Net(Base):\n" + INIT
FATAL = "# fatal\n" + BAD

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the workers are copies of this process here")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Some files of which some have findings, in the current folder; and any work is worth starting workers for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "SERIAL", 0)
    (tmp_path / "pkg").mkdir()
    texts = {f"n{number}": GOOD if number % 3 else BAD for number in range(12)}
    texts |= {"__init__": "", "base": BASE, "net": DERIVED + "        self.blocks = [nn.Linear(2, 2)]\n"}
    for name, text in texts.items():
        (tmp_path / "pkg" / f"{name}.py").write_text(text)
    return tmp_path / "pkg"


def run(capsys, *arguments):
    code = main(["check", "--output-format", "json", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def one_process(paths):
    with processes.Processes(1, select()) as pool:
        return processes.check_parallel(paths, [1.0] * len(paths), pool)


def when_fatal(monkeypatch, act):
    """Have the check of a fatal file do something."""
    original = check_file._nominate_and_decide

    def checked(source, *rest):
        if source.text.startswith("# fatal"):
            act()
        return original(source, *rest)

    monkeypatch.setattr(check_file, "_nominate_and_decide", checked)


def test_any_number_of_them_says_the_same(files, capsys):
    expected = run(capsys, "--no-cache", "--jobs", "1")
    assert expected[0] == 1
    for jobs in (2, 3, 7):
        assert run(capsys, "--no-cache", "-j", jobs) == expected


def test_they_are_copies_of_this_process_or_start_anew(files, capsys, monkeypatch):
    expected = run(capsys, "--no-cache", "-j", "1")
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert run(capsys, "--no-cache", "-j", "2") == expected


def test_what_they_looked_at_is_kept(files, capsys):
    first = run(capsys, "-j", "2")
    assert run(capsys, "-j", "2") == first
    (files / "base.py").write_text(BASE.replace("(nn.Module)", ""))
    assert run(capsys, "-j", "2") == run(capsys, "--no-cache", "-j", "1") != first


def test_one_task_after_another_tells_all_it_depends_on(files):
    """A worker keeps what it knows, and says each thing once."""
    paths = sorted(map(str, files.glob("*.py")))
    project = Project()
    list(check_file.check_paths(paths, select(), project))
    _, dependencies = one_process(paths)
    assert dependencies.seen.keys() == project.dependencies.seen.keys()
    assert dependencies.edges == project.dependencies.edges


def compute():
    while True:
        pass


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            "PRM005 [error] paramlint died here (SIGKILL); please report it",
        ),
        (lambda: os._exit(3), "PRM005 [error] paramlint died here (exit code 3); please report it"),
        (compute, "PRM004 [error] takes longer than 1 s, so it was given up"),
    ],
    ids=["a crash", "an exit", "no end"],
)
def test_a_file_that_kills_its_worker_costs_one_diagnostic(files, capsys, monkeypatch, act, said):
    (files / "n1.py").write_text(FATAL)
    when_fatal(monkeypatch, act)
    monkeypatch.setattr(processes, "TIME_LIMIT", 1)
    monkeypatch.setattr(processes, "PATIENCE", 60)
    code = main(["check", "--output-format", "concise", "-j", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 2
    assert f"pkg/n1.py:1:1: {said}" in lines
    assert len([line for line in lines if "PRM401" in line]) == 5
    monkeypatch.undo()
    monkeypatch.chdir(files.parent)
    assert main(["check", "-q", "--output-format", "concise"]) == 1  # nothing of that is remembered
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_little_work_starts_none(files, capsys, monkeypatch):
    monkeypatch.setattr(processes, "SERIAL", 1.5)
    monkeypatch.setattr(processes, "check_parallel", None)
    assert run(capsys, "-j", "4")[0] == 1


def test_one_file_starts_none(files, capsys, monkeypatch):
    monkeypatch.setattr(processes, "weight", None)
    assert run(capsys, "-j", "4", str(files / "n0.py"))[0] == 1


def test_a_package_of_models_is_worth_starting_some(tmp_path):
    """Most of the work is building models, so that a few hundred thousand characters take seconds."""
    path = tmp_path / "net.py"
    path.write_text("import torch\n" + "#" * 200_000)
    assert processes.weight(str(path)) > processes.SERIAL
    path.write_text("import json\n" + "#" * 200_000)
    assert processes.weight(str(path)) < 0.1


def test_the_tasks_hold_each_file_once_and_the_longest_come_first():
    paths = [f"{number}.py" for number in range(50)]
    weights = [float(number % 7) for number in range(50)]
    pool = SimpleNamespace(size=3, least=0.0, most=2.0)
    tasks = processes._tasks(paths, weights, pool)
    assert sorted(path for task in tasks for path in task) == sorted(paths)
    sizes = [sum(weights[paths.index(path)] for path in task) for task in tasks]
    assert sizes == sorted(sizes, reverse=True)


def test_no_jobs_are_refused(files, capsys):
    code, _, err = run(capsys, "-j", "0")
    assert (code, "0 is not in the range x>=1" in err) == (2, True)
