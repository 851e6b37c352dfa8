"""A damaged cache, and runs at the same time: `python -m tests.heavy.cache --count 1000 --together 400`.

Whatever is in the cache, a run says what it says without one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

from paramlint.frontends.cli import main as command

BASE = "from torch import nn\n\n\nclass Base(nn.Module):\n    def __init__(self):\n        {}\n"
NET = (
    "from torch import nn\n\nfrom .base import Base\n\n\nclass Net(Base):\n    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.blocks = [nn.Linear(8, 8)]\n        self.bias = {}\n"
)
#: How many runs go on at the same time.
SIDE_BY_SIDE = 8


def make(folder: Path) -> None:
    """A package of files that look into each other."""
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from .net0 import Net\n")
    (package / "base.py").write_text(BASE.format("super().__init__()"))
    for index in range(6):
        (package / f"net{index}.py").write_text(NET.format(index))
    (package / "broken.py").write_text("import torch\nx = (\n")


def said(folder: Path, *arguments: str) -> bytes:
    """What a run prints, in a fork of this process, with its exit code."""
    output = folder.parent / f"output-{os.getpid()}"
    os.waitpid(start(folder, output, *arguments), 0)
    return output.read_bytes()


def start(folder: Path, output: Path, *arguments: str) -> int:
    """A run in a fork of this process that prints into a file."""
    child = os.fork()
    if child:
        return child
    os.chdir(folder)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    code = command(["check", "--output-format", "json", "--quiet", *arguments])
    sys.stdout.flush()
    os.write(1, f"exit code {code}".encode())
    os._exit(0)


def damage(folder: Path, random: Random) -> str:
    """Change a file of the cache; gives how."""
    files = [path for path in sorted((folder / ".paramlint_cache").rglob("*")) if path.is_file()]
    path = random.choice(files)
    data = bytearray(path.read_bytes())
    how = random.choice(
        ("flip", "flip", "truncate", "empty", "append", "replace", "folder", "remove", "version", "swap")
    )
    if how == "flip":
        for _ in range(random.choice((1, 1, 3, 50))):
            data[random.randrange(len(data))] = random.randrange(256)
    elif how == "truncate":
        del data[random.randrange(len(data)) :]
    elif how == "empty":
        data.clear()
    elif how == "append":
        data += random.randbytes(50)
    elif how == "replace":
        data[:] = random.randbytes(2_000)
    path.write_bytes(data)
    if how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "remove":
        path.unlink()
    elif how == "version":
        for version in (folder / ".paramlint_cache").glob("*.*.*"):
            (folder / ".paramlint_cache" / "9.9.9").mkdir(exist_ok=True)
            for inner in version.iterdir():
                if inner.is_file():
                    (folder / ".paramlint_cache" / "9.9.9" / inner.name).write_bytes(inner.read_bytes())
    elif how == "swap" and len(files) > 1:
        other = random.choice(files)
        if other.is_file():
            path.write_bytes(other.read_bytes())
    return how


def damaged(count: int) -> list[str]:
    """Damage the cache so many times; gives where the output was another."""
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        make(folder)
        expected = said(folder, "--no-cache")
        assert expected.count(b"PRM401") == 6
        assert said(folder) == expected
        cache, whole = folder / ".paramlint_cache", Path(name, "whole")
        cache.rename(whole)
        for seed in range(count):
            shutil.copytree(whole, cache)
            how = damage(folder, Random(seed))
            if said(folder) != expected:
                wrong.append(f"seed {seed}: {how}")
            shutil.rmtree(cache)
    return wrong


def together(count: int) -> list[str]:
    """Start so many runs, some at a time, while files change between two states; gives which were wrong."""
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        make(folder)
        for number in range(count // SIDE_BY_SIDE):
            body = ("super().__init__()", "pass")[number % 2]
            (folder / "package" / "base.py").write_text(BASE.format(body))
            expected = said(folder, "--no-cache")
            outputs = [Path(name, f"output{index}") for index in range(SIDE_BY_SIDE)]
            for child in [start(folder, output) for output in outputs]:
                os.waitpid(child, 0)
            wrong += [f"round {number}" for output in outputs if output.read_bytes() != expected]
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--together", type=int, default=400)
    given = parser.parse_args()
    command(["check", "--isolated", "--no-cache", "--quiet", __file__])  # load what the forks need
    first, second = damaged(given.count), together(given.together)
    for line in (*first, *second):
        print(line)
    print(
        f"{given.count} damaged caches, {len(first)} wrong; {given.together} runs at the same time, {len(second)} wrong"
    )
    return int(bool(first or second))


if __name__ == "__main__":
    sys.exit(main())
