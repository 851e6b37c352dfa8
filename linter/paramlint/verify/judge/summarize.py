"""From a live model and the rules to the document that the parent process reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET

from paramlint.config.declared_ties import FAMILIES, Ties
from paramlint.finding import Proof
from paramlint.live.declared.tied_keys import is_meant
from paramlint.live.laws.distribution import shown as shown_law
from paramlint.live.laws.fit import Fit, fit_all
from paramlint.live.live_model import LiveModel
from paramlint.live.tensor import LiveTensor
from paramlint.rule import Rule
from paramlint.verify.document.details import details
from paramlint.verify.document.schema import (
    Buffer,
    Counts,
    Fitted,
    Found,
    Gradient,
    Init,
    Layer,
    Location,
    Optimized,
    Parameter,
    Scalar,
    Summary,
)
from paramlint.verify.document.shown_values import shown
from paramlint.verify.judge.prove import prove
from paramlint.verify.process.child import one_line

if TYPE_CHECKING:
    from paramlint.verify.job import Plan

BINS = 12
#: The left edges of bins of width 1.
EDGES = np.arange(BINS, dtype=np.float64)
#: Values that are sorted faster than they are sorted into bins.
FEW = 4096
#: The width of a bin in proportion to the values from which on its edges are apart for certain.
RESOLVED = 1e-9


def summarize(model: LiveModel, plan: Plan, rules: Sequence[Rule]) -> Summary:
    """Everything about a model that a report may need."""
    notes: list[str] = list(model.degraded)
    findings = tuple(_findings(model, rules, Ties(plan.ties), notes))
    fits: Mapping[str, Fit] = {}
    if plan.confirm and not model.is_real:
        notes.append("values were not tested: there are none")
    elif plan.confirm:
        fits = _fits(model)
    aliases = _aliases(model)
    parameters = tuple(
        _parameter(model, tensor, aliases.get(tensor.name, ()), fits.get(tensor.name)) for tensor in model.parameters
    )
    return Summary(
        degraded=tuple(dict.fromkeys(notes)),
        summary=_counts(model, parameters, len(findings)),
        findings=findings,
        parameters=parameters,
        buffers=tuple(_buffer(tensor) for tensor in model.tensors if tensor.role == "buffer"),
        shown=tuple(shown(model, plan.show)),
        profile=tuple(_profile(model)),
        details=details(model) if plan.details else UNSET,
    )


def _findings(model: LiveModel, rules: Sequence[Rule], ties: Ties, notes: list[str]) -> Iterator[Found]:
    """What the rules prove about what is not declared; one that fails is noted, and the others go on."""
    for rule in rules:
        try:
            proofs = [proved.proof for proved in prove(model, [rule])]
        except Exception as error:
            notes.append(f"{rule.code} could not be asked: {one_line(error)}")
            continue
        for proof in proofs:
            if rule.code.startswith(FAMILIES) and is_meant(ties, model.module, _names(proof)):
                continue
            yield found_of(rule, proof)


def found_of(rule: Rule, proof: Proof) -> Found:
    """A proof as the document has it."""
    return Found(
        code=rule.code,
        name=rule.name,
        message=proof.message,
        parameter=proof.parameter,
        filename=proof.filename,
        location=Location(proof.row),
        verdict="confirmed" if proof.evidence.get("confirmed", True) else None,
        evidence=proof.evidence,
        owner=proof.owner,
        attribute=proof.attribute,
    )


def _names(proof: Proof) -> Iterator[str]:
    """What a proof about sharing is about."""
    yield proof.parameter
    for key in ("names", "clones"):
        yield from proof.evidence.get(key, ())
    if "tied_to" in proof.evidence:
        yield proof.evidence["tied_to"]


def _parameter(model: LiveModel, tensor: LiveTensor, aliases: tuple[str, ...], fit: Fit | None) -> Parameter:
    expected, numbers = tensor.expected, tensor.numbers
    known = numbers is not None and numbers.finite > 0
    return Parameter(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        requires_grad=tensor.requires_grad,
        status=tensor.status,
        written_fraction=tensor.fraction,
        init=_init(tensor),
        law=shown_law(expected.law) if expected else None,
        exact_law=expected.law if expected and shown_law(expected.law) != expected.law else None,
        mean=numbers.mean if numbers and known else None,
        std=numbers.std if numbers and known else None,
        expected_std=expected.std if expected else None,
        histogram=_histogram(tensor),
        tied_with=tensor.names[1:],
        aliases=aliases,
        fit=Fitted(law=shown_law(expected.law), verdict=fit.verdict, p_value=fit.p_value, reason=fit.reason)
        if fit and expected
        else None,
        is_used=_is_used(model, tensor),
        gradient=_gradient(model, tensor),
        optimized=_optimized(model, tensor),
    )


def _is_used(model: LiveModel, tensor: LiveTensor) -> bool | None:
    """Whether the output depends on a trained parameter; None where that was not seen."""
    if model.forward is None or model.forward.error or not tensor.requires_grad:
        return None
    return tensor.name not in model.forward.without_gradient


def _gradient(model: LiveModel, tensor: LiveTensor) -> Gradient | None:
    known = model.forward.gradients.get(tensor.name) if model.forward is not None else None
    return None if known is None else Gradient(norm=known[0] if math.isfinite(known[0]) else None, zeros=known[1])


def _optimized(model: LiveModel, tensor: LiveTensor) -> Optimized | None:
    known = model.coverage.group_of.get(tensor.name) if model.coverage is not None else None
    return None if known is None else Optimized(group=known[0], lr=known[1], weight_decay=known[2])


def _buffer(tensor: LiveTensor) -> Buffer:
    return Buffer(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        persistent=tensor.persistent,
        status=tensor.status,
        init=_init(tensor),
        law=tensor.expected.law if tensor.expected else None,
        tied_with=tensor.names[1:],
    )


def _init(tensor: LiveTensor) -> Init | None:
    write = tensor.init or (tensor.writes[-1] if tensor.writes else None)
    if write is None:
        return None
    return Init(
        call=write.call,
        arguments={name: _as_json(value) for name, value in write.arguments.items()},
        filename=write.filename,
        row=write.row,
        within=write.library_call,
    )


def _as_json(value: Scalar) -> Scalar:
    """A number for which JSON has no sign, such as the infinity of a mask, as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _histogram(tensor: LiveTensor) -> tuple[int, ...]:
    array = tensor.array
    if array is None or not array.size or not tensor.tensor.is_floating_point():
        return ()
    flat = array.reshape(-1)[:: max(1, -(-array.size // tensor.most))].astype(np.float64)
    return counts_by_bin(flat[np.isfinite(flat)])


def counts_by_bin(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, ...]:
    """What `numpy.histogram` counts in bins of equal width, in a fifth of its time where there are few values."""
    if not values.size or values.size > FEW:
        return _counted_by_numpy(values)
    ordered = np.sort(values)
    low, high = float(ordered[0]), float(ordered[-1])
    width = (high - low) / BINS
    if not width > RESOLVED * max(abs(low), abs(high)):
        return _counted_by_numpy(values)
    before = ordered.searchsorted(EDGES * width + low).tolist()
    return tuple(after - count for count, after in zip(before, [*before[1:], values.size], strict=True))


def _counted_by_numpy(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, ...]:
    try:
        return tuple(np.histogram(values, bins=BINS)[0].tolist())
    except ValueError:  # no number lies between them: they are as good as one, and one is in the middle
        return tuple(values.size if place == BINS // 2 else 0 for place in range(BINS))


def _fits(model: LiveModel) -> dict[str, Fit]:
    samples = {
        tensor.name: (tensor.array, tensor.expected)
        for tensor in model.parameters
        if tensor.array is not None and tensor.expected is not None
    }
    testable = {name: sample for name, sample in samples.items() if model.by_name[name].dtype == "float32"}
    coarse = {
        name: Fit("not testable", reason=f"{model.by_name[name].dtype} is no float32")
        for name in samples
        if name not in testable
    }
    return fit_all(testable) | coarse


def _aliases(model: LiveModel) -> dict[str, tuple[str, ...]]:
    """For each tensor the names of those that share memory with it."""
    found: dict[str, tuple[str, ...]] = {}
    for alias in model.aliases:
        for name in alias.names:
            found[name] = found.get(name, ()) + tuple(other for other in alias.names if other != name)
    return found


def _counts(model: LiveModel, parameters: tuple[Parameter, ...], findings: int) -> Counts:
    sizes = {tensor.name: tensor.tensor.dtype.itemsize for tensor in model.parameters}
    garbage = ("unwritten", "partly written", "tainted")
    return Counts(
        parameters=len(parameters),
        elements=sum(p.numel for p in parameters),
        trainable=sum(p.numel for p in parameters if p.requires_grad),
        bytes=sum(p.numel * sizes[p.name] for p in parameters),
        tied=sum(bool(p.tied_with) for p in parameters),
        aliased=sum(bool(p.aliases) for p in parameters),
        unwritten=sum(p.status in garbage for p in parameters),
        findings=findings,
        memory=_memory(model),
        groups=None if model.coverage is None else model.coverage.groups,
    )


def _profile(model: LiveModel) -> Iterator[Layer]:
    """The layers that the pass went through, which have a weight of their own and gave one tensor of numbers."""
    spread = model.forward.activations_std if model.forward is not None else {}
    for name, output_std in spread.items():
        weight = model.by_name.get(f"{name}.weight")
        numbers = weight.numbers if weight is not None and len(weight.shape) > 1 else None
        if numbers is not None and math.isfinite(output_std) and math.isfinite(numbers.std):
            yield Layer(name=name, weight_std=numbers.std, output_std=output_std)


def _memory(model: LiveModel) -> dict[str, int]:
    """Bytes of all parameters and buffers, by dtype, the largest first."""
    sizes: dict[str, int] = {}
    for tensor in model.tensors:
        if tensor.status != "lazy":
            sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + math.prod(tensor.shape) * tensor.tensor.dtype.itemsize
    return dict(sorted(sizes.items(), key=lambda one: -one[1]))
