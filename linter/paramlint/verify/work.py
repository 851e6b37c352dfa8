"""What a child process does for `verify`: import the factory, build the model, ask the rules, sum up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from paramlint.engine import packs
from paramlint.verify.document.schema import Summary
from paramlint.verify.job import Job
from paramlint.verify.process.child import bind
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import Target, TargetError, literal, load


def verify(payload: bytes, enter: Callable[[Stage], None]) -> Summary:
    """Do a job. What the user's code raises goes through; see `paramlint.verify.process.child`."""
    job = msgspec.json.decode(payload, type=Job)
    packs.use(job.packs)
    enter("import")
    factory = _callable(job.target)
    arguments = {name: literal(source) for name, source in job.arguments.items()}
    example = _callable(job.example) if job.example else None
    optimizer = _callable(job.optimizer) if job.optimizer else None
    # After the user's modules: theirs may set what torch reads on being imported.
    from paramlint.engine.catalogue import select as select_rules
    from paramlint.live.construct import live_model
    from paramlint.live.laws.notation import parse_law
    from paramlint.verify.judge.refute import observe
    from paramlint.verify.judge.summarize import summarize

    enter("construct")
    bind(factory, arguments)
    model = live_model(
        lambda: factory(**arguments),
        preset=job.preset,
        method=job.method,
        example=example,
        optimizer=optimizer,
        limit=job.build_limit,
    )
    enter("analyze")
    model.declared_laws = {pattern: parse_law(law) for pattern, law in job.laws.items()}
    model.contract = job.contract
    observed = observe(model, select_rules(job.select, ignore=job.ignore), factory)
    return msgspec.structs.replace(summarize(model, job), observed=observed)


def _callable(target: Target) -> Callable[..., Any]:
    found = load(target)
    if not callable(found):
        raise TargetError(f"`{target.text}` is a {type(found).__name__}, not a class or function")
    if hasattr(found, "named_parameters") and not isinstance(found, type):
        raise TargetError(f"`{target.text}` is built already: name a class or function that builds it")
    return found
