"""How far a long run has come, for a person at a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

#: Seconds before anything is shown, and between two changes of what is shown.
WAIT, PAUSE = 2.0, 0.1


class Progress:
    """One line on a terminal that is gone when the run is over.

    Args:
        total: how many steps there are.
        stream: where to show them; nothing is shown where it is no terminal.
    """

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total = total
        self._stream = stream
        self._next = time.monotonic() + WAIT if stream.isatty() else float("inf")
        self._done = 0
        self._shown = False

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if now >= self._next:
            self._stream.write(f"\r\x1b[Kchecked {self._done} of {self._total} files")
            self._stream.flush()
            self._next = now + PAUSE
            self._shown = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
