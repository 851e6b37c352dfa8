"""What became of a child process that could not answer for itself: from its exit status and what it left behind."""

from __future__ import annotations

import re
import signal
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import msgspec

from paramlint.verify.process.outcome import Limits, Outcome, Stage, Status
from paramlint.verify.process.watchdog import Guard

#: A frame as the fault handler writes it, the innermost first.
FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.*)$', re.M)
#: What a script lacks that works as soon as it is imported.
GUARD = 'which runs on import; keep it under `if __name__ == "__main__":`'
STANDARD_LIBRARY = sysconfig.get_path("stdlib")
PACKAGE = Path(__file__).parents[2]


def failure(place: Path, code: int, stopped: Status | None, limits: Limits, guard: Guard) -> Outcome:
    """The outcome of a child that could not answer for itself."""
    stage = _stage(place)
    stack = _read(place / "stack")
    frames = [(filename, int(row), name) for filename, row, name in FRAME.findall(stack)]
    users = [(filename, row) for filename, row, _ in frames if is_users(filename)]
    filename, row = users[0] if users else ("", 0)
    message = _how(code, stopped, limits, guard)
    if stage == "import" and stopped is not None and (unguarded := top_level(frames)):
        filename, row = unguarded
        message = f"{message} in row {row}, {GUARD}"
    return Outcome(
        status=stopped or "crash",
        stage=stage,
        message=message,
        filename=filename,
        row=row,
        traceback=stack,
    )


def _how(code: int, stopped: Status | None, limits: Limits, guard: Guard) -> str:
    if stopped == "timeout" and guard.is_suspended:
        return f"not done after {limits.seconds:g} s: a signal has suspended the process"
    if stopped == "timeout":
        return f"not done after {limits.seconds:g} s"
    if stopped == "memory":
        return f"{_gib(guard.peak)} resident, more than the {_gib(limits.memory)} allowed"
    if stopped == "crash":
        return f"more than {limits.processes} processes at once"
    if code == -signal.SIGKILL:
        return "killed by SIGKILL, as systems do when memory runs out"
    if code < 0:
        return f"killed by {_signal(-code)}"
    return f"the process ended with status {code} and no answer"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals but the first and last have no name
        return f"signal {number}"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _stage(place: Path) -> Stage:
    text = _read(place / "stage")
    return msgspec.convert(text, Stage) if text in ("import", "construct", "analyze") else "start"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def top_level(frames: Iterable[tuple[str, int, str]]) -> tuple[str, int] | None:
    """The line of the user's code that a module runs when it is imported, of frames that begin with the innermost.

    What imports another module is not meant: it has to stand there.
    """
    called = ""
    for filename, row, name in frames:
        if name == "<module>" and is_users(filename):
            return None if called.startswith("<frozen importlib") else (filename, row)
        called = filename
    return None


def is_users(filename: str) -> bool:
    """Whether a file is the user's own code, and neither an installed library's, nor Python's, nor ours."""
    parts = Path(filename).parts
    library = {"site-packages", "dist-packages"} & set(parts) or filename.startswith(("<", STANDARD_LIBRARY))
    return not library and PACKAGE not in Path(filename).parents
