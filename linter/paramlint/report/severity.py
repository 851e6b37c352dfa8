"""How serious a finding is, in words that each format translates."""

from __future__ import annotations

from functools import cache
from typing import Literal

from paramlint.finding import Diagnostic

Severity = Literal["error", "warning", "note"]
_BY_GROUP: dict[str, Severity] = {"bug": "error", "risk": "warning", "pedantic": "note"}


@cache
def _groups() -> dict[str, str]:
    from paramlint.suite import CATALOGUE

    return {rule.code: rule.group for rule in CATALOGUE}


def severity(diagnostic: Diagnostic) -> Severity:
    """An error for a bug and for what kept a file from being checked, a warning for a risk, else a note.

    What a live model refutes is a note as well.
    """
    if diagnostic.verdict == "refuted":
        return "note"
    return _BY_GROUP[_groups().get(diagnostic.code, "bug")]
