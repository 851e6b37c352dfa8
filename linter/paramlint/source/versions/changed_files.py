"""What has changed in files since a revision: whether a file has at all, and what it was."""

from __future__ import annotations

import os
from functools import cached_property

from paramlint.source.regular_file import BY_PROGRAM, read_regular
from paramlint.source.versions.repository import Repository
from paramlint.source.versions.snapshot import number_of


class ChangedFiles:
    """The files of a repository beside those of a revision; a file under a new name is known by its old one.

    Args:
        revision: as git understands it; `main...` is where `main` and what is checked out have parted.
        folder: one in the repository.

    Raises:
        VersionError: git is not there, this is no repository, or it has no such revision.
    """

    def __init__(self, revision: str, folder: str) -> None:
        self._repository = Repository(folder)
        name = revision.removesuffix("...")
        self._base = self._repository.merge_base(name, "HEAD") if name != revision else revision
        entries = self._repository.entries(self._repository.tree(self._base))
        self._numbers = {path: entry.number for path, entry in entries.items() if not entry.is_submodule}

    def before(self, path: str, data: bytes) -> bytes | None:
        """What a file was at the revision: `data` itself where it is that, and None where there was no such file."""
        name = self._inside(path)
        if name not in self._numbers:
            name = self._renamed.get(name, name)
        known = self._numbers.get(name)
        if known is None or known == number_of(data):
            return data if known else None
        try:
            return self._repository.read(known)
        finally:
            self._repository.close()  # few files are asked for, and nobody says which one is the last

    def has_changed(self, path: str) -> bool:
        """Whether a file is another than at the revision; one that cannot be read is."""
        try:
            return self._numbers.get(self._inside(path)) != number_of(read_regular(path, BY_PROGRAM))
        except OSError:
            return True

    def _inside(self, path: str) -> str:
        folder, name = os.path.split(os.path.abspath(path))
        whole = os.path.join(os.path.realpath(folder), name)
        return os.path.relpath(whole, os.path.realpath(self._repository.root)).replace(os.sep, "/")

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """The old names of files that were renamed in commits since."""
        return self._repository.renamed(self._base, "HEAD")
