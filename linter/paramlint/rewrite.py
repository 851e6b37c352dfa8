"""Writing files: each is the old one or the new one, never neither, and a fixed one stays the same file."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass

from paramlint.source import Source


@dataclass(frozen=True)
class Rewrite:
    """A file and what fixes make of it."""

    before: Source
    after: Source
    #: How many fixes were applied.
    fixes: int


def write(rewrite: Rewrite) -> None:
    """Put the fixed text in the place of the old one.

    A temporary file beside the target is moved over it, with its mode and attributes. Where that would make another
    file of it (it has other hard links, or another owner) its content is replaced in place, and put back if that
    fails. A symbolic link stays one.

    Raises:
        OSError: nothing was changed; the message says why.
    """
    target = os.path.realpath(rewrite.before.path)
    with open(target, "rb") as stream:
        if stream.read() != rewrite.before.data:
            raise OSError("it changed while it was being checked")
    if not os.access(target, os.W_OK):
        raise PermissionError("it is read-only")
    status = os.stat(target)
    in_place = status.st_nlink > 1 or (hasattr(os, "geteuid") and status.st_uid != os.geteuid())
    descriptor, temporary = tempfile.mkstemp(prefix=".paramlint-", dir=os.path.dirname(target))
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(rewrite.after.data)
            stream.flush()
            os.fsync(stream.fileno())
        if in_place:  # the complete new content is on the disk by now
            _overwrite(target, rewrite)
        else:
            shutil.copystat(target, temporary)
            os.utime(temporary)
            os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def put(path: str, data: bytes) -> None:
    """Write a file whole, be it new or in the place of another, whose mode it then keeps.

    Raises:
        OSError: nothing was changed.
    """
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".paramlint-{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


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
