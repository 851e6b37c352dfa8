"""All files of a package, for questions that imports cannot answer: who, anywhere, calls this or writes that?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramlint.facts.files import File, Project

#: A folder with more files than these is no package; nobody waits for it to be searched.
MAX_FILES = 6_000


class Package:
    """The Python files under one folder, read once; only the text of those that mention torch is kept."""

    def __init__(self, project: Project, root: str) -> None:
        self.root = root
        self.memo: dict[str, Any] = {}
        self._project = project

    @cached_property
    def texts(self) -> dict[str, bytes]:
        """Path to text, of the files that mention torch."""
        found: dict[str, bytes] = {}
        for path in self._paths:
            try:
                with open(path, "rb") as stream:
                    data = stream.read()
            except OSError:
                continue
            if b"torch" in data:
                found[path] = data
        return found

    @cached_property
    def is_package(self) -> bool:
        """Whether it is a package, and not scripts beside each other."""
        return os.path.exists(os.path.join(self.root, "__init__.py"))

    @cached_property
    def _paths(self) -> list[str]:
        found: list[str] = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__")
            if not self.is_package:
                folders.clear()  # scripts beside each other
            found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
            if len(found) > MAX_FILES:
                return []
        return found

    def paths_with(self, file: File, *words: str) -> list[str]:
        """The files whose text has all of these words; beside a lone script, only those that name it."""
        if not self.is_package:
            words = (*words, os.path.splitext(os.path.basename(file.source.path))[0])
        patterns = [re.compile(rb"\b" + re.escape(word.encode()) + rb"\b") for word in words]
        return [
            path
            for path, data in self.texts.items()
            if all(word.encode() in data for word in words) and all(p.search(data) for p in patterns)
        ]

    def count(self, pattern: re.Pattern[bytes]) -> int:
        """How often a pattern matches in all files."""
        return sum(len(pattern.findall(data)) for data in self.texts.values())

    def files(self, paths: list[str]) -> Iterator[File]:
        """The files of these paths, as far as they are valid Python."""
        for path in paths:
            file = self._project.file(path)
            if file is not None:
                yield file


def package_of(file: File) -> Package | None:
    """The package that a file belongs to; for a file outside any package, the folder that it is in.

    `None` where a file is judged by itself.
    """
    if file.project is None:
        return None
    root = os.path.dirname(os.path.abspath(file.source.path))
    while os.path.exists(os.path.join(os.path.dirname(root), "__init__.py")) and root != os.path.dirname(root):
        root = os.path.dirname(root)
    known: Package | None = file.project.memo.get("package")
    if known is None or known.root != root:  # the files of one package are enough in memory
        known = file.project.memo["package"] = Package(file.project, root)
    return known
