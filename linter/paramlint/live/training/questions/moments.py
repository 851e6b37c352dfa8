"""Moments of optimizers that start from nothing, while the model does not."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Stepper


def dropped(recorder: Recorder, variables: dict[str, Any]) -> list[Seen]:
    """Optimizers that lost their state, replaced one that had some, or left that of a checkpoint behind."""
    found = []
    steppers = [stepper for stepper in recorder.steppers.values() if stepper.steps and _has_moments(stepper)]
    for stepper in steppers:
        if stepper.dropped_at:
            words = {"optimizer": stepper.name, "how": "lost"}
            figures = {"steps before": stepper.dropped_at - 1}
            found.append(Seen(_names(recorder, stepper), stepper.dropped_at, figures, None, words))
    found += _replaced(recorder, steppers)
    found += [seen for stepper in steppers for seen in _resumed(recorder, stepper, variables)]
    return found[:1]


def _replaced(recorder: Recorder, steppers: list[Stepper]) -> list[Seen]:
    """One switch to a new optimizer of the same kind, parameters and rate; several may be a schedule."""
    found = []
    for earlier in steppers:
        kind = type(earlier.optimizer)
        alike = [one for one in steppers if one.held == earlier.held and type(one.optimizer) is kind]
        if len(alike) != 2 or alike[0] is not earlier or _take_turns(recorder, *alike):
            continue
        new = alike[1]
        if new.was_empty and earlier.rates[-1] == new.rates[0]:
            step = len(earlier.steps) + 1
            words = {"optimizer": new.name, "how": "replaced"}
            found.append(Seen(_names(recorder, new), step, {"steps before": step - 1}, None, words))
    return found


def _take_turns(recorder: Recorder, one: Stepper, two: Stepper) -> bool:
    order = [index for b in recorder.backwards for index in b.consumers if index in (one.index, two.index)]
    return sum(a != b for a, b in pairwise(order)) > 1


def _resumed(recorder: Recorder, stepper: Stepper, variables: dict[str, Any]) -> list[Seen]:
    """A checkpoint with the state of such an optimizer and the model's very values, of which only these came."""
    if not stepper.was_empty or not stepper.given:
        return []
    count = sum(len(group["params"]) for group in stepper.optimizer.param_groups)
    for name, value in variables.items():
        if not isinstance(value, Mapping):
            continue
        parts = list(value.items())
        states = [key for key, part in parts if _is_state_of(part, count)]
        weights = [part for _, part in parts if isinstance(part, Mapping) and "param_groups" not in part]
        if states and any(_began_with(recorder, part) for part in weights):
            words = {"optimizer": stepper.name, "how": "left", "checkpoint": f'{name}["{states[0]}"]'}
            return [Seen(_names(recorder, stepper), 1, {"moments in the checkpoint": count}, None, words)]
    return []


def _is_state_of(part: Any, count: int) -> bool:
    if not isinstance(part, Mapping) or not part.get("state") or "param_groups" not in part:
        return False
    return sum(len(group.get("params", ())) for group in part["param_groups"]) == count


def _began_with(recorder: Recorder, weights: Mapping[str, Any]) -> bool:
    """Whether the first values of a watched model are those of a state dict."""
    first = recorder.first_values
    names = [name for name in first if name in weights and isinstance(weights[name], torch.Tensor)]
    return bool(names) and len(names) == len(first) and all(recorder.began_with(n, weights[n]) for n in names)


def _has_moments(stepper: Stepper) -> bool:
    groups = stepper.optimizer.param_groups
    return any("betas" in g or g.get("momentum") or "alpha" in g or "rho" in g for g in groups)


def _names(recorder: Recorder, stepper: Stepper) -> tuple[str, ...]:
    return tuple(track.name for track in recorder.held_by(stepper))
