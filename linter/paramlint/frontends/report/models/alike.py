"""What a report says once for all repeated blocks of a model: findings and parameters that differ in a number only."""

from __future__ import annotations

from collections.abc import Sequence

from paramlint.frontends.report.models.fold import fold
from paramlint.verify.document.schema import Buffer, Document, Found, Parameter


def alike_findings(findings: Sequence[Found]) -> list[list[Found]]:
    """Findings of one rule at one line, that differ in the number of the layer only."""
    groups = fold(findings, lambda f: f.parameter, _fault)
    return [members for _, members in groups]


def others_of(members: Sequence[Found]) -> tuple[str, ...]:
    """The parameters that such findings are about, besides the first."""
    return tuple(name for found in members for name in found.parameters)[1:]


def _fault(found: Found) -> tuple[object, ...]:
    return found.code, found.filename, found.location, found.verdict, found.evidence.get("contract")


def alike_parameters(document: Document) -> list[tuple[str, list[Parameter]]]:
    """Parameters that differ in the number of the layer only, under one name for all."""
    codes = codes_by_name(document)
    return fold(document.parameters, lambda p: p.name, lambda p: alike_key(p, codes.get(p.name, ())))


def codes_by_name(document: Document) -> dict[str, tuple[str, ...]]:
    """The codes of the findings about each parameter, each once; what was refuted is not about it."""
    codes: dict[str, tuple[str, ...]] = {}
    for found in (found for found in document.findings if found.verdict != "refuted"):
        for name in found.parameters:
            known = codes.get(name, ())
            codes[name] = known if found.code in known else (*known, found.code)
    return codes


def alike_key(parameter: Parameter, codes: tuple[str, ...]) -> tuple[object, ...]:
    """What makes two rows one, besides their names; tied names differ between blocks and are left to the badge."""
    p = parameter
    call = p.init and (p.init.call, tuple(p.init.arguments.items()), p.init.filename, p.init.row)
    tied = bool(p.tied_with), bool(p.aliases)
    trained = p.is_used, p.optimized, p.gradient is None
    return p.shape, p.dtype, p.requires_grad, p.status, call, p.law, tied, p.fit and p.fit.verdict, codes, trained


def alike_buffers(document: Document) -> list[tuple[str, list[Buffer]]]:
    """Buffers that differ in the number of the layer only, under one name for all."""
    return fold(document.buffers, lambda b: b.name, _buffer_key)


def _buffer_key(buffer: Buffer) -> tuple[object, ...]:
    place = buffer.init and (buffer.init.call, buffer.init.filename, buffer.init.row)
    return buffer.shape, buffer.dtype, buffer.persistent, buffer.status, place


def mean(values: list[float | None]) -> float | None:
    """The mean of those that are known."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
