"""What the findings of a file depend on beside its own text: every look at the disk, with the file that caused it.

Looks form a graph. A file leads to what its code made others look at: the files that its names are followed into, the
places where a module might have been and was not, the searches through its package. The findings in a file depend on
all that can be reached from it. So an answer that is remembered needs no care of its own: whoever is given one has come
through the file that it is about, and reaches what that file has reached.
"""

from __future__ import annotations

import os
import stat
import time
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple, TypeVar

from paramlint.source.text import Source, UnreadableError

AnswerT = TypeVar("AnswerT")
Kind = Literal["file", "folder", ""]

#: A folder with more Python files than these is no package; nobody waits for it to be searched.
MAX_FILES = 6_000
#: A file that changed this short before it was read may change again unseen: clocks of file systems are this coarse.
_COARSE = 2 * 10**9


class Look(NamedTuple):
    """One look at the disk.

    `text` is what a file holds, `kind` what a path is, if anything; `search` is a search through the Python files of a
    folder (`python_files`) for those that hold `torch` and all of the words.
    """

    what: Literal["text", "kind", "search"]
    path: str
    words: tuple[str, ...] = ()


class Text(NamedTuple):
    """What a file held: its digest, and the state in which it need not be read again to know; no state is `()`."""

    state: tuple[int, ...]
    digest: bytes


#: What a look has seen: a text, the kind of a path, nothing of a search; `None` is a file that cannot be read.
Seen = Text | Kind | None
#: What is never seen.
CHANGED = Text((), b"")


def is_same(one: Seen, other: Seen) -> bool:
    """Whether two looks have seen the same, at whatever time."""
    if isinstance(one, Text) and isinstance(other, Text):
        return one.digest == other.digest
    return one == other


def state(path: str) -> tuple[int, ...]:
    """What changes when a file does: its times, number and size; `()` without a regular file, or with a fresh one."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ()
    fresh = max(found.st_mtime_ns, found.st_ctime_ns) > time.time_ns() - _COARSE
    if fresh or not stat.S_ISREG(found.st_mode):
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size


def digest(data: bytes) -> bytes:
    """The digest of a file."""
    return blake2b(data, digest_size=16).digest()


def kind(path: str) -> Kind:
    """What a path is; empty where there is nothing, or neither a file nor a folder."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else ""


def python_files(root: str) -> list[str]:
    """The Python files below a package's folder; of a folder that is no package, those directly in it."""
    is_package = bool(kind(os.path.join(root, "__init__.py")))
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if is_package and not f.startswith(".") and f != "__pycache__")
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
        if len(found) > MAX_FILES:
            return []
    return found


def as_in_files(words: Iterable[str]) -> list[bytes]:
    """Words as they stand in files; the name of a script, which others import it by, may be no text."""
    return [word.encode("utf-8", "surrogateescape") for word in words]


class Dependencies:
    """The looks of one run; each is taken once, so that all files are judged by the same state of the disk.

    Attributes:
        seen: what each look has seen.
        edges: the looks that each look has led to.
        folders: the folders searched, with the files that were there.
    """

    def __init__(self) -> None:
        self.seen: dict[Look, Seen] = {}
        self.edges: dict[Look, set[Look]] = {}
        self.folders: dict[str, list[str]] = {}
        self._gathered: list[set[Look]] = []
        self._looks: dict[Look, Look] = {}

    def look(self, what: Literal["text", "kind"], path: str) -> Look:
        """A look at a path. Thousands of imports take the same ones: each is in memory once."""
        look = Look(what, path)
        return self._looks.setdefault(look, look)

    def note(self, asker: Look, looks: Iterable[Look]) -> None:
        """Have a file, or a search, depend on looks."""
        self.edges.setdefault(asker, set()).update(looks)
        for gathered in self._gathered:
            gathered.update(looks)

    def gather(self, answer: Callable[[], AnswerT]) -> tuple[AnswerT, frozenset[Look]]:
        """An answer, with all looks that were noted on the way to it."""
        gathered: set[Look] = set()
        self._gathered.append(gathered)
        try:
            return answer(), frozenset(gathered)
        finally:
            self._gathered.pop()

    def kind(self, path: str) -> Kind:
        """What a path is."""
        look = self.look("kind", path)
        if look not in self.seen:
            self.seen[look] = kind(path)
        found: Kind = self.seen[look]  # type: ignore[assignment]
        return found

    def read(self, path: str, how: type[Source] = Source) -> Source:
        """Read a file.

        Raises:
            UnreadableError: it cannot be opened.
        """
        look = self.look("text", os.path.abspath(path))
        before = state(path)
        try:
            source = how.read(path)
        except UnreadableError:
            self._see(look, None)
            raise
        self._see(look, Text(before, digest(source.data)))
        return source

    def _see(self, look: Look, seen: Seen) -> None:
        """Keep what a look has seen; what has changed during the run is like nothing that can be seen later."""
        known = self.seen.setdefault(look, seen)
        if known is not seen and not is_same(known, seen):
            self.seen[look] = CHANGED

    def files(self, root: str) -> list[str]:
        """The Python files of a folder that is searched."""
        if root not in self.folders:
            self.folders[root] = python_files(root)
        return self.folders[root]

    def reached(self, looks: Iterable[Look]) -> set[Look]:
        """Looks, and all that they have led to."""
        return _closure(looks, self.edges)

    def reaching(self, looks: Collection[Look]) -> set[Look]:
        """Looks, and all that have led to them."""
        if not looks:
            return set()
        causes: dict[Look, set[Look]] = {}
        for cause, effects in self.edges.items():
            for effect in effects:
                causes.setdefault(effect, set()).add(cause)
        return _closure(looks, causes)

    def add(self, other: Dependencies) -> None:
        """Add the looks of a run beside this one."""
        for look, seen in other.seen.items():
            self._see(look, seen)
        for look, looks in other.edges.items():
            self.edges.setdefault(look, set()).update(looks)
        self.folders |= other.folders


def _closure(looks: Iterable[Look], edges: Mapping[Look, Iterable[Look]]) -> set[Look]:
    found = set(looks)
    waiting = list(found)
    while waiting:
        for look in edges.get(waiting.pop(), ()):
            if look not in found:
                found.add(look)
                waiting.append(look)
    return found
