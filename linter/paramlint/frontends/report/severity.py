"""How serious a finding is, in words that each format translates."""

from __future__ import annotations

from typing import Literal

from paramlint.finding import Diagnostic

Severity = Literal["error", "warning", "note"]
_BY_GROUP: dict[str, Severity] = {"error": "error", "bug": "error", "risk": "warning", "pedantic": "note"}


def severity(diagnostic: Diagnostic) -> Severity:
    """An error for a bug and for what kept a file from being checked, a warning for a risk, else a note.

    What a live model refutes is a note as well.
    """
    return "note" if diagnostic.verdict == "refuted" else _BY_GROUP[diagnostic.group]
