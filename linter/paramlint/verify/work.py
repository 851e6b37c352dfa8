"""What a child process does for `verify`: import the factory, build the model, ask the rules, sum up."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from paramlint.engine import packs
from paramlint.live.build_limits import COLLECTED_AFTER
from paramlint.live.keras.backend import missing_backend_said
from paramlint.verify.document.schema import Document, Summary
from paramlint.verify.job import Job
from paramlint.verify.process.child import bind
from paramlint.verify.process.outcome import Outcome, Stage
from paramlint.verify.process.targets import Target, TargetError, load


def verify(payload: bytes, enter: Callable[[Stage], None]) -> Summary:
    """Do a job. What the user's code raises goes through; see `paramlint.verify.process.child`."""
    job = msgspec.json.decode(payload, type=Job)
    packs.use(job.packs)
    folder = os.getcwd()
    # What is known of a large model is kept to the end, so the collector would go over it again and again for nothing.
    gc.set_threshold(COLLECTED_AFTER, *gc.get_threshold()[1:])
    enter("import")
    with missing_backend_said():
        factory = _callable(job.target)
    example = _callable(job.example) if job.example else None
    optimizer = _callable(job.optimizer) if job.optimizer else None
    # After the user's modules: theirs may set what torch reads on being imported.
    from paramlint.config.declared_ties import Ties
    from paramlint.engine.catalogue import select as select_rules
    from paramlint.live.construct import live_model
    from paramlint.live.laws.notation import parse_law
    from paramlint.verify.arguments.call import Call, first_built
    from paramlint.verify.judge.join import Sources, with_static
    from paramlint.verify.judge.refute import observe
    from paramlint.verify.judge.summarize import summarize

    enter("construct")
    if not job.guess:
        bind(factory, job.arguments)
    build = partial(
        live_model,
        preset=job.preset,
        method=job.method,
        example=example,
        optimizer=optimizer,
        limit=job.build_limit,
    )
    if job.guess:
        call, model = first_built(factory, job.arguments, build)
    else:
        call = Call(factory, job.arguments)
        model = build(call)
    enter("analyze")
    model.declared_laws = {pattern: parse_law(law) for pattern, law in job.laws.items()}
    model.contract = job.contract
    rules = select_rules(job.select, ignore=job.ignore, preview=True)  # a live model proves what they say
    observed = observe(model, rules, factory)
    summary = summarize(model, job, rules)
    summary = msgspec.structs.replace(summary, arguments=call.arguments(), observed=observed)
    if not job.static:
        return summary
    os.chdir(folder)  # the user's code may have left it
    built = Document.of(job.target.text, Outcome(status="ok", stage="analyze"), summary)
    static = select_rules(job.select, ignore=job.ignore)
    whole = with_static(built, observed, Sources(static, Ties(job.ties)))
    return msgspec.structs.replace(summary, findings=whole.findings, summary=whole.summary, degraded=whole.degraded)


def _callable(target: Target) -> Callable[..., Any]:
    found = load(target)
    if not callable(found):
        raise TargetError(f"`{target.text}` is a {type(found).__name__}, not a class or function")
    if hasattr(found, "named_parameters") and not isinstance(found, type):
        raise TargetError(f"`{target.text}` is built already: name a class or function that builds it")
    return found
