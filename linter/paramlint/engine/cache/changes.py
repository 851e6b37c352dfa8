"""What has changed on the disk since looks at it were taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property

from paramlint.source.dependencies import (
    Dependencies,
    Look,
    Seen,
    Text,
    as_in_files,
    digest,
    is_same,
    kind,
    python_files,
    state,
)
from paramlint.source.regular_file import BY_PROGRAM, read_regular


class Changes:
    """Compares looks with the disk as it is, each once.

    Attributes:
        texts: what files hold now, of those that had to be read.
        folders: what searched folders hold now.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        self.texts: dict[Look, Seen] = {}
        self.folders: dict[str, list[str]] = {}
        self._dependencies = dependencies

    def among(self, looks: Iterable[Look]) -> set[Look]:
        """Those of some looks that would see something else; searches in the same folders are added."""
        changed: set[Look] = set()
        searched: set[str] = set()
        for look in looks:
            if look.what == "search":
                searched.add(look.path)
            elif self._text(look) if look.what == "text" else kind(look.path) != self._dependencies.seen[look]:
                changed.add(look)
        return changed.union(*map(self.searches, sorted(searched)))

    def searches(self, folder: str) -> set[Look]:
        """The searches in a folder that would find another file.

        A file that was found before and has changed is no matter of the search, which leads to its text.
        """
        before = self._dependencies.folders.get(folder, [])
        now = self.folders[folder] = python_files(folder)
        searches = self._searches.get(folder, set())
        if not searches:
            return searches
        if any(os.path.exists(path) for path in set(before).difference(now)):
            return searches  # what the folder's files are is another question now
        looks = [Look("text", path) for path in now]
        fresh = [_read(look.path) or b"" for look in looks if self._text(look)]
        return {s for s in searches if any(all(word in data for word in as_in_files(s.words)) for data in fresh)}

    @cached_property
    def _searches(self) -> dict[str, set[Look]]:
        """The searches in each folder."""
        found: dict[str, set[Look]] = {}
        for look in self._dependencies.edges:
            if look.what == "search":
                found.setdefault(look.path, set()).add(look)
        return found

    def _text(self, look: Look) -> bool:
        """Whether a file holds something else; one that nobody has looked at is new."""
        old = self._dependencies.seen.get(look)
        if look not in self.texts:
            now = state(look.path)
            if isinstance(old, Text) and now and now == old.state:
                return False
            data = _read(look.path)
            self.texts[look] = Text(now, digest(data)) if data is not None else None
        return look not in self._dependencies.seen or not is_same(old, self.texts[look])


def _read(path: str) -> bytes | None:
    try:
        return read_regular(path, BY_PROGRAM)
    except (OSError, ValueError):
        return None
