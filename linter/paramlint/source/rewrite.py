"""Writing files: each is the old one or the new one, never neither, and a fixed one stays the same file."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from paramlint.source.links import leads_out
from paramlint.source.text import Source


@dataclass(frozen=True)
class Rewrite:
    """A file and what fixes make of it."""

    before: Source
    after: Source
    #: The codes of the findings that the change is for, one each.
    codes: tuple[str, ...]

    @property
    def fixes(self) -> int:
        """How many that are."""
        return len(self.codes)


def write(rewrite: Rewrite) -> None:
    """Put the fixed text in the place of the old one.

    A temporary file beside the target is moved over it, with its mode and attributes. Where that would make another
    file of it (it has other hard links, or another owner or group) its content is replaced in place, and put back if
    that fails. A symbolic link stays one. A file that was fixed under another of its names is as it should be.

    Raises:
        OSError: nothing was changed; the message says why.
    """
    target = os.path.realpath(rewrite.before.path)
    if _content(target) == rewrite.after.data:
        return
    _require_unchanged(target, rewrite)
    if not os.access(target, os.W_OK):
        raise PermissionError("it is read-only")
    with _beside(target) as temporary:
        _create(temporary, rewrite.after.data)
        _require_unchanged(target, rewrite)  # the disk may have taken its time
        if _must_stay(target, temporary):  # the complete new content is on the disk by now
            _overwrite(target, rewrite)
        else:
            shutil.copystat(target, temporary)
            os.utime(temporary)
            os.replace(temporary, target)


def _must_stay(target: str, temporary: str) -> bool:
    """Whether a file that takes the place of another would not be the same file to others."""
    old, new = os.stat(target), os.stat(temporary)
    return old.st_nlink > 1 or (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid)


def _require_unchanged(target: str, rewrite: Rewrite) -> None:
    if _content(target) != rewrite.before.data:
        raise OSError("it changed while it was being checked")


def _content(target: str) -> bytes:
    if not stat.S_ISREG(os.stat(target).st_mode):  # a pipe would never end
        raise OSError("it is no regular file any more")
    with open(target, "rb") as stream:
        return stream.read()


def put(path: str, data: bytes) -> None:
    """Write a file whole, be it new or in the place of another, whose mode it then keeps.

    Raises:
        OSError: nothing was changed; also where the path leads out of where it seems to be, or to what is no regular
            file: a device or pipe that is replaced is gone for everybody.
    """
    if leads_out(path):
        raise OSError(errno.ELOOP, "it is a link that leads elsewhere; name what it leads to", path)
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    with _beside(target) as temporary:
        _create(temporary, data, 0o666)
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)


@contextmanager
def _beside(target: str) -> Iterator[str]:
    """A name for a temporary file, gone afterwards; the name is first, since a signal may come while it is made."""
    temporary = os.path.join(os.path.dirname(target), f".paramlint-{os.urandom(8).hex()}")
    try:
        yield temporary
    finally:
        with suppress(FileNotFoundError):  # it has been moved, or never was
            os.unlink(temporary)


def _create(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a new file, and wait until it is on the disk."""
    with open(path, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _overwrite(target: str, rewrite: Rewrite) -> None:
    with open(target, "r+b", buffering=0) as stream:
        try:
            _fill(stream.fileno(), rewrite.after.data)
        except BaseException:
            _fill(stream.fileno(), rewrite.before.data)
            raise


def _fill(descriptor: int, data: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)
