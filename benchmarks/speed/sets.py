"""The files on which tools are compared."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def python_files(paths: Iterable[Path]) -> list[Path]:
    """All Python files of some files and folders, in the order of these, each folder sorted."""
    return [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def lines(path: Path) -> int:
    """How many lines a file has."""
    return path.read_bytes().count(b"\n")


def first_lines(files: Iterable[Path], limit: int) -> Iterator[Path]:
    """The first files that together have so many lines, the last one whole."""
    total = 0
    for file in files:
        if total >= limit:
            return
        total += lines(file)
        yield file


def copy(files: Iterable[Path], folder: Path) -> None:
    """Copy files to where no configuration, `.gitignore` or cache of their project is found."""
    for file in files:
        target = folder / file.resolve().relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def edit(file: Path, number: int) -> None:
    """Change a file as nobody has before: a comment more."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"# edit {number}\n")


def replicate(package: Path, count: int, folder: Path) -> None:
    """Write so many files: copies of a package, each in a folder of its own and unlike the others by a comment.

    Imports lead into the same copy, so names are followed through imports as they are in one package.

    Raises:
        ValueError: the package has no files.
    """
    originals = [(file.relative_to(package), file.read_bytes()) for file in python_files([package])]
    if not originals:
        raise ValueError(f"{package} has no Python files")
    for number in range(count):
        copied, index = divmod(number, len(originals))
        path, data = originals[index]
        target = folder / f"{copied:06}" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data + b"\n# copy %d\n" % copied)


def sizes_of(files: Sequence[Path]) -> dict[str, int]:
    """How many files, lines and bytes."""
    return {
        "files": len(files),
        "lines": sum(map(lines, files)),
        "bytes": sum(file.stat().st_size for file in files),
    }
