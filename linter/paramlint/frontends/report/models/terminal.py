"""Where a table goes: to a terminal of some width, or to a stream without one."""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console

from paramlint.frontends.report.style import Style

#: Of a stream that is no terminal.
WIDTH = 140
#: Text as it is, and to the stream, also in a notebook.
PLAIN: dict[str, Any] = {"force_jupyter": False, "highlight": False, "markup": False, "emoji": False}


def terminal(stream: IO[str]) -> Console:
    """What writes to this stream, with styles where findings are in colour, too."""
    if Style.of(stream).color:
        return Console(file=stream, force_terminal=True, **PLAIN)
    console = Console(file=stream, **PLAIN)
    width = console.width if console.is_terminal else WIDTH
    return Console(file=stream, width=width, color_system=None, **PLAIN)
