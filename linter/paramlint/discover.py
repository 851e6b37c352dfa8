"""From the paths of the command line to the files to check, in one order whatever the file system says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

SUFFIXES = (".py", ".pyi")
#: Folders that hold other people's code, or none.
EXCLUDED = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
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
_WILD = frozenset("*?[]/!\\# \t")


@dataclass
class Found:
    """The files to check, sorted, each once; and what was passed over, by path with the reason.

    `files` also holds the paths that cannot be checked (missing, unreadable): reading them says why.
    """

    files: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Discovery:
    """How files are looked for.

    Args:
        suffixes: what the name of a file ends with; a file given by name may be called anything.
        exclude: patterns as in `.gitignore`, relative to `root`.
        root: the folder that the patterns are relative to.
        gitignore: pass over what `.gitignore` files name.
        force_exclude: apply patterns and `.gitignore` to the given paths too.
    """

    suffixes: tuple[str, ...] = SUFFIXES
    exclude: tuple[str, ...] = EXCLUDED
    root: str = "."
    gitignore: bool = True
    force_exclude: bool = False

    def find(self, paths: Iterable[str]) -> Found:
        """All files under the paths.

        A folder is walked whatever its name is, symbolic links to folders are not followed, and only regular files
        are taken: a pipe named `x.py` would never end.
        """
        found = Found()
        excluded = _Ignored(self.root, self.exclude)
        files: set[str] = set()
        for path in map(os.path.normpath, paths):
            whole = os.path.abspath(path)
            is_folder = os.path.isdir(path)
            ignored = [excluded, *(_gitignores_above(whole) if self.gitignore else ())]
            hiding = [patterns for patterns in ignored if patterns.cover_somewhere(whole, is_folder)]
            if hiding and self.force_exclude:
                found.skipped[path] = "excluded"
            elif is_folder:
                # What is asked for by name is looked into, even where something above it says to ignore it.
                files.update(self._walk(path, whole, [p for p in ignored if p not in hiding], found.skipped))
            else:
                files.add(path)
        found.files = sorted(files)
        return found

    def _walk(self, folder: str, whole: str, ignored: list[_Ignored], skipped: dict[str, str]) -> Iterator[str]:
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError:
            yield folder  # reading it as a file says what is wrong
            return
        if self.gitignore and any(entry.name == ".gitignore" for entry in listed):
            ignored = [*ignored, _gitignore(whole)]
        for entry in listed:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not entry.name.endswith(self.suffixes):
                continue
            path = entry.name if folder == "." else entry.path
            below = os.path.join(whole, entry.name)
            if any(patterns.cover(below, is_folder) for patterns in ignored):
                skipped.update({} if is_folder else {path: "excluded"})
            elif is_folder:
                yield from self._walk(path, below, ignored, skipped)
            elif _is_file(entry):
                yield path
            else:
                skipped[path] = "not a regular file"


class _Ignored:
    """The patterns of one folder, with the meaning that git gives them. Paths are absolute."""

    def __init__(self, folder: str, patterns: Sequence[str]) -> None:
        self._folder = os.path.abspath(folder).rstrip(os.sep) + os.sep
        # Plain names, the usual case, need no pattern matching.
        self._names = {pattern for pattern in patterns if not _WILD.intersection(pattern)}
        rest = [p for p in patterns if p not in self._names and p.strip() and not p.startswith("#")]
        if any(pattern.startswith("!") for pattern in rest):
            self._names, rest = set(), list(patterns)  # the order decides
        self._compiled = None
        if rest:
            from pathspec import GitIgnoreSpec

            self._compiled = GitIgnoreSpec.from_lines(rest)

    def cover(self, path: str, is_folder: bool) -> bool:
        """Whether the patterns name a file or folder, those above it aside."""
        if not path.startswith(self._folder):
            return False
        relative = path[len(self._folder) :].replace(os.sep, "/")
        if relative.rpartition("/")[2] in self._names:
            return True
        return self._compiled is not None and self._compiled.match_file(relative + "/" * is_folder)

    def cover_somewhere(self, path: str, is_folder: bool) -> bool:
        """Whether the patterns name a file or folder, or a folder that it is in."""
        if self.cover(path, is_folder):
            return True
        above = os.path.dirname(path)
        return above.startswith(self._folder) and self.cover_somewhere(above, True)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True  # reading it says what is wrong


def _gitignore(folder: str) -> _Ignored:
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as stream:
            return _Ignored(folder, stream.read().splitlines())
    except OSError:
        return _Ignored(folder, ())


def _gitignores_above(path: str) -> list[_Ignored]:
    """Those of the folders above a path, up to the root of its repository; none outside a repository."""
    found: list[_Ignored] = []
    while not os.path.exists(os.path.join(path, ".git")):
        above = os.path.dirname(path)
        if above == path:
            return []
        path = above
        if os.path.isfile(os.path.join(path, ".gitignore")):
            found.append(_gitignore(path))
    return found
