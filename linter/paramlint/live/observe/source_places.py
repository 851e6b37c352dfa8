"""Where in the user's code something stands."""

from __future__ import annotations

import inspect

from paramlint.live.observe.writes import Write


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
