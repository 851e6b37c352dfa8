"""Results of files that are judged by themselves, as inside flake8: a small file each, since many processes write."""

from __future__ import annotations

import os
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL too
from collections.abc import Sequence

import msgspec

from paramlint.engine.cache.folder import CacheFolder
from paramlint.engine.cache.version import engine
from paramlint.finding import Diagnostic


class _Stored(msgspec.Struct, array_like=True):
    key: bytes
    found: list[Diagnostic]


class SingleResults:
    """What is known of files that are judged by themselves.

    Args:
        folder: where it is kept.
        choice: all that was said about which rules run.
    """

    def __init__(self, folder: CacheFolder, choice: object) -> None:
        self._folder = folder
        self._choice = repr(choice)
        self._engine = engine()

    def get(self, path: str, data: bytes) -> list[Diagnostic] | None:
        """What was found in a text at a path; `None` where that is not known."""
        kept = self._folder.read(self._name(path))
        if kept is None:
            return None
        try:
            stored = msgspec.msgpack.decode(kept, type=_Stored)
        except msgspec.DecodeError:
            return None
        return stored.found if stored.key == self._key(path, data) else None

    def add(self, path: str, data: bytes, found: Sequence[Diagnostic]) -> None:
        """Keep what was found, in place of what is known of another text at this path."""
        try:
            packed = msgspec.msgpack.encode(_Stored(self._key(path, data), list(found)))
        except UnicodeEncodeError:
            return  # the path is no valid text
        self._folder.write(self._name(path), packed)

    def _name(self, path: str) -> str:
        return os.path.join("single", _digest(self._choice, os.path.abspath(path)).hex())

    def _key(self, path: str, data: bytes) -> bytes:
        return _digest(self._engine, str(_depth(path)), path, data=data)


def _depth(path: str) -> int:
    """In how many packages, one in another, a file is: all that counts beside its text and its path."""
    folder, depth = os.path.dirname(os.path.abspath(path)), 0
    while os.path.exists(os.path.join(folder, "__init__.py")) and folder != os.path.dirname(folder):
        folder, depth = os.path.dirname(folder), depth + 1
    return depth


def _digest(*texts: str, data: bytes = b"") -> bytes:
    said = b"\0".join(text.encode("utf-8", "surrogateescape") for text in texts)
    return blake2b(said + b"\0" + data, digest_size=16).digest()
