"""The house stays one in which things are found: rooms that say what is in them, small files, names of their own."""

from __future__ import annotations

import ast
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paramlint.engine import check_file
from paramlint.engine.parallel import local
from paramlint.frontends.cli import main

ROOT = Path(__file__).parent.parent
LINTER = ROOT / "linter" / "paramlint"
FILES = sorted(path for folder in ("linter", "rules") for path in (ROOT / folder).rglob("*.py"))
ROOMS = sorted(path.parent for path in FILES if path.name == "__init__.py")

#: `facts` melts into `symbolic` and `model`; until then it is as it was.
MELTING = LINTER / "facts"
#: Files of one name that mean one thing: a command of the command line each, and a name that documents import.
ALIKE = {"command.py", "laws.py"}
MOST_NAMES, MOST_AT_THE_TOP, MOST_LINES = 12, 15, 500


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__", "py.typed")]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_lives_in_it(room):
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    assert said and said.split("\n")[0].endswith(".")


def test_rooms_have_few_names():
    folders = [path for path in LINTER.rglob("*") if path.is_dir() and path.name != "__pycache__" and path != MELTING]
    assert {str(room.relative_to(LINTER)): len(names(room)) for room in folders if len(names(room)) > MOST_NAMES} == {}
    assert len({*names(LINTER)} - {MELTING.name}) <= MOST_AT_THE_TOP


def test_the_page_for_contributors_shows_the_layers_of_the_contract():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "show-rooms", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_are_small():
    lines = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in FILES}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_two_files_of_the_linter_have_one_name():
    here = [path for path in FILES if LINTER in path.parents and MELTING not in path.parents]
    times = Counter(path.name for path in here if path.name != "__init__.py")
    assert {name for name, count in times.items() if count > 1} - ALIKE == set()


def test_no_two_functions_on_the_way_to_a_rule_share_a_name(bad, monkeypatch):
    ways: list[list[str]] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            ways.append([frame.name for frame in traceback.extract_stack() if str(LINTER) in frame.filename])
            return function(*given, **named)

        return noted

    # The way goes on in a thread of its own, which has a large stack.
    monkeypatch.setattr(local, "with_large_stack", noting(local.with_large_stack))
    monkeypatch.setattr(check_file, "_findings", noting(check_file._findings))
    assert main(["check", "--isolated", "--no-cache", "--jobs", "1", str(bad)]) == 1
    first, *others = ways
    assert "main" in first and any("check_source" in names for names in others)
    for names in others:
        times = Counter(name for name in (*first, *names) if not name.startswith("<"))
        assert {name for name, count in times.items() if count > 1} == set()
