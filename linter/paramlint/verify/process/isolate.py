"""Work on the user's code, in a child process that may do anything.

The child has its own session, a time limit, a memory limit on what is really resident (torch reserves far
more address space than it uses, so `RLIMIT_AS` would stop good models), no network, no GPU unless asked, no
input. What it prints is kept, up to a limit. It answers through a file, because the user's code may close
or fill every stream. Afterwards nothing that it started is left. This is no sandbox: the user's code runs
with the user's rights.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import psutil

from paramlint.verify.process.outcome import Answer, Limits
from paramlint.verify.process.postmortem import failure
from paramlint.verify.process.watchdog import LOOK, Guard, Watched

#: In the environment of the child and of all that it starts, wherever they go; the value differs for each
#: child.
MARK = "PARAMLINT_CHILD"
#: The signal on which the child notes where it is; its own thread does so, while another one that reads the stack of
#: running code (`faulthandler.dump_traceback_later`) may crash the process. Windows has none.
WHERE: int | None = getattr(signal, "SIGUSR2", None)
#: How often it is looked whether a child that was asked is done.
LOOKS = 20
#: The child's first lines. The working directory leaves the path until the user's code is imported, so that
#: no file of the user's stands in for a library that paramlint itself needs.
START = """
import sys
sys.path[:] = [entry for entry in sys.path if entry]
from paramlint.verify.process.child import main
main(*sys.argv[1:])
"""
#: Libraries that would ask the network say what is missing instead.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "WANDB_MODE": "disabled",
    "MPLBACKEND": "agg",
    "PYTHONUNBUFFERED": "1",
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a child has to do.

    Attributes:
        work: `module:function`, called with `payload` and with a function that is told each stage on
            entering it; what it returns is the result.
        payload: JSON, as the function understands it.
    """

    work: str
    payload: msgspec.Raw


def run(work: str, payload: Any, limits: Limits) -> Answer:
    """Do work in a child process and wait for it.

    Args:
        work: `module:function` of paramlint, see `Request`.
        payload: what the function is given; any value that msgspec can write.
        limits: of the child.

    Returns:
        The answer, whatever happened. Only `KeyboardInterrupt` and failures of this process itself are
        raised, and the child is gone then too.
    """
    mark = secrets.token_hex(8)
    with requested(work, payload) as place:
        started = time.monotonic()
        process = start_child(place, mark, limits.cuda)
        assert process.stdout is not None
        return attended(process, place, limits, process.stdout, lambda: end(process, mark), started)


@contextlib.contextmanager
def requested(work: str, payload: Any) -> Iterator[Path]:
    """A folder with a request, for the child to answer in."""
    with tempfile.TemporaryDirectory(prefix="paramlint-") as name:
        place = Path(name)
        content = msgspec.Raw(msgspec.json.encode(payload))
        (place / "request").write_bytes(msgspec.json.encode(Request(work=work, payload=content)))
        yield place


def start_child(place: Path, mark: str, cuda: bool, *, channel: int | None = None) -> subprocess.Popen[bytes]:
    """Start a child on the request in a folder; with a channel it stays, see `paramlint.verify.process.forking`."""
    channels = () if channel is None else (channel,)
    return subprocess.Popen(
        [sys.executable, "-c", START, str(place), *map(str, channels)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(mark, cuda),
        start_new_session=True,
        pass_fds=channels,
    )


def attended(
    process: Watched, place: Path, limits: Limits, output: IO[bytes], finish: Callable[[], None], started: float
) -> Answer:
    """Wait for a child that works on the request in a folder, and read what it says.

    Args:
        output: what it prints.
        finish: called when it is done or has to be stopped, whatever else happens.
        started: when it was, on the monotonic clock.
    """
    printed = _Tail(output, limits.output)
    guard = Guard(process, limits)
    try:
        stopped = guard.wait()
        if stopped == "timeout":
            _ask_where(process, place / "stack")
    finally:
        finish()
    answer = _answer(place) if stopped is None else None
    if answer is None:
        answer = Answer(outcome=failure(place, process.returncode or 0, stopped, limits, guard))
    outcome = msgspec.structs.replace(
        answer.outcome,
        output=printed.text(),
        seconds=round(time.monotonic() - started, 3),
        peak_memory=guard.peak,
    )
    return msgspec.structs.replace(answer, outcome=outcome)


def _environment(mark: str, cuda: bool) -> dict[str, str]:
    hidden = {} if cuda else {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
    return os.environ | OFFLINE | hidden | {MARK: mark}


class _Tail:
    """Reads a stream to its end in a thread, so that the writer never waits, and keeps the last bytes."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._size = size
        self._kept = bytearray()
        self._dropped = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """What was printed; waits for the end of the stream a moment, and no longer."""
        self._thread.join(1.0)
        text = self._kept.decode(errors="replace")
        return f"[{self._dropped:,} bytes before this were dropped]\n{text}" if self._dropped else text

    def _read(self) -> None:
        while chunk := os.read(self._stream.fileno(), 1 << 16):
            self._kept += chunk
            excess = len(self._kept) - self._size
            if excess > 0:
                del self._kept[:excess]
                self._dropped += excess
        self._stream.close()


def _ask_where(process: Watched, stack: Path) -> None:
    """Have a child that is stopped anyway note where it is; what becomes of it meanwhile does not count any more."""
    if WHERE is None:
        return
    process.send_signal(WHERE)
    size = 0
    with contextlib.suppress(OSError):  # it may have removed the file
        for _ in range(LOOKS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
                return
            before, size = size, stack.stat().st_size
            if size == before > 0:
                return


def end(process: Watched, mark: str, *, spared: int = 0) -> None:
    """Kill a child, its session, and what has left the session; one that forks meanwhile is found again.

    Args:
        mark: of the child and of all that it started.
        spared: a process with the mark that stays.
    """
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for _ in range(10):
        left = [other for other in _marked(mark) if other.pid != spared]
        for other in left:
            with contextlib.suppress(psutil.Error):
                other.kill()
        if not left:
            return
        psutil.wait_procs(left, timeout=0.5)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _answer(place: Path) -> Answer | None:
    try:
        return msgspec.json.decode((place / "answer").read_bytes(), type=Answer)
    except (OSError, msgspec.MsgspecError):
        return None
