"""How callers name things: rules, and classes and functions of the running program, for another process or none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def selectors(given: Iterable[str]) -> tuple[str, ...]:
    """Names of rules: several, or one text with commas as on the command line."""
    return tuple(given.split(",")) if isinstance(given, str) else tuple(given)


def target_text(factory: object) -> str:
    """A class or function as `path/to/file.py:Class`.

    Raises:
        ValueError: it has no name in a file; the message says what can be done.
    """
    name, module = getattr(factory, "__qualname__", None), getattr(factory, "__module__", None)
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError(f"{factory!r} is no class or function: give one, or a text such as `net.py:Net`")
    path = getattr(sys.modules.get(module), "__file__", None)
    if "<" in name or path is None or not path.endswith(".py"):
        raise ValueError(f"`{name}` has no name in a file that others could read: move it to the top of a module")
    return f"{os.path.relpath(path) if _is_here(path) else path}:{name}"


def _is_here(path: str) -> bool:
    return os.path.abspath(path).startswith(os.path.join(os.getcwd(), ""))
