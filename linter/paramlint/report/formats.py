"""The one list of output formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from paramlint.report.concise import concise
from paramlint.report.full import full
from paramlint.report.github import github
from paramlint.report.gitlab import gitlab
from paramlint.report.json import json
from paramlint.report.json_lines import json_lines
from paramlint.report.junit import junit
from paramlint.report.sarif import sarif
from paramlint.report.style import Style
from paramlint.runner import Result

#: From the findings of a run to lines of text.
Format = Callable[[Result, Style], Iterator[str]]
FORMATS: dict[str, Format] = {
    "full": full,
    "concise": concise,
    "json": json,
    "json-lines": json_lines,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "junit": junit,
}
