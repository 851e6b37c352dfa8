"""All files of a package, for questions that imports cannot answer: who, anywhere, calls this or writes that?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from paramlint.knowledge.frameworks import frameworks
from paramlint.source.dependencies import Look, as_in_files
from paramlint.source.text import UnreadableError

if TYPE_CHECKING:
    from paramlint.facts.files import File, Project

#: Bytes of text. The few questions about larger packages read the rest again.
_KEPT = 8_000_000

AnswerT = TypeVar("AnswerT")

#: The bases of a class, as they are written.
_BASES = re.compile(rb"^[ \t]*class[ \t]+\w+[ \t]*\(([^()]*)\)", re.MULTILINE)
_WORD = re.compile(rb"\w+")


class Package:
    """The Python files under one folder; only the text of those that mention torch is kept, and only so much of it."""

    def __init__(self, project: Project, root: str, what: str) -> None:
        self.root = root
        self._what = what
        self._memo: dict[str, tuple[Any, frozenset[Look]]] = {}
        self._project = project
        self._having: dict[bytes, list[str]] = {}

    @property
    def _known(self) -> dict[str, bytes | None]:
        """Path to text, of the files that mention torch; `None` where it is read again when it is asked for."""
        return self._files[0]

    @cached_property
    def _files(self) -> tuple[dict[str, bytes | None], dict[bytes, list[str]]]:
        """The files that mention torch, with their text, and the others by the names in the bases of their classes."""
        if not self._project.is_draft:
            return _package(self._project.drafts, self.root, self._what)._files
        known: dict[str, bytes | None] = {}
        others: dict[bytes, list[str]] = {}
        size = 0
        for path in self._project.dependencies.files(self.root):
            text = self._read(path)
            if "torch" in frameworks(text):
                size += len(text)
                known[path] = text if size <= _KEPT else None
            else:
                for word in {word for bases in _BASES.findall(text) for word in _WORD.findall(bases)}:
                    others.setdefault(word, []).append(path)
        return known, others

    def text(self, path: str) -> bytes:
        """The text of a file that mentions torch."""
        return self._known[path] or self._read(path)

    def _read(self, path: str) -> bytes:
        try:
            return self._project.dependencies.read(path).data
        except UnreadableError:
            return b""

    @property
    def is_package(self) -> bool:
        """Whether it is a package, and not scripts beside each other."""
        return bool(self._project.dependencies.kind(os.path.join(self.root, "__init__.py")))

    def paths_with(self, file: File, *words: str) -> list[str]:
        """The files whose text has all of these words; beside a lone script, only those that name it."""
        if not self.is_package:
            words = (os.path.splitext(os.path.basename(file.source.path))[0], *words)
        return self._with(file, words)

    def heirs_with(self, file: File, name: str) -> list[str]:
        """The files that may have heirs of a class: with its name, and in those without torch, among the bases."""
        found = self.paths_with(file, name)
        named, stem = as_in_files((name, os.path.splitext(os.path.basename(file.source.path))[0]))
        others = self._files[1].get(named, [])
        if not self.is_package:
            others = [path for path in others if _has_word(self._read(path), stem)]
        self._searched(file, (name,), others)
        return found + others

    def scripts_with(self, file: File, word: str) -> list[str]:
        """The files directly beside a package, which use it without being part of it, whose text has a word."""
        return self._with(file, (word,))

    def _with(self, file: File, words: tuple[str, ...]) -> list[str]:
        first, *others = as_in_files(words)
        found = [path for path in self._paths_having(first) if all(_has_word(self.text(path), w) for w in others)]
        self._searched(file, words, found)
        return found

    def _paths_having(self, word: bytes) -> list[str]:
        """The files whose text has a word; only these are kept, not what each file says of each word."""
        if word not in self._having:
            self._having[word] = [path for path in self._known if _has_word(self.text(path), word)]
        return self._having[word]

    def count(self, file: File, pattern: re.Pattern[bytes]) -> int:
        """How often a pattern matches in all files."""
        self._searched(file, (), list(self._known))
        return sum(len(pattern.findall(self.text(path))) for path in self._known)

    def _searched(self, file: File, words: tuple[str, ...], found: list[str]) -> None:
        """Note that a file depends on which files have these words, and on what these files hold."""
        search = Look("search", self.root, words)
        dependencies = self._project.dependencies
        dependencies.note(file.look, [search])
        dependencies.note(search, [dependencies.look("text", path) for path in found])

    def remember(self, file: File, question: str, answer: Callable[[], AnswerT]) -> AnswerT:
        """The answer to a question about the package, worked out for the first file that asks, and noted for each."""
        if question not in self._memo:
            self._memo[question] = self._project.dependencies.gather(answer)
        found, looks = self._memo[question]
        self._project.dependencies.note(file.look, looks)
        result: AnswerT = found
        return result

    def files(self, paths: list[str]) -> Iterator[File]:
        """The files of these paths, as far as they are valid Python."""
        for path in paths:
            file = self._project.file(path)
            if file is not None:
                yield file


def _has_word(text: bytes, word: bytes) -> bool:
    """Whether a text has a word; looking for what it begins with is what takes a pattern long."""
    at = text.find(word)
    while at >= 0:
        if not (_is_of_word(text[at - 1 : at]) or _is_of_word(text[at + len(word) : at + len(word) + 1])):
            return True
        at = text.find(word, at + 1)
    return False


def _is_of_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"


def package_of(file: File) -> Package | None:
    """The package that a file belongs to; for a file outside any package, the folder that it is in.

    `None` where a file is judged by itself.
    """
    if file.project is None:
        return None
    root = os.path.dirname(file.path)
    file.exists(os.path.join(root, "__init__.py"))  # it makes the folder a package
    while file.exists(os.path.join(os.path.dirname(root), "__init__.py")) and root != os.path.dirname(root):
        root = os.path.dirname(root)
    return _package(file.project, root, "package")


def folder_of(package: Package, file: File) -> Package | None:
    """The folder that holds a package, with the scripts that use it; `None` where a script is alone."""
    assert file.project is not None
    return _package(file.project, os.path.dirname(package.root), "folder") if package.is_package else None


def _package(project: Project, root: str, what: str) -> Package:
    known: Package | None = project.memo.get(what)
    if known is None or known.root != root:  # the files of one package are enough in memory
        known = project.memo[what] = Package(project, root, what)
    return known
