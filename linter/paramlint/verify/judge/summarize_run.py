"""From what was recorded of a run to the document that reports read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch.nn.parameter import is_lazy

from paramlint.live.training.recorder import Recorder
from paramlint.live.training.sampling import MOST
from paramlint.live.training.tracks import Track
from paramlint.verify.document.found import Finding
from paramlint.verify.document.run_schema import RunDocument, RunFinding, RunRow
from paramlint.verify.document.schema import Location


def summarize_run(recorder: Recorder, findings: Sequence[Finding], notes: Sequence[str] = ()) -> RunDocument:
    """All that a report shows: findings, and a row for each parameter of a watched model or in an optimizer."""
    codes: dict[str, list[str]] = {}
    for finding in findings:
        for name in finding.names:
            codes.setdefault(name, []).append(finding.code)
    tracks = [track for track in recorder.tracks.values() if track.root is not None or track.holders]
    sizes = [track.tensor.numel() for track in tracks if not is_lazy(track.tensor)]
    return RunDocument(
        target=", ".join(name or type(root).__name__ for name, root in recorder.roots.items()),
        steps=recorder.step,
        optimizers={stepper.name: len(stepper.steps) for stepper in recorder.steppers.values()},
        findings=tuple(_finding(finding) for finding in findings),
        parameters=tuple(_row(recorder, track, tuple(codes.get(track.name, ()))) for track in tracks),
        degraded=(*([recorder.failure] if recorder.failure else []), *notes),
        sampled=MOST if any(size > MOST for size in sizes) else 0,
    )


def _finding(finding: Finding) -> RunFinding:
    return RunFinding(
        code=finding.code,
        name=finding.name,
        group=finding.group,
        message=finding.message,
        names=finding.names,
        step=finding.step,
        filename=finding.filename,
        location=Location(finding.row),
        evidence={name: _plain(value) for name, value in finding.evidence.items() if name not in ("names", "step")},
    )


def _row(recorder: Recorder, track: Track, codes: tuple[str, ...]) -> RunRow:
    return RunRow(
        name=track.name,
        shape=() if is_lazy(track.tensor) else tuple(map(int, track.tensor.shape)),
        dtype=str(track.tensor.dtype).removeprefix("torch."),
        requires_grad=track.tensor.requires_grad,
        optimizers=tuple(s.name for s in recorder.steppers.values() if s.index in track.holders),
        gradients=tuple(_figure(row.gradient) for row in track.rows),
        ratios=tuple(_figure(row.ratio) for row in track.rows),
        zeros=tuple(_figure(row.zeros) if row.gradient is not None else None for row in track.rows),
        codes=codes,
    )


def _figure(value: float | None) -> float | None:
    """To four digits; None for what JSON cannot say."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def _plain(value: Any) -> Any:
    """Figures as JSON can say them."""
    return _figure(value) if isinstance(value, float) else value
