"""Signals at random moments under `--fix`: `python -m tests.heavy.kills --count 200`.

Every file has to be the old one or the new one afterwards, with its mode, its links and its name, and what a signal
that can be caught leaves behind is nothing. Each run is a fork of this process that is given what the check found, so
that most of its time is writing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from paramlint.engine.catalogue import select
from paramlint.engine.run import Result, Run, run_paths
from paramlint.frontends.cli import main as command
from paramlint.frontends.cli.check import steps

OLD = (
    "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.blocks = [nn.Linear(8, 8)]\n"
)
NEW = OLD.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
#: Rows of comment that make a file large enough to be interrupted while it is written.
_PADDING = "# the same row again and again\n" * 5_000


def make(folder: Path, count: int) -> None:
    """Files to fix: plain ones of several modes, one behind a symbolic link, one with two names."""
    for index in range(count):
        path = folder / f"f{index:02}.py"
        path.write_text(OLD + _PADDING)
        path.chmod((0o644, 0o600, 0o755)[index % 3])
    (folder / "real").mkdir()
    (folder / "real" / "target.txt").write_text(OLD + _PADDING)
    (folder / "link.py").symlink_to("real/target.txt")
    (folder / "hard.py").write_text(OLD + _PADDING)
    os.link(folder / "hard.py", folder / "real" / "hard.txt")


def checked(files: int) -> Result:
    """What a run finds in such a folder, with the texts to write."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), files)
        os.chdir(folder)
        return run_paths(sorted(path.name for path in Path().glob("*.py")), Run(select(), "unsafe"))


def start(folder: Path, known: Result) -> int:
    """The process that fixes what is known."""
    child = os.fork()
    if child:
        return child
    try:
        os.chdir(folder)
        steps.run_paths = lambda *_: known  # type: ignore[assignment]
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        command(["check", "--isolated", "--no-cache", "--fix", "--unsafe-fixes"])
    finally:
        os._exit(0)  # an interrupt must not get into what the fork has of its parent's work


def faults_of(folder: Path, number: int) -> tuple[list[str], int]:
    """What is wrong with the folder, and how many files are fixed."""
    said, fixed = [], 0
    for path in sorted(folder.glob("*.py")):
        text = path.read_text()
        fixed += text == NEW + _PADDING
        if text not in (OLD + _PADDING, NEW + _PADDING):
            rescued = any(left.read_text() == NEW + _PADDING for left in folder.rglob(".paramlint-*"))
            said.append(f"{path.name} is neither old nor new{', its new text lies beside it' if rescued else ''}")
        if path.name.startswith("f") and path.stat().st_mode & 0o777 != (0o644, 0o600, 0o755)[int(path.stem[1:]) % 3]:
            said.append(f"{path.name} has another mode")
    if not (folder / "link.py").is_symlink():
        said.append("the symbolic link is none any more")
    if not (folder / "hard.py").samefile(folder / "real" / "hard.txt"):
        said.append("the hard link is none any more")
    left = [path.name for path in folder.rglob(".paramlint-*")]
    if number != signal.SIGKILL and left:
        said.append(f"{len(left)} temporary files are left")
    return said, fixed


def once(seed: int, seconds: float, files: int, known: Result) -> tuple[list[str], bool]:
    """Kill one run; gives what is wrong, and whether it was hit while it wrote."""
    random = Random(seed)
    number = SIGNALS[seed % len(SIGNALS)]
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        make(folder, files)
        child = start(folder, known)
        time.sleep(random.uniform(0.0, 1.1) * seconds)
        os.kill(child, number)
        os.waitpid(child, 0)
        said, fixed = faults_of(folder, number)
        return [f"{number.name}: {text}" for text in said], 0 < fixed < files + 2
    finally:
        shutil.rmtree(folder)


def duration(files: int, known: Result) -> float:
    """Seconds that an undisturbed run takes."""
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), files)
        child = start(Path(name), known)
        began = time.perf_counter()
        os.waitpid(child, 0)
        assert faults_of(Path(name), signal.SIGINT) == ([], files + 2)
        return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--files", type=int, default=20)
    given = parser.parse_args()
    known = checked(given.files)
    duration(given.files, known)  # the first run loads what the others find loaded
    seconds = duration(given.files, known)
    faults: Counter[str] = Counter()
    hits = 0
    for seed in range(given.count):
        said, hit = once(seed, seconds, given.files, known)
        hits += hit
        faults.update(said)
    for text, times in faults.most_common():
        print(f"{times} times: {text}")
    print(
        f"{given.count} signals in {seconds:.2f} s of writing, {hits} of them while files were written; "
        f"{sum(faults.values())} faults"
    )
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
