"""A place in the user's code, as it is shown."""

from __future__ import annotations

import linecache
from pathlib import Path


def short(filename: str) -> str:
    """A path from the working directory on, where it lies inside."""
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return filename


def line(filename: str, row: int) -> str:
    """The row of a file, empty where there is none."""
    try:
        return linecache.getline(filename, row).rstrip()
    except ValueError:  # no name that a file could have
        return ""
