"""`paramlint.prove`: what `paramlint verify` does, from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from paramlint.engine.catalogue import UnknownRuleError, group_of
from paramlint.engine.catalogue import select as select_rules
from paramlint.frontends.python.named import selectors, target_text
from paramlint.frontends.python.reports import ModelReport
from paramlint.frontends.report.plain import plain
from paramlint.verify.attempt import attempt
from paramlint.verify.document.found import Finding
from paramlint.verify.document.schema import Found
from paramlint.verify.job import Plan
from paramlint.verify.process.outcome import Limits
from paramlint.verify.process.targets import Target, TargetError, literal, parse_target

if TYPE_CHECKING:
    from paramlint.frontends.python.inspection import Inspection


class Verified(ModelReport):
    """What was proved about a model; printed, the report of `paramlint verify`."""

    CALL = "paramlint.prove(model)"

    @property
    def ok(self) -> bool:
        """Whether the model was built; `document.outcome` says what kept it from that."""
        return self.document.outcome.status == "ok"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong: what the live model refutes is left out."""
        return tuple(_finding(found) for found in self.document.findings if found.verdict != "refuted")


def prove(
    model: object,
    arguments: Mapping[str, object] | None,
    example: object,
    optimizer: object,
    select: Iterable[str],
    ignore: Iterable[str],
    timeout: float,
    memory: float,
) -> Verified | Inspection:
    """See `paramlint.prove`."""
    if _is_module(model):
        if arguments:
            raise ValueError("a model that is there takes no arguments: give its class")
        from paramlint.frontends.python.inspection import inspect

        return inspect(model, optimizer=optimizer, example=example)
    plan = Plan(
        arguments={name: _source(name, value) for name, value in (arguments or {}).items()},
        example=None if example is None else _target(example),
        optimizer=None if optimizer is None else _target(optimizer),
        details=True,
        static=True,
        select=selectors(select),
        ignore=selectors(ignore),
    )
    _require_rules(plan)
    target = _target(model)
    if not target.factory:
        raise ValueError(plain(f"`{target.text}` names no class or function: write `{target.text}:name`"))
    try:
        return Verified(attempt(target, plan, Limits(seconds=timeout, memory=int(memory * 2**30))).document)
    except click.UsageError as error:
        raise ImportError(error.format_message()) from None


def _is_module(model: object) -> bool:
    """Whether it is a module of torch; without loading torch for what is none."""
    return any(
        base.__module__ == "torch.nn.modules.module" and base.__name__ == "Module" for base in type(model).__mro__
    )


def _source(name: str, value: object) -> str:
    text = repr(value)
    try:
        literal(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(
            f"`{name}` is no literal, and cannot be sent to the process that builds the model: give a function that "
            f"needs no such argument"
        ) from None
    return text


def _target(factory: object) -> Target:
    try:
        return parse_target(factory if isinstance(factory, str) else target_text(factory))
    except TargetError as error:
        raise ValueError(plain(str(error))) from None


def _require_rules(plan: Plan) -> None:
    try:
        select_rules(plan.select, ignore=plan.ignore)
    except UnknownRuleError as error:
        raise ValueError(plain(str(error))) from None


def _finding(found: Found) -> Finding:
    return Finding(
        found.code,
        found.name,
        group_of(found.code),
        found.message,
        found.filename,
        found.location.row,
        found.location.column if found.location.row else 0,
        names=(found.parameter, *found.also) if found.parameter else (),
        verdict=found.verdict,
        evidence=dict(found.evidence),
    )
