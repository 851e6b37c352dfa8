"""The command, flake8, the language server and a notebook say the same: `python -m tests.heavy.front_ends FOLDER...`.

Files are copied flat, out of their packages, for flake8 looks at one file at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from paramlint.engine.catalogue import select
from paramlint.engine.run import Run, run_paths, run_source
from paramlint.source.documents.notebook import Notebook
from paramlint.source.text import Source

from .mutate import files_below

Said = set[tuple[str, int, int, str]]


def copy(paths: list[Path], folder: Path) -> list[str]:
    """The files under names that tell nothing."""
    names = [f"file{index}.py" for index in range(len(paths))]
    for path, name in zip(paths, names, strict=True):
        (folder / name).write_bytes(path.read_bytes())
    return names


def by_command(names: list[str]) -> Said:
    """What `paramlint check` and its hook for pre-commit say."""
    diagnostics = run_paths(names, Run(select())).diagnostics
    return {(d.path, *d.start, d.code) for d in diagnostics}


def by_flake8(names: list[str]) -> Said:
    """What the plugin says."""
    arguments = ["--isolated", "--select", "PRM", "--format", "%(path)s|%(row)d|%(col)d|%(code)s", "--jobs", "1"]
    codes = {rule.code for rule in select()}
    done = subprocess.run(
        [sys.executable, "-m", "flake8", *arguments, *names], capture_output=True, text=True, check=False
    )
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {(path, int(row), int(column), code) for path, row, column, code in rows if code in codes}


def by_server(names: list[str]) -> Said:
    """What the language server finds in the text of an editor."""
    run = Run(select())
    found = [d for name in names for d in run_source(Source.from_text(name, Source.read(name).text), run).diagnostics]
    return {(d.path, *d.start, d.code) for d in found}


def by_notebook(names: list[str]) -> Said:
    """What is found in a notebook whose only cell is the file."""
    found: Said = set()
    for name in names:
        cell = {"cell_type": "code", "source": Source.read(name).text.replace("\r\n", "\n")}
        notebook = Notebook(f"{name}.ipynb", json.dumps({"cells": [cell]}).encode())
        localized = [notebook.localize(d) for d in run_source(notebook, Run(select())).diagnostics]
        found |= {(name, *d.start, d.code) for d in localized}
    return found


FRONT_ENDS = {"flake8": by_flake8, "server": by_server, "notebook": by_notebook}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=200)
    given = parser.parse_args()
    files = files_below(path.resolve() for path in given.folders)
    chosen = Random(0).sample(files, min(given.count, len(files)))
    with tempfile.TemporaryDirectory() as folder:
        names = copy(chosen, Path(folder))
        os.chdir(folder)
        expected = by_command(names)
        different = 0
        for front_end, ask in FRONT_ENDS.items():
            wrong = sorted(ask(names) ^ expected)
            different += len({path for path, *_ in wrong})
            for path, *place in wrong:
                print(f"{front_end}: {chosen[int(path[4:-3])]}: {place}")
    print(f"{len(chosen)} files, {len(expected)} findings; {different} differences")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
