"""Stubs: what the classes and functions of torch, and a few of other libraries, leave behind, told in Python.

A stub is a text that the symbolic build runs as it runs the user's code; nothing of it is ever imported. Each file holds
what one dotted module exports. Its first line says against which version it was checked.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_DEFINED = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


@cache
def text(module: str) -> str | None:
    """The stub of a dotted module, `torch.nn`; None where there is none."""
    path = _FOLDER / f"{module}.stub"
    return path.read_text(encoding="utf-8") if path.is_file() else None
