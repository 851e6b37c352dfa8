"""From the paths of the command line to the files to check, in one order whatever the file system says."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from paramlint.source.path_patterns import Patterns, fault
from paramlint.source.regular_file import BY_HAND, read_regular

SUFFIXES = (".py", ".pyi", ".ipynb")
#: Folders that hold other people's code, or none.
EXCLUDED = frozenset(
    (
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".paramlint_cache",
        ".pyenv",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    )
)


@dataclass
class Found:
    """The files to check, sorted, each once; and what was passed over, by path with the reason.

    `files` also holds the paths that cannot be checked (missing, unreadable): reading them says why. `warnings` are
    about the `.gitignore` files.
    """

    files: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Wanted(NamedTuple):
    """What is taken of a folder, and of those in it that say nothing else.

    Attributes:
        suffixes: what the name of a file ends with; a file given by name may be called anything.
        exclude: folders, each with patterns as in `.gitignore` that are relative to it.
    """

    suffixes: tuple[str, ...] = SUFFIXES
    exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Discovery:
    """How files are looked for.

    Args:
        wanted: what is taken of a folder, by its absolute path.
        gitignore: pass over what `.gitignore` files name.
        force_exclude: apply patterns and `.gitignore` to the given paths too.
    """

    wanted: Callable[[str], Wanted] = lambda _: Wanted()
    gitignore: bool = True
    force_exclude: bool = False

    def find(self, paths: Iterable[str]) -> Found:
        """All files under the paths.

        A folder is walked whatever its name is, symbolic links to folders are not followed, and only regular files
        are taken: a pipe named `x.py` would never end.
        """
        found = Found()
        files: set[str] = set()
        for path in map(os.path.normpath, paths):
            whole = os.path.abspath(path)
            is_folder = os.path.isdir(path)
            wanted = self.wanted(whole if is_folder else os.path.dirname(whole))
            ignored = [Patterns(folder, patterns) for folder, patterns in wanted.exclude]
            ignored += _gitignores_above(whole, found.warnings) if self.gitignore else ()
            hiding = [patterns for patterns in ignored if patterns.cover_somewhere(whole, is_folder)]
            if self.force_exclude and (hiding or EXCLUDED.intersection(os.path.relpath(path).split(os.sep))):
                found.skipped[path] = "excluded"
            elif is_folder:
                # What is asked for by name is looked into, even where something above it says to ignore it.
                left = [patterns for patterns in ignored if patterns not in hiding]
                files.update(self._walk(path, whole, wanted, left, found))
            else:
                files.add(path)
        found.files = sorted(files)
        found.warnings = sorted(set(found.warnings))
        return found

    def _walk(self, folder: str, whole: str, above: Wanted, ignored: list[Patterns], found: Found) -> Iterator[str]:
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError:
            yield folder  # reading it as a file says what is wrong
            return
        if self.gitignore and any(entry.name == ".gitignore" for entry in listed):
            ignored = [*ignored, _gitignore(whole, found.warnings)]
        wanted = self.wanted(whole)
        ignored = [*ignored, *(Patterns(*each) for each in wanted.exclude if each not in above.exclude)]
        for entry in listed:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not entry.name.endswith(wanted.suffixes):
                continue
            path = entry.name if folder == "." else entry.path
            below = os.path.join(whole, entry.name)
            if any(patterns.cover(below, is_folder) for patterns in ignored):
                found.skipped.update({} if is_folder else {path: "excluded"})
            elif is_folder and entry.name in EXCLUDED:
                continue
            elif is_folder:
                yield from self._walk(path, below, wanted, ignored, found)
            elif _is_file(entry):
                yield path
            else:
                found.skipped[path] = "not a regular file"


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True  # reading it says what is wrong


def _gitignore(folder: str, warnings: list[str]) -> Patterns:
    """The patterns of a folder; what is wrong with them ends nothing and is said, with the row."""
    path = os.path.join(folder, ".gitignore")
    shown = os.path.relpath(path)
    if os.path.islink(path):
        warnings.append(f"{shown}: is a link, which git does not follow either")
        return Patterns(folder, ())
    try:
        text = read_regular(path, BY_HAND).decode("utf-8-sig", "replace")
    except OSError as error:
        warnings.append(f"{shown}: cannot be read: {error.strerror}")
        return Patterns(folder, ())
    rows = [row.removesuffix("\r") for row in text.split("\n")]
    for number, row in enumerate(rows, 1):
        if (why := fault(row)) is not None:
            warnings.append(f"{shown}:{number}: is no pattern and covers nothing: {why}")
    return Patterns(folder, rows)


def _gitignores_above(path: str, warnings: list[str]) -> list[Patterns]:
    """Those of the folders above a path, up to the root of its repository; none outside a repository."""
    found: list[Patterns] = []
    said: list[str] = []
    while not os.path.exists(os.path.join(path, ".git")):
        above = os.path.dirname(path)
        if above == path:
            return []
        path = above
        if os.path.lexists(os.path.join(path, ".gitignore")):
            found.append(_gitignore(path, said))
    warnings += said
    return found
