"""How often each rule reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paramlint.engine.run import Result
from paramlint.frontends.report.style import Style


def statistics(result: Result, style: Style) -> Iterator[str]:
    """One line a rule: how many findings, of which group, how many of them have a fix; the most frequent first."""
    found = [d for d in result.diagnostics if d.verdict != "refuted"]
    counts = Counter((d.code, d.group, d.name) for d in found)
    fixable = Counter(d.code for d in found if d.fix is not None)
    width = len(str(max(counts.values(), default=0)))
    room = max((len(d.group) for d in found), default=0)
    for (code, group, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        fixes = f", {fixable[code]} with a fix" if fixable[code] else ""
        yield f"{count:>{width}}  {style.red(code)}  {group:{room}}  {name}{fixes}"
