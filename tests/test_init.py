"""`paramlint init`: what it writes works, and what is there stays as it is."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
import yaml

from paramlint.frontends.cli import main

from .conftest import BAD

FILES = ("pyproject.toml", ".pre-commit-config.yaml", ".github/workflows/paramlint.yml")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    code = main(["init", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_new_project(project, capsys):
    (project / "pyproject.toml").write_text('[project]\nname = "mine"')
    code, out, _ = run(capsys, "--yes", "--install", "pip install ./paramlint")
    assert code == 0 and out.count("written to") == 3
    assert (project / FILES[0]).read_text().startswith('[project]\nname = "mine"\n\n[tool.paramlint]\n')
    hook = yaml.safe_load((project / FILES[1]).read_text())["repos"][0]["hooks"][0]
    assert hook["entry"].split()[:2] == ["paramlint", "check"]
    job = yaml.safe_load((project / FILES[2]).read_text())["jobs"]["check"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "pip install ./paramlint",
        "paramlint check --output-format github",
    ]
    (project / "bad.py").write_text(BAD)
    assert main(["check", "-q"]) == 1  # the configuration is read


def test_a_second_time_nothing_is_changed(project, capsys):
    run(capsys, "--yes")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert [path.name for path in before if path.suffix == ".toml"] == ["paramlint.toml"]
    code, out, _ = run(capsys, "--yes")
    assert code == 0 and out.count("has it") == 3
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_files_of_others_are_left_to_them(project, capsys):
    (project / ".pre-commit-config.yaml").write_text("repos: []\n")
    (project / ".gitlab-ci.yml").write_text("test:\n  script: [pytest]\n")
    _, out, _ = run(capsys, "--yes")
    assert out.count("is yours; add this to it") == 2
    assert (project / ".pre-commit-config.yaml").read_text() == "repos: []\n"
    assert (project / ".gitlab-ci.yml").read_text() == "test:\n  script: [pytest]\n"
    assert not (project / ".github").exists()


def test_line_ends_are_kept(project, capsys):
    (project / "pyproject.toml").write_bytes(b'[project]\r\nname = "mine"\r\n')
    run(capsys, "--yes")
    assert b"\n" not in (project / "pyproject.toml").read_bytes().replace(b"\r\n", b"")


def test_it_asks(project):
    """An answer for each, on a terminal."""
    script = f"import pty, sys; sys.exit(pty.spawn([{sys.executable!r}, '-m', 'paramlint', 'init']) >> 8)"
    done = subprocess.run([sys.executable, "-c", script], input=b"n\ny\nn\n", capture_output=True, check=True)
    assert done.stdout.count(b"Write the ") == 3
    assert sorted(path.name for path in project.iterdir()) == [".pre-commit-config.yaml"]


def test_nobody_to_ask(project, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = run(capsys)
    assert code == 2 and "--yes" in err
    assert list(project.iterdir()) == []
