"""One version: which Python files it has, and what they hold."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable
from typing import Protocol

from paramlint.source.dependencies import Kind, kind
from paramlint.source.file_discovery import EXCLUDED, Discovery, Wanted
from paramlint.source.regular_file import BY_PROGRAM, read_regular
from paramlint.source.versions.repository import Repository, VersionError

_SUFFIX = ".py"
#: Submodules in submodules that are looked into.
_DEEPEST = 4


class Snapshot(Protocol):
    """A version of the files under a root.

    Attributes:
        name: as it was asked for.
        root: the folder under which the files are, or seem to be.
        files: for each Python file, its path from the root with slashes, what tells its content from others.
        unknown: submodules whose files cannot be read, with the reason.
    """

    name: str
    root: str
    files: dict[str, str]
    unknown: dict[str, str]

    def kind(self, path: str) -> Kind:
        """What a whole path under the root is."""
        raise NotImplementedError

    def read(self, path: str) -> bytes:
        """What the file of a whole path under the root holds.

        Raises:
            OSError: there is no such file.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what was opened for it."""


class Folder:
    """What lies in a folder now.

    Args:
        name: as it was asked for.
        root: the folder.
        also: paths of files from the root that belong to it, whatever is ignored there.
    """

    def __init__(self, name: str, root: str, also: Iterable[str] = ()) -> None:
        self.name = name
        self.root = os.path.abspath(root)
        self.unknown: dict[str, str] = {}
        found = Discovery(lambda _: Wanted((_SUFFIX,))).find([self.root]).files
        paths = {os.path.relpath(path, self.root).replace(os.sep, "/") for path in found}
        paths.update(path for path in also if os.path.isfile(os.path.join(self.root, path)))
        self.files = {path: self._content(path) for path in sorted(paths)}

    def _content(self, path: str) -> str:
        """The number that git gives such a content, so that a file is compared with that of a commit."""
        try:
            data = self.read(os.path.join(self.root, path))
        except OSError as error:
            return f"unreadable: {error.strerror}"
        return number_of(data)

    def kind(self, path: str) -> Kind:
        """What a path is."""
        return kind(path)

    def read(self, path: str) -> bytes:
        """What a file holds."""
        return read_regular(path, BY_PROGRAM)

    def close(self) -> None:
        """There is nothing to let go of."""


class Commit:
    """What a commit holds; of its submodules, where they are there too.

    Args:
        name: as it was asked for.
        repository: where it is.
        tree: the object with all of its files, empty for none.
        depth: how many repositories it is in.
    """

    def __init__(self, name: str, repository: Repository, tree: str, depth: int = 0) -> None:
        self.name = name
        self.root = repository.root
        self.unknown: dict[str, str] = {}
        self._repository = repository
        self._objects: dict[str, tuple[Repository, str]] = {}
        self._opened: list[Commit] = []
        entries = repository.entries(tree)
        for path, entry in entries.items():
            if entry.is_submodule:
                self._enter(path, entry.number, depth)
            elif entry.is_link:
                target = self._target(path, entry.number)
                if target in entries and path.endswith(_SUFFIX):
                    self._objects[path] = repository, entries[target].number
            elif path.endswith(_SUFFIX):
                self._objects[path] = repository, entry.number
        self._folders = {folder for path in self._objects for folder in _above(path)}
        self.files = {
            path: number for path, (_, number) in sorted(self._objects.items()) if EXCLUDED.isdisjoint(path.split("/"))
        }

    def _target(self, path: str, number: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(self._repository.read(number))))

    def _enter(self, path: str, number: str, depth: int) -> None:
        """Read a submodule where its own repository is checked out and has the commit."""
        folder = os.path.join(self.root, path)
        try:
            if depth >= _DEEPEST or not os.path.exists(os.path.join(folder, ".git")):
                raise VersionError("it is not checked out: `git submodule update --init`")
            inner = Repository(folder)
            commit = Commit(self.name, inner, inner.tree(number), depth + 1)
        except VersionError as error:
            self.unknown[path] = str(error)
            return
        self._opened.append(commit)
        self.unknown |= {f"{path}/{below}": why for below, why in commit.unknown.items()}
        self._objects |= {f"{path}/{below}": held for below, held in commit._objects.items()}

    def kind(self, path: str) -> Kind:
        """What a path is in this commit, of Python files and what holds any."""
        inside = self._inside(path)
        return "file" if inside in self._objects else "folder" if inside in self._folders else ""

    def read(self, path: str) -> bytes:
        """What a file holds in this commit."""
        held = self._objects.get(self._inside(path))
        if held is None:
            raise FileNotFoundError(2, "No such file", path)
        return held[0].read(held[1])

    def _inside(self, path: str) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def close(self) -> None:
        """End the processes that read it."""
        for inner in self._opened:
            inner.close()
        self._repository.close()


def number_of(data: bytes) -> str:
    """What git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _above(path: str) -> Iterable[str]:
    parts = path.split("/")
    return [".", *("/".join(parts[:end]) for end in range(1, len(parts)))]
