"""How serious a finding is, in words that each format translates."""

from __future__ import annotations

from functools import cache
from typing import Literal

from paramlint.finding import Diagnostic
from paramlint.rule import Rule

Severity = Literal["error", "warning", "note"]
_BY_GROUP: dict[str, Severity] = {"bug": "error", "risk": "warning", "pedantic": "note"}


@cache
def _groups(rules: tuple[Rule, ...]) -> dict[str, str]:
    return {rule.code: rule.group for rule in rules}


def severity(diagnostic: Diagnostic) -> Severity:
    """An error for a bug and for what kept a file from being checked, a warning for a risk, else a note.

    What a live model refutes is a note as well.
    """
    from paramlint.engine.catalogue import catalogue

    if diagnostic.verdict == "refuted":
        return "note"
    return _BY_GROUP[_groups(catalogue()).get(diagnostic.code, "bug")]
