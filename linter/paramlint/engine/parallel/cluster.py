"""Checking files on a cluster: batches go there, and what comes back is what this machine would say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from paramlint.engine.cache.changes import Changes
from paramlint.engine.catalogue import catalogue
from paramlint.engine.parallel import Checked, ClusterError
from paramlint.engine.parallel.cluster_connection import Cluster
from paramlint.engine.parallel.processes import Processes, check_parallel, weight
from paramlint.rule import Rule
from paramlint.source.dependencies import Dependencies, Look

#: Seconds of work in one task, for which two processes are started.
LEAST, MOST = 2.0, 20.0


class _Pool:
    """The cluster as a pool."""

    def __init__(self, cluster: Cluster, rules: Sequence[Rule], reference: bool) -> None:
        self.size, self.least, self.most = cluster.size, LEAST, MOST
        self.result = cluster.result
        self._cluster = cluster
        self._how = [rule.code for rule in rules], reference

    def submit(self, paths: Sequence[str]) -> Future[bytes]:
        """Start a task."""
        return self._cluster.submit(check_here, list(paths), *self._how)

    def finished(self, futures: Iterable[Future[bytes]]) -> Iterator[Future[bytes]]:
        """Tasks, as they end."""
        return self._cluster.finished(futures)


@dataclass(frozen=True)
class OnCluster:
    """The workers of a cluster, which see the files where this machine does.

    Args:
        address: of its scheduler.
    """

    address: str

    def check_all(
        self, paths: Sequence[str], rules: Sequence[Rule], *, reference: bool, step: Callable[[], None]
    ) -> Checked:
        """Check files.

        Raises:
            ClusterError: the cluster cannot be used, or it sees other files than this machine.
        """
        weights = [weight(path) for path in paths]
        with Cluster(self.address) as cluster:
            reports, dependencies = check_parallel(paths, weights, _Pool(cluster, rules, reference), step)
        _require_same(paths, dependencies)
        return reports, dependencies


def _require_same(paths: Sequence[str], dependencies: Dependencies) -> None:
    """Look at everything that the workers have looked at."""
    looks = dependencies.reached(
        look for path in paths if (look := Look("text", os.path.abspath(path))) in dependencies.seen
    )
    changed = Changes(dependencies).among(looks)
    files = {look.path for look in changed if look.what != "search"}  # a search finds other files because of one
    other = sorted(files or {look.path for look in changed})
    if other:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise ClusterError(
            f"the workers of the cluster see another {os.path.relpath(other[0])}{more} than this machine: "
            "they must see the same files"
        )


def check_here(paths: Sequence[str], codes: Sequence[str], reference: bool) -> Checked:
    """Check the files of a task on a worker, in one more process, which a file may kill."""
    rules = [rule for rule in catalogue() if rule.code in codes]
    with Processes(1, rules, reference=reference) as pool:
        return check_parallel(paths, [weight(path) for path in paths], pool)
