"""Reading files that a stranger may have put there: only regular ones, and only of a size that they may have."""

from __future__ import annotations

import errno
import os
import stat

MIB = 2**20
#: Of files that people write by hand: configuration, `.gitignore`.
BY_HAND = 16 * MIB
#: Of files that programs write, and of code.
BY_PROGRAM = 256 * MIB


def require_regular(path: str, limit: int) -> None:
    """Look at a file that something else is about to read.

    Raises:
        OSError: it cannot be found, is no regular file, or holds more bytes than the limit.
    """
    _require(os.stat(path), path, limit)


def read_regular(path: str, limit: int) -> bytes:
    """What a file holds.

    Raises:
        OSError: it cannot be read, is no regular file (a pipe would never end, and opening a device may do something),
            or holds more bytes than the limit.
    """
    require_regular(path, limit)
    # It may have become something else since: opening that must not wait.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with open(path, "rb", opener=lambda path, _: os.open(path, flags)) as stream:
        _require(os.fstat(stream.fileno()), path, limit)
        data = stream.read(limit + 1)  # files of the system hold more than they say
    if len(data) > limit:
        raise _too_large(len(data), path, limit)
    return data


def _require(status: os.stat_result, path: str, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    if status.st_size > limit:
        raise _too_large(status.st_size, path, limit)


def _too_large(size: int, path: str, limit: int) -> OSError:
    return OSError(errno.EFBIG, f"it is too large: {size:,} bytes or more, and {limit:,} are the most", path)
