"""What checking one file gave, and diagnostics of the tool itself: what kept a file from being checked or written."""

from __future__ import annotations

from dataclasses import dataclass, field

from paramlint.finding import Diagnostic, Location

_ERRORS = {
    "PRM002": "syntax-error",
    "PRM003": "unreadable-file",
    "PRM004": "too-complex",
    "PRM005": "internal-error",
    "PRM006": "fix-not-written",
}


@dataclass
class FileReport:
    """What checking one file gave.

    Attributes:
        diagnostics: sorted, suppressed ones left out.
        failed: whether one of them says that the file, or part of it, could not be checked.
        suppressed: how many findings a `# noqa` silenced.
        parsed: how many characters LibCST parsed.
        cut_short: the classes and functions whose model takes more steps than it may, so that part of it is unknown.
        elsewhere: what stands in other files, by their whole paths: said there, where those are checked too.
        of_users: those diagnostics that were found while others were checked.
    """

    path: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    suppressed: list[Diagnostic] = field(default_factory=list)
    parsed: int = 0
    cut_short: tuple[str, ...] = ()
    elsewhere: list[Diagnostic] = field(default_factory=list)
    of_users: list[Diagnostic] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something kept the file from being checked whole."""
        return bool(self.problems)

    @property
    def problems(self) -> list[Diagnostic]:
        """The diagnostics that say so."""
        return [d for d in self.diagnostics if d.code in _ERRORS]

    @property
    def findings(self) -> list[Diagnostic]:
        """The other ones: what rules found."""
        return [d for d in self.diagnostics if d.code not in _ERRORS]


def problem(path: str, code: str, message: str, row: int = 1, column: int = 1) -> Diagnostic:
    """A diagnostic of the tool itself: something kept a file from being checked or written."""
    place = Location(max(row, 1), max(column, 1))
    return Diagnostic(path, place, place, code, _ERRORS[code], message, noqa_row=place.row, group="error")
