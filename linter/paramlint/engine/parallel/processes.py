"""Checking many files at once, in a pool: here, of processes. A file that kills its process costs one diagnostic."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, TimeoutError, as_completed
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from paramlint.engine import packs
from paramlint.engine.catalogue import catalogue
from paramlint.engine.check_file import check_path
from paramlint.engine.file_report import FileReport, problem
from paramlint.engine.nominate import Nominator
from paramlint.engine.parallel import Checked, ClusterError
from paramlint.facts import Project
from paramlint.knowledge.frameworks import frameworks
from paramlint.rule import Rule
from paramlint.source.dependencies import Dependencies, Look, Seen
from paramlint.source.text import Source, UnreadableError
from paramlint.syntax.large_stack import with_large_stack

#: Bytes of code that names a framework which one process checks in a second, about: 45,000 to 90,000 on packages of
#: models, most of it building these.
SPEED = 60_000
#: Seconds of work for which other processes are not worth starting: all of them need LibCST.
SERIAL = 2.5
#: Seconds of work in one task: enough that files share what they look up, little enough that all workers end together.
TASK = 8.0
#: Seconds of computing for one file; on a busy machine they take longer by the clock.
TIME_LIMIT = 120
#: Seconds by the clock for one task, where a process cannot be stopped by what it computes, or waits for something.
PATIENCE = 3600
#: What stops a process that has computed for too long; it needs no Python to take notice.
_TIMER = getattr(signal, "ITIMER_PROF", None)
_RUNG = getattr(signal, "SIGPROF", None)
#: Code that names no framework is only parsed.
_LIGHT = 0.012


def weight(path: str) -> float:
    """How many seconds checking a file takes, about."""
    try:
        data = Source.read(path).data
    except UnreadableError:
        return 0.0
    return len(data) / SPEED * (1.0 if frameworks(data) else _LIGHT)


class Pool(Protocol):
    """Where files are checked, many at once.

    Attributes:
        size: how many tasks are worked on at once.
        least, most: seconds of work in one task, where there is enough.
    """

    size: int
    least: float
    most: float

    def submit(self, paths: Sequence[str]) -> Future[Any]:
        """Start a task."""
        ...

    def finished(self, futures: Iterable[Future[Any]]) -> Iterator[Future[Any]]:
        """Tasks, as they end."""
        ...

    def result(self, future: Future[Any]) -> Checked:
        """What a task gave.

        Raises:
            Exception: the files of the task can only be tried one by one.
        """
        ...


def check_parallel(
    paths: Sequence[str], weights: Sequence[float], pool: Pool, step: Callable[[], None] = lambda: None
) -> Checked:
    """Check files in a pool; the reports come in the order of the paths, whoever was first.

    Args:
        paths: the files.
        weights: how long each takes, in seconds.
        pool: where.
        step: called after each file.

    Raises:
        ClusterError: the pool can check nothing.
    """
    reports: dict[str, FileReport] = {}
    dependencies = Dependencies()
    tasks = _tasks(paths, weights, pool)
    while tasks:
        waiting = {pool.submit(task): task for task in tasks}
        tasks = []
        for future in pool.finished(waiting):
            task = waiting[future]
            try:
                found, looks = pool.result(future)
            except ClusterError:
                raise
            except Exception as error:
                if len(task) > 1:
                    tasks += [[path] for path in task]
                    continue
                found, looks = [_lost(task[0], error)], Dependencies()
            dependencies.add(looks)
            for report in found:
                reports[report.path] = report
                step()
    return [reports[path] for path in paths], dependencies


class Processes:
    """A pool of processes on this machine.

    Args:
        size: how many.
        rules: which rules look at the files.
        reference: parse every file whole.
    """

    least, most = 0.0, TASK

    def __init__(self, size: int, rules: Sequence[Rule], *, reference: bool = False) -> None:
        from multiprocessing import get_context

        from pebble import ProcessPool

        from paramlint.syntax import parse  # noqa: F401  # every copy will parse something, so LibCST is loaded for all

        # A copy of this process has everything imported already; but it has only one thread, and the locks of all.
        method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
        if method == "fork":
            for rule in rules:
                _ = rule.documentation  # its file is imported once for all copies
        self.size = size
        self._pool = ProcessPool(
            max_workers=size,
            initializer=_start,
            initargs=(packs.named(), [rule.code for rule in rules], reference),
            context=get_context(method),
        )

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._pool.close()  # type: ignore[no-untyped-call]
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def submit(self, paths: Sequence[str]) -> Future[Checked]:
        """Start a task."""
        return self._pool.schedule(_work, args=[paths], timeout=PATIENCE)

    def finished(self, futures: Iterable[Future[Checked]]) -> Iterator[Future[Checked]]:
        """Tasks, as they end."""
        return as_completed(futures)

    def result(self, future: Future[Checked]) -> Checked:
        """What a task gave."""
        return future.result()


def _tasks(paths: Sequence[str], weights: Sequence[float], pool: Pool) -> list[list[str]]:
    """Files that stand together, and follow names into each other; the tasks that take longest come first."""
    size = min(max(sum(weights) / pool.size / 4, pool.least), pool.most)
    tasks: list[tuple[float, list[str]]] = []
    seconds, task = 0.0, list[str]()
    for path, weight in zip(paths, weights, strict=True):
        seconds, task = seconds + weight, [*task, path]
        if seconds >= size:
            tasks.append((seconds, task))
            seconds, task = 0.0, []
    if task:
        tasks.append((seconds, task))
    tasks.sort(key=lambda timed: -timed[0])
    return [task for _, task in tasks]


def _lost(path: str, error: Exception) -> FileReport:
    """The report of a file that was not checked because its worker did not come back."""
    code = getattr(error, "exitcode", None)
    is_rung = isinstance(code, int) and _RUNG is not None and code == -_RUNG
    if is_rung or isinstance(error, TimeoutError):
        said = f"takes longer than {TIME_LIMIT if is_rung else PATIENCE} s, so it was given up"
        return FileReport(path, [problem(path, "PRM004", said)])
    how = f"exit code {code}" if isinstance(code, int) else " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(code, int) and code < 0:
        how = signal.Signals(-code).name
    return FileReport(path, [problem(path, "PRM005", f"paramlint died here ({how}); please report it")])


# In the worker


@dataclass
class _Worker:
    nominator: Nominator
    project: Project
    reference: bool
    sent: dict[Look, Seen]

    def work(self, paths: Sequence[str]) -> Checked:
        return [self._timed(path) for path in paths], self._new_dependencies()

    def _timed(self, path: str) -> FileReport:
        if _TIMER is None:
            return check_path(path, self.nominator, self.project, reference=self.reference)
        signal.setitimer(_TIMER, TIME_LIMIT)
        try:
            return check_path(path, self.nominator, self.project, reference=self.reference)
        finally:
            signal.setitimer(_TIMER, 0)

    def _new_dependencies(self) -> Dependencies:
        """What was not sent before; the project itself goes on, with all it remembers."""
        whole, new = self.project.dependencies, Dependencies()
        new.seen = {look: seen for look, seen in whole.seen.items() if self.sent.get(look, whole) is not seen}
        new.edges, new.folders = dict(whole.edges), dict(whole.folders)
        whole.edges.clear()
        self.sent.update(new.seen)
        return new


_worker: _Worker


def _start(named: Sequence[str], codes: Sequence[str], reference: bool) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the workers stops them
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    packs.use(named)
    chosen = [rule for rule in catalogue() if rule.code in codes]
    _worker = _Worker(Nominator(chosen), Project(), reference, {})


def _work(paths: Sequence[str]) -> Checked:
    return with_large_stack(lambda: _worker.work(paths))
