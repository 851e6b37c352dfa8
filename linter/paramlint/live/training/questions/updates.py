"""What steps do to parameters: nothing, too little for their precision, too much, or decay."""

from __future__ import annotations

from statistics import median
from typing import Any

import torch
from torch import nn

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Row, Stepper, Track

#: Steps with a gradient after which it counts that nothing changed.
ENOUGH = 3
#: Of the elements with a gradient: as many may change in a step, at most, where updates are lost to rounding.
FEW = 0.05
LOW = (torch.bfloat16, torch.float16)
#: Against the usual gradient, one as small is none.
NOTHING = 1e-4
#: The ratio of update and weight that a healthy run keeps to.
SCALE = (1e-6, 1e-1)


def never_updated(recorder: Recorder, variables: dict[str, Any]) -> list[Seen]:
    """Parameters with gradients that no step changes, an optimizer and a cause at a time."""
    found = []
    for stepper in recorder.steppers.values():
        tracks = recorder.held_by(stepper)
        if stepper.skipped >= ENOUGH and not any(any(row.moved for row in track.rows) for track in tracks):
            hooked = [track for track in tracks if track.hooked]
            if hooked and stepper.skipped >= len(stepper.steps):
                figures: dict[str, Any] = {"steps left out": stepper.skipped, "passes backward": hooked[0].hooked}
                words = {"cause": "the scaler leaves out each step"}
                found.append(Seen(_names(hooked), 1, figures, hooked[0].module, words))
            continue
        still = [track for track in tracks if _is_still(track) and track.tensor.dtype not in LOW]
        by_cause: dict[str, list[Track]] = {}
        for track in still:
            cause = _cause(stepper, track, variables, _usual(tracks))
            if cause:
                by_cause.setdefault(cause, []).append(track)
        for cause, several in by_cause.items():
            row = several[0].rows[0]
            figures = {"steps": len(several[0].rows), "gradient norm": _short(row.gradient), "rate": row.rate}
            found.append(Seen(_names(several), row.step, figures, several[0].module, {"cause": cause}))
    return found


def rounded_away(recorder: Recorder) -> list[Seen]:
    """Parameters in bf16 or fp16 hardly an element of which a step changes, where that is so of most of them."""
    low = [
        track
        for track in recorder.tracks.values()
        if track.tensor.dtype in LOW and len(_with_gradient(track)) >= ENOUGH
        if all(row.rate > 0 for row in _with_gradient(track))
    ]
    lost = [track for track in low if median(row.moved or 0.0 for row in _with_gradient(track)) < FEW]
    total = sum(track.tensor.numel() for track in low)
    if not lost or 2 * sum(track.tensor.numel() for track in lost) <= total:
        return []
    rows = _with_gradient(lost[0])
    figures = {
        "dtype": str(lost[0].tensor.dtype).removeprefix("torch."),
        "changed share of elements": _short(median(row.moved or 0.0 for row in rows)),
        "rate": rows[0].rate,
        "tensors": len(lost),
    }
    return [Seen(_names(lost), rows[0].step, figures, lost[0].module)]


def out_of_scale(recorder: Recorder) -> list[Seen]:
    """Parameters whose update is out of scale in most steps with a gradient, the first one apart."""
    found = []
    for track in recorder.tracks.values():
        rows = [row for row in _with_gradient(track)[1:] if row.ratio is not None and row.rate > 0]
        ratios = [row.ratio for row in rows if row.ratio is not None]
        out = [ratio for ratio in ratios if not SCALE[0] <= ratio <= SCALE[1]]
        if len(ratios) >= ENOUGH and len(out) > 0.8 * len(ratios):
            figures = {"median ratio": _short(median(ratios)), "steps": len(out)}
            found.append(Seen(track.names[:1], rows[0].step, figures, track.module))
    return found


def decayed(recorder: Recorder) -> list[Seen]:
    """Norms, biases and embeddings in a group with weight decay, an optimizer at a time."""
    found = []
    for stepper in recorder.steppers.values():
        tracks = [
            track
            for track in recorder.held_by(stepper)
            if track.rows and track.rows[0].decay > 0 and track.tensor.requires_grad and _is_small(track)
        ]
        if tracks:
            figures = {"weight decay": tracks[0].rows[0].decay, "tensors": len(tracks)}
            found.append(Seen(_names(tracks), 1, figures, tracks[0].module, {"optimizer": stepper.name}))
    return found


def _is_small(track: Track) -> bool:
    is_embedding = isinstance(track.module, (nn.Embedding, nn.EmbeddingBag))
    return is_embedding or (track.tensor.ndim <= 1 and track.module is not None)


def _with_gradient(track: Track) -> list[Row]:
    return [row for row in track.rows if row.gradient and row.moved is not None and row.is_finite]


def _is_still(track: Track) -> bool:
    rows = _with_gradient(track)
    is_quiet = all(not row.moved for row in rows) and not any(row.at_rest for row in track.rows)
    return len(rows) >= ENOUGH and is_quiet and not track.edits and track.tensor.requires_grad


def _usual(tracks: list[Track]) -> float:
    """The usual norm of a gradient."""
    norms: list[float] = [_with_gradient(track)[0].gradient or 0.0 for track in tracks if _with_gradient(track)]
    return median(norms or [0.0])


def _cause(stepper: Stepper, track: Track, variables: dict[str, Any], usual: float) -> str:
    """Why it does not change, in words; empty where that may end."""
    rates = {row.rate for row in track.rows}
    if rates == {0.0}:
        return "" if _is_warming(stepper, track, variables) else f"its rate is 0 in all {len(track.rows)} steps"
    if len(rates) > 1 and 0.0 in rates and len([r for r in track.rows if r.rate > 0]) < ENOUGH:
        return ""
    weight = float(track.tensor.detach().abs().max()) if track.tensor.numel() else 0.0
    rate = max(rates)
    row = _with_gradient(track)[0]
    if (row.gradient or 0.0) < NOTHING * usual:
        return ""  # nothing but rounding itself, as of a bias before a norm
    small = rate * (row.gradient or 0.0) < 1e-7 * max(weight, 1e-30)
    return f"a rate of {rate:.3g} is lost to rounding" if small else "no step changes it"


def _is_warming(stepper: Stepper, track: Track, variables: dict[str, Any]) -> bool:
    """Whether a schedule that has hardly begun, or whose end is not known, sets the rate."""
    group: dict[str, Any] = next(
        (g for g in stepper.optimizer.param_groups if any(p is track.tensor for p in g["params"])), {}
    )
    if not group.get("initial_lr"):
        return False
    schedules = [
        one
        for one in variables.values()
        if isinstance(one, torch.optim.lr_scheduler.LRScheduler) and getattr(one, "optimizer", 0) is stepper.optimizer
    ]
    return not schedules or all(one.last_epoch < ENOUGH for one in schedules)


def _names(tracks: list[Track]) -> tuple[str, ...]:
    return tuple(track.name for track in tracks)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
