"""The document of a watched training run, as JSON and as the source of every other form."""

from __future__ import annotations

from typing import Any

import msgspec

from paramlint.verify.document.schema import Location


class RunFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong: which rule says it, of what, in which step it was seen first, and what was measured."""

    code: str
    name: str
    group: str
    message: str
    names: tuple[str, ...]
    step: int | None
    filename: str
    location: Location
    evidence: dict[str, Any]


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter over the steps of its optimizer; None where a step had nothing to measure.

    Attributes:
        optimizers: that hold it, by name.
        gradients: norms, as far as samples tell.
        ratios: of the norms of update and weight.
        zeros: the share of zeros in the gradient.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    optimizers: tuple[str, ...] = ()
    gradients: tuple[float | None, ...] = ()
    ratios: tuple[float | None, ...] = ()
    zeros: tuple[float | None, ...] = ()
    codes: tuple[str, ...] = ()


class RunDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A watched run.

    Attributes:
        degraded: why something may be missing.
        sampled: how many elements of a larger tensor were looked at; 0 where all were.
    """

    target: str
    steps: int
    optimizers: dict[str, int] = {}
    findings: tuple[RunFinding, ...] = ()
    parameters: tuple[RunRow, ...] = ()
    degraded: tuple[str, ...] = ()
    sampled: int = 0
