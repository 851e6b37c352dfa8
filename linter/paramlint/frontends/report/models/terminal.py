"""Where a table goes: to a terminal of some width, or to a stream without one."""

from __future__ import annotations

import os
from typing import IO, Any

from rich.console import Console

#: Of a stream that is no terminal.
WIDTH = 140
#: Text as it is, and to the stream, also in a notebook.
PLAIN: dict[str, Any] = {"force_jupyter": False, "highlight": False, "markup": False, "emoji": False}


def terminal(stream: IO[str]) -> Console:
    """What writes to this stream: with styles to a terminal only, and with none where `NO_COLOR` says so."""
    console = Console(file=stream, **PLAIN)
    if console.is_terminal and not os.environ.get("NO_COLOR"):
        return console
    width = console.width if console.is_terminal else WIDTH
    return Console(file=stream, width=width, color_system=None, **PLAIN)
