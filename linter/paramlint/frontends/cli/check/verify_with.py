"""`check --verify-with TARGET`: static findings with what the live model says about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from paramlint.config.settings import VerifyTable
from paramlint.frontends.cli.check.task import Task
from paramlint.frontends.report.plain import plain

if TYPE_CHECKING:
    from paramlint.engine.run import Result
    from paramlint.verify.document.schema import Attempt
    from paramlint.verify.job import Plan
    from paramlint.verify.process.outcome import Limits
    from paramlint.verify.process.targets import Target

GIB = 2**30

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Models:
    """What is built to judge findings, and how: the options of the command line, over `[tool.paramlint.verify]`.

    Attributes:
        plan: how they are built and what is asked of them.
    """

    targets: tuple[Target, ...]
    limits: Limits
    plan: Plan


def models_of(task: Task) -> Models | None:
    """What the command line asks for; None where it names no target.

    Raises:
        click.UsageError: something cannot be understood, or does not go with what else is asked.
    """
    given = task.arguments
    if not given.verify_with:
        if given.arg or given.example:
            raise click.UsageError("--arg and --example are about the model that --verify-with names")
        return None
    if other := _other(task):
        raise click.UsageError(f"--verify-with judges the findings of files and changes nothing: leave {other} out")
    from paramlint.verify.job import Plan
    from paramlint.verify.process.listing import proposed
    from paramlint.verify.process.targets import parse_argument, parse_target

    table = task.settings.table.verify or VerifyTable()
    targets = tuple(_read(parse_target, text, "--verify-with") for text in given.verify_with)
    for target in targets:
        if not target.factory:
            raise click.UsageError(f"`{target.text}` names no factory; {proposed(target)}")
    options: dict[str, Any] = {
        "arguments": dict(_read(parse_argument, text, "--arg") for text in given.arg),
        "example": _optional_target(given.example or table.example, "--example"),
        "optimizer": _optional_target(table.optimizer, "optimizer"),
        "preset": table.preset,
        "method": table.method,
        "build_limit": None if table.build_limit is None else int(table.build_limit * GIB),
    }
    plan = Plan(**{key: value for key, value in options.items() if value is not None})
    return Models(targets, _limits(table), plan)


def _read(parse: Callable[[str], Parsed], text: str, hint: str) -> Parsed:
    from paramlint.verify.process.targets import TargetError

    try:
        return parse(text)
    except TargetError as error:
        raise click.BadParameter(str(error), param_hint=hint) from None


def _optional_target(text: str | None, hint: str) -> Target | None:
    from paramlint.verify.process.targets import parse_target

    return None if text is None else _read(parse_target, text, hint)


def _limits(table: VerifyTable) -> Limits:
    from paramlint.verify.process.outcome import Limits

    usual = Limits()
    return Limits(
        seconds=usual.seconds if table.timeout is None else table.timeout,
        memory=usual.memory if table.memory is None else int(table.memory * GIB),
    )


def _other(task: Task) -> str:
    """What is asked for that cannot be done with it, else nothing."""
    arguments = task.arguments
    given = {
        "--diff": arguments.diff,
        "--write-baseline": arguments.write_baseline,
        "--add-noqa": arguments.add_noqa,
        "--watch": arguments.watch,
        "--fix": task.fix,
        "`-`": arguments.reads_stdin,
    }
    return next((name for name, is_given in given.items() if is_given), "")


def judge(task: Task, result: Result, models: Models) -> tuple[Result, bool]:
    """The result with verdicts, and whether a target failed for a reason that no finding explains."""
    from msgspec import structs

    from paramlint.verify.attempt import attempt, server
    from paramlint.verify.judge.join import with_verdicts

    parts = task.parts(report.path for report in result.reports)
    codes = tuple(sorted({rule.code for part, _ in parts for rule in part.run().rules}))
    plan = structs.replace(models.plan, select=codes)
    if len(models.targets) > 1:
        with server("paramlint.verify.discover:prepare", models.targets, models.limits) as forks:
            attempts = [attempt(target, plan, models.limits, forks.run) for target in models.targets]
    else:
        attempts = [attempt(target, plan, models.limits) for target in models.targets]
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
