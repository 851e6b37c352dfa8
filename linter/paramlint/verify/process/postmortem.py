"""What became of a child process that could not answer for itself: from its exit status and what it left behind."""

from __future__ import annotations

import re
import signal
import sysconfig
from pathlib import Path

import msgspec

from paramlint.verify.process.outcome import Limits, Outcome, Stage, Status

#: A frame as the fault handler writes it, the innermost first.
FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.M)
STANDARD_LIBRARY = sysconfig.get_path("stdlib")
PACKAGE = Path(__file__).parents[2]


def failure(place: Path, code: int, stopped: Status | None, limits: Limits, peak: int) -> Outcome:
    """The outcome of a child that could not answer for itself."""
    stage = _stage(place)
    stack = _read(place / "stack")
    filename, row = _user_line(stack)
    return Outcome(
        status=stopped or "crash",
        stage=stage,
        message=_how(code, stopped, limits, peak),
        filename=filename,
        row=row,
        traceback=stack,
    )


def _how(code: int, stopped: Status | None, limits: Limits, peak: int) -> str:
    if stopped == "timeout":
        return f"not done after {limits.seconds:g} s"
    if stopped == "memory":
        return f"{_gib(peak)} resident, more than the {_gib(limits.memory)} allowed"
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


def _user_line(stack: str) -> tuple[str, int]:
    """The innermost frame that belongs neither to an installed library, nor to Python, nor to paramlint."""
    for filename, row in FRAME.findall(stack):
        if is_users(filename):
            return filename, int(row)
    return "", 0


def is_users(filename: str) -> bool:
    """Whether a file is the user's own code."""
    parts = Path(filename).parts
    library = {"site-packages", "dist-packages"} & set(parts) or filename.startswith(("<", STANDARD_LIBRARY))
    return not library and PACKAGE not in Path(filename).parents
