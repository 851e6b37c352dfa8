"""Waits for a child process and watches what it uses."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import Protocol

import psutil

from paramlint.verify.process.outcome import Limits, Status

#: Seconds between two looks at the child's memory, and between two at what it has started.
LOOK, SEARCH = 0.05, 0.5


class Watched(Protocol):
    """A process, as `subprocess.Popen` shows it."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """Its exit status, once it is known to have ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; raises `subprocess.TimeoutExpired` where it has none in time."""
        ...

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it has not ended."""
        ...

    def kill(self) -> None:
        """Kill it."""
        ...


class Guard:
    """Waits for a child and watches what it uses.

    Attributes:
        peak: the most memory seen, in bytes.
        is_suspended: whether a signal had suspended the child, or what it started, when its time was over.
    """

    def __init__(self, process: Watched, limits: Limits) -> None:
        self.peak = 0
        self.is_suspended = False
        self._process = process
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._family: list[psutil.Process] = []
        self._next_search = 0.0

    def wait(self) -> Status | None:
        """Wait until the child ends, then None; or until it has to be stopped, then why."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK)
                return None
            if time.monotonic() > self._deadline:
                self.is_suspended = any(map(_is_suspended, self._family))
                return "timeout"
            self._search()
            if len(self._family) > self._limits.processes:
                return "crash"
            if self._memory() > self._limits.memory:
                return "memory"

    def _search(self) -> None:
        now = time.monotonic()
        if now < self._next_search:
            return
        self._next_search = now + SEARCH
        with contextlib.suppress(psutil.Error):
            child = psutil.Process(self._process.pid)
            self._family = [child, *child.children(recursive=True)]

    def _memory(self) -> int:
        """Bytes resident in the child and what it started; near the limit, shared pages count once."""
        used = sum(_resident(process) for process in self._family)
        if used > self._limits.memory and len(self._family) > 1:
            used = sum(_proportional(process) for process in self._family)
        self.peak = max(self.peak, used)
        return used


def _is_suspended(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.uss))
    return 0
