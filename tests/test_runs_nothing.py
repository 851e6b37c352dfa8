"""`check` reads: it runs, imports and starts nothing of the folder that it checks, and opens no connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from .conftest import BAD

#: What is imported by name, here or by libraries, and what Python, pytest or pip would run by itself.
SHADOWS = (
    "torch",
    "click",
    "libcst",
    "rich",
    "pathspec",
    "msgspec",
    "pebble",
    "tomllib",
    "tomli",
    "paramlint",
    "paramlint_rules",
    "numpy",
    "ast",
    "json",
    "re",
    "tokenize",
    "encodings",
    "evil",
    "sitecustomize",
    "usercustomize",
    "conftest",
    "setup",
    "__main__",
    "__init__",
)
CANARY = "open({mark!r}, 'a').write({name!r})\n"
#: Runs the command and writes down what is executed, imported and started meanwhile.
WATCHED = """\
import json, sys
seen = []
WATCHED = ("exec", "import", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.", "ctypes.")
def hook(event, arguments):
    if event.startswith(WATCHED):
        what = arguments[0].co_filename if event == "exec" else arguments[1] if event == "import" else arguments
        seen.append((event, str(what)))
sys.addaudithook(hook)
from paramlint.frontends.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, seen]), file=sys.stderr)
"""


@pytest.fixture
def trapped(bad, tmp_path_factory):
    """The folder of `bad`, with a canary under every name that something could load, and the mark of a dead one."""
    mark = tmp_path_factory.mktemp("mark") / "mark"
    for name in SHADOWS:
        (bad.parent / f"{name}.py").write_text(BAD + CANARY.format(mark=str(mark), name=name))
    for name in ("paramlint_rules", "libcst"):
        package = bad.parent / name / "__init__.py"
        package.parent.mkdir()
        package.write_text(BAD + CANARY.format(mark=str(mark), name=name))
    touch = f"import os; os.system('touch {mark}')"
    (bad.parent / "paths.pth").write_text(f"{touch}\n")
    (bad.parent / "cookie.py").write_text(f"# coding: evil\n{BAD}")
    (bad.parent / "pyproject.toml").write_text(
        "[tool.paramlint]\nselect = ['ALL']\n\n[build-system]\nbackend-path = ['.']\n"
    )
    (bad.parent / "setup.cfg").write_text("[flake8:local-plugins]\nextension =\n    X = evil:Evil\n")
    cell = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": 1,
        "source": f"!touch {mark}\n{touch}\n{BAD}",
    }
    (bad.parent / "book.ipynb").write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    (bad.parent / "page.md").write_text(f"```python\n{BAD}{touch}\n```\n")
    (bad.parent / "run.py").write_text(BAD.replace("class", f"@__import__('os').system('touch {mark}')\nclass"))
    return mark


@pytest.mark.parametrize(
    "arguments", [(), ("--reference",), ("--diff", "--unsafe-fixes"), ("--fix", "--unsafe-fixes"), ("--add-noqa",)]
)
def test_no_canary_dies(trapped, bad, arguments):
    # Not `python -m`, for which Python itself looks for `paramlint` in the current folder first.
    program = os.path.join(os.path.dirname(sys.executable), "paramlint")
    done = subprocess.run([program, "check", *arguments], cwd=bad.parent, capture_output=True, timeout=120)
    assert b"cookie.py:1:1: PRM003" in done.stdout + done.stderr  # the folder was looked at
    assert done.returncode == 2
    assert not trapped.exists(), trapped.read_text()


def test_nothing_of_the_folder_is_executed_and_nothing_is_started(trapped, bad, tmp_path_factory):
    script = tmp_path_factory.mktemp("script") / "watched.py"
    script.write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, str(script), "check", "--jobs", "1", "--output-format", "json"],
        cwd=bad.parent,
        capture_output=True,
        timeout=120,
    )
    code, seen = json.loads(done.stderr.decode().splitlines()[-1])
    assert code == 2
    assert len(json.loads(done.stdout)) > 20
    assert len(seen) > 100
    assert [event for event in seen if str(bad.parent) in event[1]] == []
    assert [event for event in seen if event[0] not in ("exec", "import")] == []
    assert not trapped.exists()
