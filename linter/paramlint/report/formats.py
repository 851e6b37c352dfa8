"""The one list of output formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from paramlint.report.concise import concise
from paramlint.report.full import full
from paramlint.report.json import json
from paramlint.report.style import Style
from paramlint.runner import Result

#: From the findings of a run to lines of text.
Format = Callable[[Result, Style], Iterator[str]]
FORMATS: dict[str, Format] = {"full": full, "concise": concise, "json": json}
