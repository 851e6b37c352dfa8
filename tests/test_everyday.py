"""The options that people of ruff and flake8 are used to."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import subprocess
import sys
import time

import pytest

from paramlint.facts import Project
from paramlint.frontends.cli import main
from paramlint.frontends.cli.check import steps
from paramlint.frontends.cli.check.progress import Progress

from .conftest import BAD, GOOD


def run(capsys, *arguments):
    code = main(["check", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_statistics(bad, capsys):
    (bad.parent / "two.py").write_text(BAD)
    code, out, _ = run(capsys, "--statistics", "-q")
    assert (code, out) == (1, "2  PRM401  bug  modules-in-plain-container, 2 with a fix\n")


def test_show_files(bad, capsys):
    (bad.parent / "notes.txt").write_text("")
    assert run(capsys, "--show-files")[:2] == (0, "bad.py\n")


def test_show_settings(bad, capsys):
    (bad.parent / "paramlint.toml").write_text('ignore = ["PRM4"]\nexclude = ["gone"]\n')
    code, out, _ = run(capsys, "--show-settings", "--ignore", "PRM1")
    shown = json.loads(out)
    assert code == 0
    assert shown["files"] == [str(bad.parent / "paramlint.toml")]
    assert not [c for c in shown["rules"] if c.startswith(("PRM1", "PRM4"))]
    assert shown["exclude"] == [[str(bad.parent), ["gone"]]]


def test_exit_codes(bad, capsys):
    assert run(capsys, "--exit-zero")[0] == 0
    assert run(capsys, "--exit-zero", "missing.py")[0] == 2
    assert run(capsys, "--fix", "--unsafe-fixes", "--exit-non-zero-on-fix")[0] == 1
    assert run(capsys, "--fix", "--unsafe-fixes", "--exit-non-zero-on-fix")[0] == 0


def test_fix_only_says_nothing_of_the_rest(bad, capsys):
    assert run(capsys, "-q", "--fix-only")[:2] == (0, "")
    assert bad.read_text() == BAD
    assert run(capsys, "-q", "--fix-only", "--unsafe-fixes")[:2] == (0, "")
    assert bad.read_text() == GOOD


def test_quiet_and_verbose(bad, capsys):
    code, out, err = run(capsys, "--quiet")
    assert (code, err) == (1, "")
    assert "PRM401" in out
    (bad.parent / ".git").mkdir()
    (bad.parent / ".gitignore").write_text("gone.py\n")
    (bad.parent / "gone.py").write_text(BAD)
    _, out, err = run(capsys, "-v")
    assert "configuration: none" in err
    assert "skipped: gone.py: excluded" in err
    assert "1 file skipped: excluded" in out


@pytest.mark.parametrize(
    ("text", "silenced"),
    [
        (BAD, BAD.replace("8)]", "8)]  # noqa: PRM401")),
        (BAD.replace("8)]", "8)]  # noqa: E501 why"), BAD.replace("8)]", "8)]  # noqa: E501, PRM401 why")),
        (
            BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8),\n        ]"),
            BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8),\n        ]  # noqa: PRM401"),
        ),
        (
            BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8),  # noqa: E501\n        ]"),
            BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8),  # noqa: E501, PRM401\n        ]"),
        ),
        (BAD.rstrip("\n"), BAD.replace("8)]\n", "8)]  # noqa: PRM401")),
        (BAD.replace("\n", "\r\n"), BAD.replace("8)]", "8)]  # noqa: PRM401").replace("\n", "\r\n")),
    ],
)
def test_add_noqa(bad, capsys, text, silenced):
    bad.write_bytes(text.encode())
    code, _, err = run(capsys, "--add-noqa")
    assert code == 0
    assert "1 finding silenced in 1 file" in err
    assert bad.read_bytes() == silenced.encode()
    assert run(capsys)[0] == 0
    assert run(capsys, "--add-noqa")[0] == 0
    assert bad.read_bytes() == silenced.encode()


def test_progress_is_for_terminals_and_long_runs():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, shown in ((io.StringIO(), False), (Terminal(), False)):
        with Progress(2, stream) as progress:
            progress.step()
        assert bool(stream.getvalue()) == shown
    stream = Terminal()
    with Progress(2, stream) as progress:
        progress._next = 0.0
        progress.step()
    assert "checked 1 of 2 files" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_watch_checks_again_when_a_file_changes(bad):
    def waited_for(text):
        for _ in range(600):
            if text in report.read_text():
                return True
            time.sleep(0.1)
        return False

    report = bad.parent / "report.txt"
    command = [sys.executable, "-m", "paramlint", "check", "--watch", "--output-format", "concise", "bad.py"]
    with report.open("w") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
        try:
            assert waited_for("bad.py:8:9: PRM401")
            assert waited_for("1 finding in 1 file")
            assert waited_for(" s, watching\n")
            bad.write_text(GOOD)
            assert waited_for("no findings")
        finally:
            process.send_signal(2)
            process.wait(timeout=30)
    assert process.returncode == 130
    rounds = report.read_text().split("\n\n")
    assert re.search(r"^\[\d\d:\d\d:\d\d\] checked in \d+\.\d\d s, watching$", rounds[0], re.M)
    assert any(each.startswith("no findings") for each in rounds)


def watch(monkeypatch, *options, rounds=3):
    """Watches for so many looks at the files."""
    looks = iter(range(1, rounds))
    monkeypatch.setattr(time, "sleep", lambda _: next(looks, None) or interrupt())
    try:
        assert main(["check", "--watch", "--no-cache", *options, "bad.py"]) == 130
    finally:
        gc.enable()


def interrupt():
    raise KeyboardInterrupt


def test_watch_sees_what_is_saved_while_it_checks(bad, capsys, monkeypatch):
    printed = steps._print_summary

    def save(*arguments):
        printed(*arguments)
        bad.write_text(GOOD)

    monkeypatch.setattr(steps, "_print_summary", save)
    watch(monkeypatch)
    assert "1 finding in 1 file" in (shown := capsys.readouterr().out)
    assert "no findings" in shown


def test_watch_does_not_check_again_what_it_fixed_itself(bad, capsys, monkeypatch):
    watch(monkeypatch, "--fix", "--unsafe-fixes")
    assert bad.read_text() == GOOD
    assert capsys.readouterr().out.count("in 1 file") == 1


def test_watch_keeps_nothing_of_the_files_that_it_has_checked(bad, capsys, monkeypatch):
    rounds = []

    def sleep(_):
        rounds.append(sum(isinstance(each, Project) for each in gc.get_objects()))
        if len(rounds) == 3:
            raise KeyboardInterrupt
        bad.write_text(BAD + "\n" * len(rounds))

    gc.collect()
    before = sum(isinstance(each, Project) for each in gc.get_objects())
    monkeypatch.setattr(time, "sleep", sleep)
    try:
        assert main(["check", "--watch", "--no-cache", "bad.py"]) == 130
    finally:
        gc.enable()
    assert rounds == [before] * 3


def test_completion_for_the_shell():
    environment = {**os.environ, "_PARAMLINT_COMPLETE": "bash_source"}
    done = subprocess.run(["paramlint"], env=environment, capture_output=True, text=True)
    assert "complete" in done.stdout
    environment = {
        **os.environ,
        "_PARAMLINT_COMPLETE": "bash_complete",
        "COMP_WORDS": "paramlint che",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(["paramlint"], env=environment, capture_output=True, text=True)
    assert "check" in done.stdout
