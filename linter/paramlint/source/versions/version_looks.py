"""Looks that see the files of a version under its root, and the disk elsewhere: other packages are as they are."""

from __future__ import annotations

import os

from paramlint.source.dependencies import Dependencies, Kind
from paramlint.source.text import Source, UnreadableError
from paramlint.source.versions.repository import VersionError
from paramlint.source.versions.snapshot import Snapshot


class VersionLooks(Dependencies):
    """What is seen of a version.

    Args:
        snapshot: the version.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot
        self._below = os.path.join(snapshot.root, "")

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._below) or path == self.snapshot.root

    def kind(self, path: str) -> Kind:
        """What a path is in this version."""
        return self.snapshot.kind(path) if self._is_inside(path) else super().kind(path)

    def read(self, path: str, how: type[Source] = Source) -> Source:
        """Read a file of this version.

        Raises:
            UnreadableError: there is no such file, or it cannot be read.
        """
        whole = os.path.abspath(path)
        if not self._is_inside(whole):
            return super().read(path, how)
        try:
            return how(path, self.snapshot.read(whole))
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
        except VersionError as error:
            raise UnreadableError(f"cannot be read: {error}") from error
