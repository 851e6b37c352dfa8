"""Colour, where a person will see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Style:
    """Puts text in colour, or leaves it as it is."""

    color: bool = False

    @classmethod
    def of(cls, stream: IO[str], environment: Mapping[str, str] | None = None) -> Style:
        """Colour on a terminal only, unless the environment says otherwise.

        `NO_COLOR` beats `FORCE_COLOR` and `CLICOLOR_FORCE`; each counts when it is not empty, the last one when it is
        not 0 either.
        """
        environment = os.environ if environment is None else environment
        if environment.get("NO_COLOR"):
            return cls(False)
        if environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
            return cls(True)
        return cls(stream.isatty() and environment.get("TERM") != "dumb")

    def _wrap(self, codes: str, text: str) -> str:
        return f"\x1b[{codes}m{text}\x1b[0m" if self.color and text else text

    def bold(self, text: str) -> str:
        """Names of files and rules."""
        return self._wrap("1", text)

    def dim(self, text: str) -> str:
        """Line numbers and rulers."""
        return self._wrap("34", text)

    def red(self, text: str) -> str:
        """Codes, carets, removed lines."""
        return self._wrap("31", text)

    def green(self, text: str) -> str:
        """Added lines."""
        return self._wrap("32", text)
