"""`paramlint diff` reads versions from git: what it says of odd repositories, and that it starts nothing of them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from paramlint.frontends.cli import main
from paramlint.source.versions.snapshot import number_of

ROOT = Path(__file__).parent.parent
NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, {factor} * dim)
"""


class Repository:
    """A repository in a folder, in which tests write and commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, path: str = "net.py", text: str = "") -> None:
        if text:
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    made = Repository(tmp_path / "repository")
    made.commit(text=NET.format(factor=3))
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def told(capsys):
    """What the command says, with its exit code."""

    def run(*arguments: str, code: int = 0) -> dict:
        given = list(arguments)
        place = given.index("--") if "--" in given else len(given)
        given[place:place] = ["--output-format", "json"]
        assert main(["diff", *given]) == code
        return json.loads(capsys.readouterr().out)

    return run


def names(document: dict) -> list[str]:
    return [f"{one['filename']}:{one['name']}" for one in document["classes"]]


def test_the_working_tree_is_compared_with_a_commit(repository, told):
    assert names(told("HEAD")) == []
    repository.write("net.py", NET.format(factor=4))
    repository.write("new.py", NET.format(factor=4))  # nobody has a checkpoint of what is new
    document = told("HEAD")
    assert names(document) == ["net.py:Net"]
    assert (document["old"], document["new"]) == ("HEAD", "working tree")


def test_two_commits_and_ranges(repository, told):
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit(text=NET.format(factor=4))
    repository.git("checkout", "-q", "main")
    repository.commit("other.py", NET.format(factor=5))
    assert names(told("main", "topic")) == ["net.py:Net"]
    assert [one["filename"] for one in told("main..topic")["gone"]] == ["other.py"]
    document = told("main...topic")  # what happened on main since is not of the topic
    assert names(document) == ["net.py:Net"] and document["gone"] == []
    assert names(told("main", "topic", "--", "other.py")) == []


def test_paths_count_from_where_one_is(repository, told, monkeypatch):
    repository.commit("package/deep/net.py", NET.format(factor=3))
    repository.write("package/deep/net.py", NET.format(factor=4))
    repository.write("net.py", NET.format(factor=4))
    monkeypatch.chdir(repository.folder / "package")
    assert names(told("HEAD", "--", "deep")) == ["package/deep/net.py:Net"]
    assert names(told("HEAD", "--", "../net.py")) == ["net.py:Net"]
    assert len(names(told("HEAD"))) == 2


def test_a_renamed_file_and_a_deleted_one(repository, told):
    repository.git("mv", "net.py", "model.py")
    assert told("HEAD")["gone"] == [] and names(told("HEAD")) == []
    repository.write("model.py", NET.format(factor=4))
    assert names(told("HEAD")) == ["model.py:Net"]
    (repository.folder / "model.py").unlink()
    assert told("HEAD")["gone"] == [{"name": "Net", "filename": "net.py", "row": 5}]


def test_a_file_that_is_no_python_in_one_version(repository, told, capsys):
    repository.write("net.py", "def f(:\n")
    document = told("HEAD", code=2)
    assert (
        document["gone"] == [] and "is not valid Python: invalid syntax in line 1" in document["unreadable"]["net.py"]
    )
    repository.commit()
    repository.write("net.py", NET.format(factor=4))
    assert names(told("HEAD")) == []  # what it was cannot be told
    assert main(["diff", "HEAD"]) == 0
    assert "Error: `net.py` in HEAD: is not valid Python" in capsys.readouterr().err


def test_a_submodule_is_read_where_it_is_checked_out(repository, told, tmp_path, capsys):
    inner = Repository(tmp_path / "inner")
    inner.commit("layers.py", NET.format(factor=3))
    repository.git("submodule", "add", "-q", str(inner.folder), "vendored")
    repository.commit()
    inner.commit("layers.py", NET.format(factor=4))
    checked_out = repository.folder / "vendored"
    subprocess.run(["git", "pull", "-q", "origin", "main"], cwd=checked_out, check=True, capture_output=True)
    assert names(told("HEAD")) == ["vendored/layers.py:Net"]
    repository.commit()
    assert names(told("HEAD~1", "HEAD")) == ["vendored/layers.py:Net"]
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repository.folder), str(clone)], check=True)
    os.chdir(clone)
    assert "it is not checked out" in told("HEAD~1", "HEAD")["unreadable"]["vendored"]


def test_a_shallow_clone_says_how_to_get_the_rest(repository, tmp_path, capsys, monkeypatch):
    repository.commit(text=NET.format(factor=4))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", repository.folder.as_uri(), str(clone)], check=True)
    monkeypatch.chdir(clone)
    assert main(["diff", "HEAD"]) == 0
    assert main(["diff", "HEAD~1"]) == 2
    assert "`HEAD~1` is no revision of this repository, as far as this shallow clone reaches" in capsys.readouterr().err


@pytest.mark.parametrize("revision", ["nothing", "-x", "", "HEAD:net.py", "a\x00b", "nothing...HEAD", "HEAD..nothing"])
def test_an_unknown_revision(repository, capsys, revision):
    given = [revision] if not revision.startswith("-") else ["--folders", revision]
    assert main(["diff", *given]) == 2
    assert "Error" in capsys.readouterr().err


def test_a_branch_that_only_the_remote_has_is_named(repository, tmp_path, capsys, monkeypatch):
    repository.git("branch", "topic")
    subprocess.run(["git", "clone", "-q", str(repository.folder), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    assert main(["diff", "topic"]) == 2
    assert "did you mean `origin/topic`?" in capsys.readouterr().err


def test_no_repository_and_no_commit(tmp_path, capsys, monkeypatch, told):
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "HEAD"]) == 2
    assert "is in no git repository" in capsys.readouterr().err
    made = Repository(tmp_path / "empty")
    made.write("net.py", NET.format(factor=3))
    monkeypatch.chdir(made.folder)
    assert names(told("HEAD")) == []
    monkeypatch.setenv("PATH", "")
    assert main(["diff", "HEAD"]) == 2
    assert "git is not installed" in capsys.readouterr().err


def test_a_repository_of_a_stranger_starts_nothing(repository, told, tmp_path):
    canary = tmp_path / "started"
    for name in ("core.fsmonitor", "core.pager", "diff.external", "filter.x.clean", "filter.x.smudge"):
        repository.git("config", name, f"touch {canary}")
    repository.write(".gitattributes", "*.py filter=x diff=x\n")
    repository.write("net.py", NET.format(factor=4))
    before = sorted(path.name for path in (repository.folder / ".git").iterdir())
    assert names(told("HEAD")) == ["net.py:Net"]
    assert not canary.exists()
    assert sorted(path.name for path in (repository.folder / ".git").iterdir()) == before


def test_a_link_leads_to_the_file_of_its_version(repository, told):
    (repository.folder / "link.py").symlink_to("net.py")
    repository.commit()
    repository.write("net.py", NET.format(factor=4))
    assert "net.py:Net" in names(told("HEAD"))


def test_files_have_the_numbers_that_git_gives_them(repository):
    said = repository.git("ls-tree", "HEAD", "net.py").split()[2]
    assert number_of((repository.folder / "net.py").read_bytes()) == said


def test_the_hook_fails_where_a_checkpoint_no_longer_loads(repository, capsys):
    import yaml

    (hook,) = [
        one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()) if one["id"] == "paramlint-diff"
    ]
    repository.write("net.py", NET.format(factor=4))
    command, *arguments = hook["entry"].split()
    assert command == "paramlint" and hook["pass_filenames"] is False
    assert main(arguments) == 1
    repository.write("net.py", NET.format(factor=3) + "        nn.init.zeros_(self.fc.bias)\n")
    assert main(arguments) == 0
