"""One JSON object a line, for programs that read a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator

from paramlint.engine.run import Result
from paramlint.frontends.report.exchange.json import as_object
from paramlint.frontends.report.plain import plain_json
from paramlint.frontends.report.style import Style


def json_lines(result: Result, _: Style) -> Iterator[str]:
    """The objects of the JSON format, one a line."""
    return (plain_json(json.dumps(as_object(d), sort_keys=True)) for d in result.diagnostics)
