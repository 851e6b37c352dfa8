"""Where in the user's code something stands."""

from __future__ import annotations

import inspect
import sys

from paramlint.live.observe.writes import Write, is_users


def place_of(write: Write | None, owner: type) -> tuple[str, int]:
    """The file and row of a write; else of a class; else empty and 0."""
    if write is not None and write.filename:
        return write.filename, write.row
    try:
        return inspect.getsourcefile(owner) or "", inspect.getsourcelines(owner)[1]
    except (OSError, TypeError):
        return "", 0


def source_of(cls: type) -> str:
    """The source text of a class, empty where there is none."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def user_place() -> tuple[str, int]:
    """The file and row of the user's code that runs; empty and 0 where there is none."""
    frame = sys._getframe(1)
    while not is_users(frame.f_code.co_filename):
        if frame.f_back is None:
            return "", 0
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
