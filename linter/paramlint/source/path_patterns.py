"""Patterns of paths, as `.gitignore` has them."""

from __future__ import annotations

import os
from collections.abc import Sequence

_WILD = frozenset("*?[]/!\\# \t")


class Patterns:
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
        return len(above) > len(self._folder) and self.cover_somewhere(above, True)
