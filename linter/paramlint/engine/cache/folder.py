"""The folder of the cache: where it is, its files, and how it goes away. No failure here stops a run."""

from __future__ import annotations

import contextlib
import os
import shutil
from hashlib import blake2b

from paramlint import __version__

NAME = ".paramlint_cache"
_TAG = "CACHEDIR.TAG"
_IGNORE = ".gitignore"
_TAG_TEXT = b"""\
Signature: 8a477f597d28d172789f06886806bc55
# paramlint keeps results here; the folder may be deleted at any time, `paramlint clean` does it.
# What this file is for: https://bford.info/cachedir/
"""
_CHECKSUM = 16


class CacheFolderError(Exception):
    """The folder is something else; the message says what to do."""


class CacheFolder:
    """A folder of the cache, made when something is first written.

    Args:
        path: the folder.

    Raises:
        CacheFolderError: it is there and holds something else.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        if os.path.lexists(self.path) and not self._is_ours():
            raise CacheFolderError(f"{path}: is no cache of paramlint and not empty; name a new or empty folder")

    @classmethod
    def near(cls, path: str) -> CacheFolder | None:
        """The nearest one above a file, else one in the current folder; `None` where that cannot be used."""
        folder = os.path.abspath(path)
        while folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
            if os.path.isdir(os.path.join(folder, NAME)):
                break
        else:
            folder = os.curdir
        try:
            return cls(os.path.join(folder, NAME))
        except CacheFolderError:
            return None

    def _is_ours(self) -> bool:
        try:
            with open(os.path.join(self.path, _TAG), "rb") as stream:
                return stream.read() == _TAG_TEXT
        except FileNotFoundError:  # empty, or being made this moment
            return os.path.isdir(self.path) and all(n.startswith((_TAG, _IGNORE)) for n in os.listdir(self.path))
        except OSError:
            return False

    def read(self, name: str) -> bytes | None:
        """What was written under a name, `None` where there is nothing or not the same any more."""
        try:
            with open(self._file(name), "rb") as stream:
                data = stream.read()
        except OSError:
            return None
        return data[_CHECKSUM:] if data[:_CHECKSUM] == _checksum(data[_CHECKSUM:]) else None

    def write(self, name: str, data: bytes) -> None:
        """Keep something under a name, in one step: others read what was there before, or this."""
        path = self._file(name)
        temporary = f"{path}.{os.getpid()}"
        try:
            self._make()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(temporary, "wb") as stream:
                stream.write(_checksum(data) + data)
            os.replace(temporary, path)
        except OSError:  # nothing is kept, and all is checked again next time
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    def clean(self) -> bool:
        """Delete the folder; whether there was one.

        Raises:
            OSError: something in it cannot be deleted.
        """
        if not os.path.isdir(self.path):
            return False
        shutil.rmtree(self.path)
        return True

    def _make(self) -> None:
        if os.path.exists(os.path.join(self.path, _TAG)):
            return
        os.makedirs(self.path, exist_ok=True)
        for name, text in ((_IGNORE, b"*\n"), (_TAG, _TAG_TEXT)):
            temporary = os.path.join(self.path, f"{name}.{os.getpid()}")
            with open(temporary, "wb") as stream:
                stream.write(text)
            os.replace(temporary, os.path.join(self.path, name))

    def _file(self, name: str) -> str:
        return os.path.join(self.path, __version__, name)


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECKSUM).digest()
