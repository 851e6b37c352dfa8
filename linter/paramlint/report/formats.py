"""The one list of output formats; each is in the module of its name, which is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from paramlint.report.style import Style
from paramlint.runner import Result

#: From the findings of a run to lines of text.
Format = Callable[[Result, Style], Iterator[str]]
FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")


def load(name: str) -> Format:
    """The format of a name."""
    name = name.replace("-", "_")
    found: Format = getattr(import_module(f"paramlint.report.{name}"), name)
    return found
