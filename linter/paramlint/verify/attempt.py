"""One target, one child process: the document, and what the static findings are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from paramlint.engine import packs
from paramlint.verify.document.observed import Observed
from paramlint.verify.document.schema import Attempt, Document, Summary
from paramlint.verify.process.outcome import Answer, Limits
from paramlint.verify.process.targets import Target


def attempt(target: Target, limits: Limits, **options: Any) -> Attempt:
    """Build and ask one target in a child process.

    Args:
        options: the fields of `paramlint.verify.job.Job`.

    Raises:
        click.UsageError: what it needs is not installed.
    """
    with _installed():
        from paramlint.verify.job import Job

    answer = start("paramlint.verify.work:verify", Job(target=target, packs=packs.named(), **options), limits)
    summary = msgspec.json.decode(answer.result, type=Summary | None)
    document = Document.of(target.text, answer.outcome, summary)
    return Attempt(document, summary.observed if summary else Observed())


def start(work: str, payload: Any, limits: Limits) -> Answer:
    """Do work in a child process.

    Raises:
        click.UsageError: what it needs is not installed.
    """
    with _installed():
        from paramlint.verify.process.isolate import run

    return run(work, payload, limits)


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        hint = "pip install 'paramlint[verify]'"
        raise click.UsageError(f"building a model needs {error.name}, which is not installed: {hint}") from None
