"""The folder of the cache: where it is, its files, and how it goes away. No failure here stops a run."""

from __future__ import annotations

import contextlib
import os
import stat
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too

from paramlint import __version__
from paramlint.source.links import is_below
from paramlint.source.regular_file import BY_PROGRAM, MIB, read_regular

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
        if os.path.islink(self.path):
            raise CacheFolderError(f"{path}: is a link, and what it leads to may be somebody else's; name a folder")
        if os.path.lexists(self.path) and not self._is_ours():
            raise CacheFolderError(f"{path}: is no cache of paramlint and not empty; name a new or empty folder")

    @classmethod
    def near(cls, path: str) -> CacheFolder | None:
        """The nearest one above a file, else one in the current folder; `None` where that cannot be used.

        One in a folder where everybody may write, as `/tmp`, is nobody's in particular and is not taken.
        """
        folder = os.path.abspath(path)
        while folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
            if os.path.isdir(os.path.join(folder, NAME)) and not _is_for_everybody(folder):
                break
        else:
            folder = os.curdir
        try:
            return cls(os.path.join(folder, NAME))
        except CacheFolderError:
            return None

    def _is_ours(self) -> bool:
        try:
            return read_regular(os.path.join(self.path, _TAG), MIB) == _TAG_TEXT
        except FileNotFoundError:  # empty, or being made this moment
            return os.path.isdir(self.path) and all(n.startswith((_TAG, _IGNORE)) for n in os.listdir(self.path))
        except OSError:
            return False

    def read(self, name: str) -> bytes | None:
        """What was written under a name, `None` where there is nothing or not the same any more."""
        try:
            data = read_regular(self._file(name), BY_PROGRAM)
        except OSError:
            return None
        return data[_CHECKSUM:] if data[:_CHECKSUM] == _checksum(data[_CHECKSUM:]) else None

    def write(self, name: str, data: bytes) -> None:
        """Keep something under a name, in one step: others read what was there before, or this."""
        path = self._file(name)
        try:
            self._make()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if is_below(os.path.dirname(path), self.path):  # no folder in it is a link that leads out
                _replace(path, _checksum(data) + data)
        except OSError:
            return  # nothing is kept, and all is checked again next time

    def clean(self) -> bool:
        """Delete the folder; whether there was one.

        Raises:
            OSError: something in it cannot be deleted.
        """
        if not os.path.isdir(self.path):
            return False
        import shutil

        shutil.rmtree(self.path)
        return True

    def _make(self) -> None:
        if os.path.exists(os.path.join(self.path, _TAG)):
            return
        os.makedirs(self.path, exist_ok=True)
        if os.path.islink(self.path):  # it was none when we began
            raise OSError("the folder is a link")
        for name, text in ((_IGNORE, b"*\n"), (_TAG, _TAG_TEXT)):
            _replace(os.path.join(self.path, name), text)

    def _file(self, name: str) -> str:
        return os.path.join(self.path, __version__, name)


def _replace(path: str, data: bytes) -> None:
    """Put a new file in the place of an old one; the name of the new one cannot be a link that waits for us."""
    temporary = f"{path}.{os.urandom(8).hex()}"
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _is_for_everybody(folder: str) -> bool:
    return os.name == "posix" and bool(os.stat(folder).st_mode & stat.S_IWOTH)  # elsewhere the bits say nothing


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECKSUM).digest()
