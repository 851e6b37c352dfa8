"""Whether somebody has piped something in: a user who forgot `-` must not be told about a folder instead."""

from __future__ import annotations

from typing import TextIO


def holds_input(stream: TextIO | None) -> bool:
    """Whether a stream that is no terminal has bytes to read right now; it takes none, and never waits.

    What an idle pipe may hold later does not count: pipelines of CI systems keep one open that nobody writes to.
    """
    try:
        import array
        import fcntl
        import termios

        waiting = array.array("i", [0])
        if stream is None or stream.isatty():
            return False
        fcntl.ioctl(stream.fileno(), termios.FIONREAD, waiting)
    except (ImportError, OSError, ValueError):  # on Windows; no descriptor; a device that cannot say
        return False
    return waiting[0] > 0
