"""Which files are checked."""

from __future__ import annotations

import os

import pytest

from paramlint.source.file_discovery import Discovery, Wanted


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "a.py",
        "a.pyi",
        "a.txt",
        "b/c.py",
        "b/build/d.py",
        ".venv/e.py",
        "node_modules/f.py",
        "generated/g.py",
        "b/keep.gen.py",
        "b/drop.gen.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n/generated\n*.gen.py\n!keep.gen.py\n")
    return tmp_path


def find(*paths, **options):
    return Discovery(**options).find(paths or ["."]).files


def test_default(tree):
    assert find() == ["a.py", "a.pyi", "b/c.py", "b/keep.gen.py"]
    assert find("b") == ["b/c.py", "b/keep.gen.py"]
    assert find(str(tree)) == [str(tree / name) for name in ["a.py", "a.pyi", "b/c.py", "b/keep.gen.py"]]


def test_gitignore_can_be_disregarded(tree):
    assert "b/build/d.py" in find(gitignore=False)
    assert ".venv/e.py" not in find(gitignore=False)


def test_what_is_given_by_name_is_checked(tree):
    assert find("a.txt", "generated", ".venv", "b/build/d.py") == [
        ".venv/e.py",
        "a.txt",
        "b/build/d.py",
        "generated/g.py",
    ]


def test_unless_exclusion_is_forced(tree):
    found = Discovery(force_exclude=True).find(["a.py", "generated/g.py", ".venv/e.py", "b/build/d.py"])
    assert found.files == ["a.py"]
    assert set(found.skipped.values()) == {"excluded"}
    assert len(found.skipped) == 3


def test_a_gitignore_below(tree):
    (tree / "b" / ".gitignore").write_text("c.py\n")
    assert find() == ["a.py", "a.pyi", "b/keep.gen.py"]


def test_own_patterns(tree):
    for exclude, found in (
        ((".", ("b",)), ["a.py", "a.pyi"]),
        ((str(tree / "b"), ("/c.py",)), ["a.py", "a.pyi", "b/keep.gen.py"]),
    ):
        wanted = Wanted(exclude=(exclude,))
        assert find(wanted=lambda _, wanted=wanted: wanted) == found


def test_a_folder_may_want_something_else(tree):
    beneath = Wanted(suffixes=(".gen.py",), exclude=((str(tree / "b"), ("build",)),))
    assert find(wanted=lambda folder: beneath if folder.startswith(str(tree / "b")) else Wanted((".pyi",))) == [
        "a.pyi",
        "b/keep.gen.py",
    ]


def test_each_file_once_and_sorted(tree):
    assert find("b", ".", "b/c.py", "./a.py") == find()


def test_links(tree):
    os.symlink("..", tree / "b" / "up")
    os.symlink("c.py", tree / "b" / "link.py")
    os.symlink("nowhere", tree / "b" / "dangling.py")
    assert find("b") == ["b/c.py", "b/dangling.py", "b/keep.gen.py", "b/link.py"]
