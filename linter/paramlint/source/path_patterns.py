"""Patterns of paths, as `.gitignore` has them.

A match takes at most as many comparisons as the lengths of pattern and path multiplied, whatever the pattern.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from paramlint.source.globs import Glob, PatternError, all_fit

#: What makes a name more than itself.
_WILD = frozenset("*?[\\")
#: A part that stands for any number of them.
_ANY = re.compile(r"\*{2,}")
#: A backslash with what it makes mean itself; a slash does anyway.
_ESCAPED = re.compile(r"\\[\\/]")


class Patterns:
    """The patterns of one folder, with the meaning that git gives them. Paths are absolute.

    A row that is no pattern covers nothing; `fault` says what is wrong with it.
    """

    def __init__(self, folder: str, patterns: Sequence[str]) -> None:
        self._folder = os.path.abspath(folder).rstrip(os.sep) + os.sep
        rules = [rule for row in patterns if (rule := _rule(row)) is not None]
        self._names = frozenset[str]()
        self._endings: tuple[str, ...] = ()
        if not any(rule.is_negated for rule in rules):  # else the order decides
            # Plain names and endings, the usual cases, need no pattern matching.
            self._names = frozenset(rule.name for rule in rules if rule.name)
            self._endings = tuple(rule.ending for rule in rules if rule.ending)
            rules = [rule for rule in rules if not rule.name and not rule.ending]
        self._rules = rules[::-1]

    def cover(self, path: str, is_folder: bool) -> bool:
        """Whether the patterns name a file or folder, those above it aside."""
        if not path.startswith(self._folder):
            return False
        relative = path[len(self._folder) :].replace(os.sep, "/")
        name = relative.rpartition("/")[2]
        if name in self._names or (self._endings and name.endswith(self._endings)):
            return True
        parts = relative.split("/") if self._rules else []
        return next((not rule.is_negated for rule in self._rules if rule.covers(parts, is_folder)), False)

    def cover_somewhere(self, path: str, is_folder: bool) -> bool:
        """Whether the patterns name a file or folder, or a folder that it is in."""
        while not self.cover(path, is_folder):
            path, is_folder = os.path.dirname(path), True
            if len(path) <= len(self._folder):
                return False
        return True


def fault(row: str) -> str | None:
    """Why a row is no pattern, `None` where it is one or says nothing."""
    try:
        _parsed(row)
    except PatternError as error:
        return str(error)
    return None


class _Rule:
    """One pattern.

    Attributes:
        is_negated: what it covers is wanted after all.
        name, ending: what the name of a file or folder has to be, or to end with, where that is all it says.
    """

    def __init__(self, text: str, is_negated: bool) -> None:
        self.is_negated = is_negated
        self._folders_only = text.endswith("/")
        text = text[:-1] if self._folders_only else text
        is_plain = not self._folders_only and "/" not in text
        self.name = text if is_plain and not _WILD.intersection(text) else ""
        self.ending = text[1:] if is_plain and text[:1] == "*" and not _WILD.intersection(text[1:]) else ""
        self._is_name = "/" not in text
        texts = text.removeprefix("/").split("/")
        #: A glob for each part of the path; `None` stands for any number of them.
        self._globs = [None if _ANY.fullmatch(part) and not self._is_name else Glob(part) for part in texts]

    def covers(self, parts: Sequence[str], is_folder: bool) -> bool:
        """Whether it covers the path of these parts."""
        if self._folders_only and not is_folder:
            return False
        if self._is_name:
            (glob,) = self._globs
            return glob is not None and glob.matches(parts[-1])
        if self._globs[-1] is None:  # what is in a folder, not the folder
            parts = parts[:-1]
        return all_fit(self._globs, parts, Glob.matches)


def _rule(row: str) -> _Rule | None:
    try:
        return _parsed(row)
    except PatternError:
        return None


def _parsed(row: str) -> _Rule | None:
    """The pattern of a row; `None` for one that is blank or a comment.

    Raises:
        PatternError: it is no pattern.
    """
    text = _without_blanks_at_the_end(row)
    if not text or text.startswith("#"):
        return None
    if "\0" in text:
        raise PatternError("it holds a null character, which no name does")
    is_negated = text.startswith("!")
    text = text[is_negated:]
    text = text[:1] + _ESCAPED.sub(lambda found: "/" if found[0] == "\\/" else found[0], text[1:])
    return _Rule(text, is_negated) if text.strip("/") else None


def _without_blanks_at_the_end(row: str) -> str:
    text = row.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(row) else text
