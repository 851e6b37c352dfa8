"""The order in which people read findings: bugs first, and what is alike and not urgent together."""

from __future__ import annotations

from collections.abc import Hashable

from paramlint.engine.filters.fingerprint import Names
from paramlint.engine.run import Result
from paramlint.finding import Diagnostic
from paramlint.frontends.report.severity import severity

_ORDER = ("error", "warning", "note")
Group = list[Diagnostic]


def by_severity(result: Result) -> list[Group]:
    """Errors, warnings, then notes, each by path.

    The warnings of one rule in one function, which one kind of fix mends, are one group; all else stands alone.
    """
    names: dict[str, Names] = {}
    groups: dict[Hashable, Group] = {}
    for diagnostic in result.diagnostics:
        groups.setdefault(_likeness(result, diagnostic, names) or len(groups), []).append(diagnostic)
    return sorted(groups.values(), key=lambda group: (_ORDER.index(severity(group[0])), group[0].sort_key))


def by_path(result: Result) -> list[Group]:
    """Each finding alone, by path and place."""
    return [[diagnostic] for diagnostic in result.diagnostics]


def _likeness(result: Result, diagnostic: Diagnostic, names: dict[str, Names]) -> Hashable:
    """What a finding has in common with those that are shown with it; nothing where it stands alone."""
    source = result.source(diagnostic.path)
    if severity(diagnostic) != "warning" or source is None:
        return None
    if diagnostic.path not in names:
        names[diagnostic.path] = Names(source)
    function = names[diagnostic.path].of(source.row_of(diagnostic))
    if not function:
        return None
    boldness = diagnostic.fix and diagnostic.fix.applicability
    return diagnostic.path, diagnostic.cell, diagnostic.code, function, boldness, diagnostic.verdict
