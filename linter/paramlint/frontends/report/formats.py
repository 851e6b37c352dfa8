"""The one list of output formats; each is in the module of its name, which is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramlint.engine.run import Result
    from paramlint.frontends.report.style import Style

#: From the findings of a run to lines of text.
Format = Callable[["Result", "Style"], Iterator[str]]
FORMATS = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")
FOR_PEOPLE = ("full", "concise")


def load(name: str) -> Format:
    """The format of a name."""
    room = "findings" if name in FOR_PEOPLE else "exchange"
    name = name.replace("-", "_")
    found: Format = getattr(import_module(f"paramlint.frontends.report.{room}.{name}"), name)
    return found
