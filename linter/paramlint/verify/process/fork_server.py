"""Many pieces of work on the user's code, each in a fork of one child process that has imported it."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Any

from paramlint.verify.process import isolate
from paramlint.verify.process.forking import NUMBER
from paramlint.verify.process.outcome import Answer, Limits
from paramlint.verify.process.watchdog import LOOK

#: Seconds in which a server says that a fork that was killed has ended.
GRACE = 10.0

Work = tuple[str, Any, Limits]


class Server:
    """Does work as `isolate.run` does, in forks where there can be any; to be used in a `with` statement.

    Args:
        work, payload, limits: what it does first, for which it imports what all other work needs.
    """

    def __init__(self, work: str, payload: Any, limits: Limits) -> None:
        self._first: Work = (work, payload, limits)
        self._running: _Running | None = None
        self._can_fork = hasattr(os, "fork") and not limits.cuda  # no fork may use a GPU that was used before it

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.end()

    def start(self) -> Answer:
        """Do the first work."""
        work, payload, limits = self._first
        if not self._can_fork:
            return isolate.run(work, payload, limits)
        started = time.monotonic()
        with isolate.requested(work, payload) as place:
            self._running = _Running(place, limits.cuda)
            answer = isolate.attended(
                self._running, place, limits, self._running.output, self._running.end_unless_ready, started
            )
        self._can_fork = self._running.is_ready
        if not self._can_fork:
            self._running = None
        return answer

    def run(self, work: str, payload: Any, limits: Limits) -> Answer:
        """Do work in a fork, or in a child of its own; a server that somebody's code has ended is started anew."""
        if self._running is None and self._can_fork:
            self.start()
        if self._running is not None and not limits.cuda:
            try:
                return self._running.do(work, payload, limits)
            except EOFError:
                self._running.end()
                self._running = None
        return isolate.run(work, payload, limits)


class _Running:
    """A server that was started, and the process in which its first work is done: see `Watched`.

    Attributes:
        output: what the first work prints.
        is_ready: whether that is done and forks can be made.
    """

    def __init__(self, place: Path, cuda: bool) -> None:
        self._mark = secrets.token_hex(8)
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = isolate.start_child(place, self._mark, cuda, channel=theirs.fileno())
        assert self._process.stdout is not None
        self.output: IO[bytes] = self._process.stdout
        self.pid = self._process.pid
        self.is_ready = False

    @property
    def returncode(self) -> int | None:
        """Of the process, once it has ended."""
        return self._process.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until the first work is done."""
        try:
            self.receive(timeout)
        except EOFError:  # the process ends, or its channel is closed
            return self._process.wait(timeout)
        self.is_ready = True
        return 0

    def send_signal(self, sig: int) -> None:
        """To the process."""
        self._process.send_signal(sig)

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()

    def end(self) -> None:
        """End it, with all that was started in it."""
        isolate.end(self._process, self._mark)
        self._channel.close()

    def end_unless_ready(self) -> None:
        """End it if it cannot fork."""
        if not self.is_ready:
            self.end()

    def do(self, work: str, payload: Any, limits: Limits) -> Answer:
        """Do work in a fork.

        Raises:
            EOFError: there is no server any more to fork.
        """
        started = time.monotonic()
        with isolate.requested(work, payload) as place:
            process, output = self._fork(place)
            return isolate.attended(
                process, place, limits, output, lambda: isolate.end(process, self._mark, spared=self.pid), started
            )

    def _fork(self, place: Path) -> tuple[_Fork, IO[bytes]]:
        """A process that does what the request in a folder asks, and what it prints."""
        reader, writer = os.pipe()
        output = os.fdopen(reader, "rb", buffering=0)
        try:
            socket.send_fds(self._channel, [os.fsencode(place)], [writer])
            return _Fork(self, self.receive()), output
        except (OSError, EOFError):
            output.close()
            raise EOFError from None
        finally:
            os.close(writer)

    def receive(self, timeout: float | None = None) -> int:
        """The next number from the server.

        Raises:
            EOFError: there will be none.
            subprocess.TimeoutExpired: there was none in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not select.select([self._channel], [], [], LOOK)[0]:
            if self._process.poll() is not None:  # a process that it left may hold the channel open
                raise EOFError
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("", timeout or 0)
        try:
            data = self._channel.recv(NUMBER.size, socket.MSG_WAITALL)
        except OSError:
            data = b""
        if len(data) < NUMBER.size:
            raise EOFError
        return int(NUMBER.unpack(data)[0])


class _Fork:
    """A process that a server forked: see `Watched`."""

    def __init__(self, server: _Running, pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended, which it does with its server; without a limit it is only waited for when killed."""
        if self.returncode is None:
            try:
                self.returncode = self._server.receive(timeout or GRACE)
            except EOFError:
                self.returncode = -signal.SIGKILL
            except subprocess.TimeoutExpired:
                if timeout is not None:
                    raise
                self._server.kill()  # somebody's code has stopped it
                self.returncode = -signal.SIGKILL
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)
