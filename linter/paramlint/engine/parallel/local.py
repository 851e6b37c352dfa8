"""Checking files on this machine: in this process, on a large stack, or in several where there is much to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint.engine.parallel import Checked
from paramlint.syntax.large_stack import with_large_stack

if TYPE_CHECKING:
    from paramlint.rule import Rule

#: More files than these, and what is known of them is let go of before the results are packed.
_MANY = 1_000


@dataclass(frozen=True)
class Local:
    """This machine.

    Args:
        jobs: on how many processes at most.
    """

    jobs: int = 1

    def check_all(
        self, paths: Sequence[str], rules: Sequence[Rule], *, reference: bool, step: Callable[[], None]
    ) -> Checked:
        """Check files."""
        if self.jobs > 1 and len(paths) > 1:
            from paramlint.engine.parallel.processes import SERIAL, Processes, check_parallel, weight

            weights = [weight(path) for path in paths]
            if sum(weights) > SERIAL:
                with Processes(self.jobs, rules, reference=reference) as pool:
                    return check_parallel(paths, weights, pool, step)
        return _check_here(paths, rules, reference, step)


def _check_here(paths: Sequence[str], rules: Sequence[Rule], reference: bool, step: Callable[[], None]) -> Checked:
    from paramlint.engine.check_file import check_paths
    from paramlint.facts import Project  # libcst is loaded only when there is something to check

    project = Project()

    def reported() -> Checked:
        reports = []
        for report in check_paths(paths, rules, project, reference=reference):
            reports.append(report)
            step()
        return reports, project.dependencies

    checked = with_large_stack(reported)
    if len(paths) > _MANY:
        project.forget()  # the cache needs the room; of fewer files, the end of the process frees it sooner
    return checked
