"""What one command costs, and what two commands cost side by side.

The seconds of a shared machine vary by a factor; the ratio of two runs soon after each other varies much less. So
nothing but such ratios is compared.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

#: Serial, and bytecode is kept as it is for everyone.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"RAYON_NUM_THREADS": "1"}


class RunError(Exception):
    """A command did not do its work, so what it cost says nothing."""


class Cost(NamedTuple):
    """What a command took: user and system seconds of all its processes, and bytes of memory of the largest one.

    Linux counts the memory of the process that starts another as the other's at first, so whoever measures has to stay
    small: torch and matplotlib live in processes of their own.
    """

    cpu: float
    peak: int


class Subject(NamedTuple):
    """A command, and the folder that is removed before each run, for a start without a cache."""

    command: Sequence[str]
    emptied: Path | None = None


class Ratio(NamedTuple):
    """What came out of several rounds."""

    median: float
    least: float
    most: float


def run(subject: Subject) -> Cost:
    """Run a command to its end.

    Raises:
        RunError: it did not end with 0 or, having found something, with 1. A code of 2 counts where there is output:
            paramlint gives it for a file that is no valid Python, and checks the others all the same.
    """
    if subject.emptied is not None:
        shutil.rmtree(subject.emptied, ignore_errors=True)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(subject.command, stdout=output, stderr=errors, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ((0, 1, 2) if output.tell() else (0, 1)):
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-500:]
            raise RunError(f"{subject.command[0]} ended with {process.returncode}: {said}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def interleaved(subjects: Mapping[str, Subject], rounds: int) -> dict[str, list[Cost]]:
    """Run all subjects in turn, so many rounds; the costs of each, by its name."""
    series: dict[str, list[Cost]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            series[name].append(run(subject))
    return series


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """The first of each pair divided by the second."""
    quotients = [first / second for first, second in pairs]
    return Ratio(statistics.median(quotients), min(quotients), max(quotients))
