"""Where a table goes: to a terminal of some width, or to a stream without one."""

from __future__ import annotations

import os
from typing import IO

from rich.console import Console

#: Of a stream that is no terminal.
WIDTH = 140


def terminal(stream: IO[str]) -> Console:
    """What writes to this stream: with styles to a terminal only, and with none where `NO_COLOR` says so."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if console.is_terminal and not os.environ.get("NO_COLOR"):
        return console
    width = console.width if console.is_terminal else WIDTH
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width, color_system=None)
