"""`check --verify-with TARGET`: static findings with what the live model says about each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from paramlint.cli.task import STDIN, Task
from paramlint.report.plain import plain

if TYPE_CHECKING:
    from paramlint.runner import Result
    from paramlint.verify.attempt import Attempt
    from paramlint.verify.targets import Target


def targets_of(task: Task) -> list[Target]:
    """The targets of the command line.

    Raises:
        click.UsageError: one cannot be understood, or does not go with what else is asked.
    """
    texts = task.arguments.verify_with
    if not texts:
        return []
    from paramlint.verify.targets import TargetError, parse_target

    if other := _other(task):
        raise click.UsageError(f"--verify-with judges the findings of files and changes nothing: leave {other} out")
    try:
        targets = [parse_target(text) for text in texts]
    except TargetError as error:
        raise click.BadParameter(str(error), param_hint="--verify-with") from None
    for target in targets:
        if not target.factory:
            raise click.UsageError(f"`{target.text}` names no factory; write `--verify-with {target.text}:name`")
    return targets


def _other(task: Task) -> str:
    """What is asked for that cannot be done with it, else nothing."""
    arguments = task.arguments
    given = {
        "--diff": arguments.diff,
        "--write-baseline": arguments.write_baseline,
        "--add-noqa": arguments.add_noqa,
        "--watch": arguments.watch,
        "--fix": task.fix,
        "`-`": STDIN in arguments.paths,
    }
    return next((name for name, is_given in given.items() if is_given), "")


def judge(task: Task, result: Result, targets: Iterable[Target]) -> tuple[Result, bool]:
    """The result with verdicts, and whether a target failed for a reason that no finding explains."""
    from paramlint.verify.attempt import attempt
    from paramlint.verify.outcome import Limits
    from paramlint.verify.static import with_verdicts

    codes = tuple(rule.code for rule in task.run().rules)
    attempts = [attempt(target, Limits(), select=codes) for target in targets]
    judged = with_verdicts(result, attempts)
    explained = {d.evidence.get("target") for d in judged.diagnostics if d.verdict == "confirmed"}
    failed = [a for a in attempts if a.document.outcome.status != "ok" and a.document.target not in explained]
    for one in failed:
        click.echo(_failure(one), err=True)
    return judged, bool(failed)


def _failure(attempt: Attempt) -> str:
    outcome = attempt.document.outcome
    where = f" at {outcome.filename}:{outcome.row}" if outcome.filename else ""
    said = f"{attempt.document.target} {outcome.status} in stage {outcome.stage}: {outcome.message}{where}"
    return f"error: {plain(said)}"
