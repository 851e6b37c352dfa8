"""One target, one child process: the document, and what the static findings are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from paramlint.engine import packs
from paramlint.verify.document.observed import Observed
from paramlint.verify.document.schema import Attempt, Document, Summary
from paramlint.verify.job import Job, Plan
from paramlint.verify.process.outcome import Answer, Limits
from paramlint.verify.process.targets import Target

if TYPE_CHECKING:
    from paramlint.verify.process.fork_server import Server

#: Does work in a child process: `paramlint.verify.process.isolate.run`, or a server's.
Start = Callable[[str, Any, Limits], Answer]


def attempt(target: Target, plan: Plan, limits: Limits, start: Start | None = None) -> Attempt:
    """Build and ask one target in a child process.

    Args:
        start: how; in a process of its own by default.

    Raises:
        click.UsageError: what it needs is not installed.
    """
    job = Job(target=target, packs=packs.named(), **msgspec.structs.asdict(plan))
    answer = (start or start_alone)("paramlint.verify.work:verify", job, limits)
    summary = msgspec.json.decode(answer.result, type=Summary | None)
    document = Document.of(target.text, answer.outcome, summary)
    return Attempt(document, summary.observed if summary else Observed())


def start_alone(work: str, payload: Any, limits: Limits) -> Answer:
    """Do work in a child process of its own.

    Raises:
        click.UsageError: what it needs is not installed.
    """
    with _installed():
        from paramlint.verify.process.isolate import run

    return run(work, payload, limits)


@contextmanager
def server(work: str, payload: Any, limits: Limits) -> Iterator[Server]:
    """A child process that does this work first and then others in forks.

    Raises:
        click.UsageError: what it needs is not installed.
    """
    with _installed():
        from paramlint.verify.process.fork_server import Server

    with Server(work, payload, limits) as started:
        yield started


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        hint = "pip install 'paramlint[verify]'"
        raise click.UsageError(f"building a model needs {error.name}, which is not installed: {hint}") from None
