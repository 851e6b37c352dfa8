"""The order in which people read findings: bugs first, and what is alike and not urgent together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

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
    alike: dict[Hashable, Group] = {}
    for diagnostic in result.diagnostics:
        alike.setdefault(_likeness(diagnostic) or len(alike), []).append(diagnostic)
    names: dict[str, Names] = {}
    groups: list[Group] = []
    for group in alike.values():
        groups += _by_function(result, group, names) if len(group) > 1 else [group]
    return sorted(groups, key=lambda group: (_ORDER.index(severity(group[0])), group[0].sort_key))


def by_path(result: Result) -> list[Group]:
    """Each finding alone, by path and place."""
    return [[diagnostic] for diagnostic in result.diagnostics]


def _likeness(diagnostic: Diagnostic) -> Hashable:
    """What a finding has in common with those that may be shown with it; nothing where it stands alone."""
    if severity(diagnostic) != "warning":
        return None
    boldness = diagnostic.fix and diagnostic.fix.applicability
    return diagnostic.path, diagnostic.cell, diagnostic.code, boldness, diagnostic.verdict


def _by_function(result: Result, group: Group, names: dict[str, Names]) -> Iterable[Group]:
    """Findings of one file, those in one function together."""
    source = result.source(group[0].path)
    if source is None:
        return [[diagnostic] for diagnostic in group]
    if source.path not in names:
        names[source.path] = Names(source)
    functions: dict[Hashable, Group] = {}
    for diagnostic in group:
        functions.setdefault(names[source.path].of(source.row_of(diagnostic)) or len(functions), []).append(diagnostic)
    return functions.values()
