"""What tests assert about the parameters of a model, with or without pytest.

    from paramlint.assertions import assert_init, assert_tied
    from paramlint.verify.laws import normal

    with paramlint.trace() as t:
        model = Net()
    assert_tied(t, "embed.weight", "head.weight")
    assert_init(t, "blocks.*.weight", normal(std=0.02))

A subject is a model as it is, or one that was watched while it was built: the trace itself, where it watched one model,
`trace.live(model)`, `trace.report(model)`, or what the pytest fixture `parameters` returns. Only of the latter it is
known which call and line wrote a parameter, so that laws are compared exactly at any size, and messages name the line.
Names are patterns of `paramlint.config.name_patterns`. A pattern that covers no parameter fails: the model is not the
one that the test is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.config.name_patterns import matches, suggestion
from paramlint.frontends.report.place import line, short
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import listed
from paramlint.live.declared.expectation import compare
from paramlint.live.keras.keras_model import seen_late
from paramlint.live.laws.laws import Law
from paramlint.live.live_model import LiveModel
from paramlint.live.observe.source_places import place_of
from paramlint.live.tensor import LiveTensor
from paramlint.verify.trace import Report, Trace

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    Subject = nn.Module | LiveModel | Report | Trace

#: Parameters that a message names one by one.
MOST_NAMED = 3


def assert_initialized(subject: Subject, *patterns: str) -> None:
    """Every parameter, or those that a pattern covers, was written as a whole since its memory was allocated.

    Raises:
        AssertionError: one was not.
        ValueError: the model was not watched while it was built.
    """
    __tracebackhide__ = True
    chosen = _chosen(_live(subject), patterns)
    if all(tensor.status == "unseen" for tensor in chosen):
        raise ValueError("nothing watched this model being built: build it inside of `paramlint.trace()`")
    wrong = {t: _unwritten(t) for t in chosen if t.is_left_unwritten or t.status == "lazy"}
    _check(wrong, chosen, "not initialised")


def assert_init(subject: Subject, pattern: str, law: Law) -> None:
    """The parameters that a pattern covers are initialised by a law, such as `normal(std=0.02)`.

    The values are tested, and so is the call that wrote them if it was seen. The probability that this fails although
    all values follow the law is 1 %, for each assertion; with a fixed seed the result is always the same.

    Raises:
        AssertionError: one does not follow the law, or nothing could be compared at all.
    """
    __tracebackhide__ = True
    chosen = _chosen(_live(subject), (pattern,))
    fits = compare({tensor: (tensor, law) for tensor in chosen})
    wrong = {tensor: fit.reason for tensor, fit in fits.items() if fit.verdict == "rejected"}
    _check(wrong, chosen, f"not initialised by {law}")
    if all(fit.is_undecided for fit in fits.values()):
        unknown = {tensor: fit.reason for tensor, fit in fits.items()}
        _check(
            unknown, chosen, f"too little known to compare with {law}; `paramlint.trace()` sees the calls that write"
        )


def assert_tied(subject: Subject, *names: str) -> None:
    """These names, two or more, are one parameter.

    Raises:
        AssertionError: they are several, or there is none of a name.
    """
    __tracebackhide__ = True
    live = _live(subject)
    if len(names) < 2:
        raise ValueError("a tie has two names or more")
    kept, *others = (_named(live, name) for name in names)
    parted = {tensor: _untied(live, kept, tensor) for tensor in others if tensor is not kept}
    _check(parted, [kept, *others], f"not tied to `{names[0]}`")


def assert_not_shared(subject: Subject, *patterns: str) -> None:
    """No parameter, or none that a pattern covers, has a second name or memory in common with another.

    Raises:
        AssertionError: one does.
    """
    __tracebackhide__ = True
    live = _live(subject)
    chosen = _chosen(live, patterns)
    wrong = {tensor: f"it is also {listed(tensor.names[1:])}" for tensor in chosen if len(tensor.names) > 1}
    for alias in live.aliases:
        for tensor in alias.tensors:
            if tensor in chosen:
                others = [other.name for other in alias.tensors if other is not tensor]
                wrong.setdefault(tensor, f"it shares memory with {listed(others)}")
    _check(wrong, chosen, "shared")


def assert_frozen(subject: Subject, *patterns: str) -> None:
    """Every parameter, or those that a pattern covers, requires no gradient.

    Raises:
        AssertionError: one does.
    """
    __tracebackhide__ = True
    chosen = _chosen(_live(subject), patterns)
    _check({t: "its requires_grad is True" for t in chosen if t.requires_grad}, chosen, "not frozen")


def assert_trainable(subject: Subject, *patterns: str) -> None:
    """Every parameter, or those that a pattern covers, requires a gradient.

    Raises:
        AssertionError: one does not.
    """
    __tracebackhide__ = True
    chosen = _chosen(_live(subject), patterns)
    _check({t: "its requires_grad is False" for t in chosen if not t.requires_grad}, chosen, "not trainable")


def assert_in_optimizer(subject: Subject, optimizer: Optimizer, *patterns: str) -> None:
    """An optimizer holds every trainable parameter, or those that a pattern covers, each once.

    Raises:
        AssertionError: one is missing or there twice.
    """
    __tracebackhide__ = True
    live = _live(subject)
    chosen = _chosen(live, patterns)
    held = live.coverage_of(optimizer)
    strangers = f", which holds {len(held.foreign)} tensors of no parameter" if held.foreign else ""
    missing = {
        t: f"no group of {type(optimizer).__name__} holds it{strangers}" for t in chosen if t.name in held.missing
    }
    twice = {t: "it is optimized twice" for t in chosen if any(t.name in names for names in held.repeated)}
    _check(missing | twice, chosen, "not once in the optimizer")


def _live(subject: Subject) -> LiveModel:
    if isinstance(subject, LiveModel):
        return subject
    if isinstance(subject, Report):
        return subject.model
    if isinstance(subject, Trace):
        return subject.live(subject.model)
    if not hasattr(subject, "named_parameters"):
        raise TypeError(f"a {type(subject).__name__} is no model: pass an nn.Module, a trace or `trace.live(model)`")
    return seen_late(subject)


def _chosen(live: LiveModel, patterns: tuple[str, ...]) -> list[LiveTensor]:
    """The parameters that one of the patterns covers, by any of their names; all without patterns."""
    __tracebackhide__ = True
    names = [name for tensor in live.parameters for name in tensor.names]
    for pattern in patterns:
        if not any(matches(pattern, name) for name in names):
            raise AssertionError(plain(f"no parameter is called `{pattern}`{suggestion(pattern, names)}"))
    if not patterns:
        return list(live.parameters)
    return [t for t in live.parameters if any(matches(p, name) for p in patterns for name in t.names)]


def _named(live: LiveModel, name: str) -> LiveTensor:
    __tracebackhide__ = True
    if name not in live.by_name:
        raise AssertionError(plain(f"no parameter is called `{name}`{suggestion(name, live.by_name)}"))
    return live.by_name[name]


def _unwritten(tensor: LiveTensor) -> str:
    if tensor.status == "lazy":
        return "it gets its shape and values in the first pass"
    if tensor.status == "partly written":
        return f"{tensor.fraction:.0%} of it is written"
    return f"it is {tensor.status}"


def _untied(live: LiveModel, one: LiveTensor, other: LiveTensor) -> str:
    if any(one in alias.tensors and other in alias.tensors for alias in live.aliases):
        return "they share memory, but are two parameters"
    return "they are two parameters"


def _check(wrong: dict[LiveTensor, str], chosen: list[LiveTensor], fault: str) -> None:
    """Fail with each wrong parameter, what is wrong with it, and the line that made it."""
    __tracebackhide__ = True
    if wrong:
        first, *others = wrong
        more = f" and {len(others)} more of {len(chosen)} parameters are" if others else " is"
        rest = [f"  and {len(wrong) - MOST_NAMED} more"] if len(wrong) > MOST_NAMED else []
        named = [text for item in list(wrong.items())[:MOST_NAMED] for text in _lines(*item)]
        raise AssertionError("\n".join(map(plain, [f"`{first.name}`{more} {fault}", *named, *rest])))


def _lines(tensor: LiveTensor, fault: str) -> Iterator[str]:
    yield f"  {tensor.name}: {fault}"
    filename, row = place_of(tensor.init or tensor.allocation, tensor.owner)
    if filename:
        yield f"    {short(filename)}:{row}: {line(filename, row).strip()}"
