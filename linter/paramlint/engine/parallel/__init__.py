"""Where the files of a run are checked: here, in processes, on a cluster; one file is checked alike everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from paramlint.engine.file_report import FileReport
from paramlint.source.dependencies import Dependencies

if TYPE_CHECKING:
    from paramlint.rule import Rule

#: The reports in the order of the paths, and what they depend on.
Checked = tuple[list[FileReport], Dependencies]


class ClusterError(Exception):
    """The cluster cannot do this work; the message says why, and what to do."""


class Workers(Protocol):
    """Who checks the files of a run."""

    def check_all(
        self, paths: Sequence[str], rules: Sequence[Rule], *, reference: bool, step: Callable[[], None]
    ) -> Checked:
        """Check files, each with these rules.

        Args:
            paths: the files.
            rules: which rules look at them.
            reference: parse every file whole.
            step: called after each file.

        Raises:
            ClusterError: the files can be checked nowhere.
        """
        ...
