"""Values, gradient and statistics of parameters that somebody wants to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from paramlint.config.name_patterns import matches
from paramlint.live.live_model import LiveModel
from paramlint.live.questions.example_gradients import example_gradients
from paramlint.live.tensor import LiveTensor
from paramlint.verify.document.schema import Shown

#: Elements up to which all are printed; of larger tensors the first and last of each dimension.
PRINTED = 60
LINE = 100


def shown(model: LiveModel, patterns: Sequence[str]) -> Iterator[Shown]:
    """The tensors with a name that matches one of the patterns, in the order of the model."""
    wanted = [t for t in model.tensors if any(matches(p, name) for name in t.names for p in patterns)]
    gradients = _gradients(model, wanted)
    for tensor in wanted:
        gradient = gradients.get(tensor.name)
        yield Shown(
            name=tensor.name,
            statistics=_statistics(tensor),
            values="(not built for real)" if tensor.array is None else _text(tensor.array),
            gradient="" if gradient is None else _text(gradient),
        )


def _statistics(tensor: LiveTensor) -> dict[str, float]:
    numbers = tensor.numbers
    if numbers is None or tensor.array is None:
        return {}
    if not numbers.finite:
        return {"finite": 0.0}
    figures = {
        "mean": numbers.mean,
        "std": numbers.std,
        "min": numbers.minimum,
        "max": numbers.maximum,
        "finite": numbers.finite,
        "zeros": float((tensor.array == 0).mean()),
    }
    return {name: figure for name, figure in figures.items() if math.isfinite(figure)}


def _gradients(model: LiveModel, wanted: list[LiveTensor]) -> dict[str, np.ndarray[Any, Any]]:
    """The gradient of the sum of all outputs on the example, by name; nothing without an example that works."""
    if model.make_example is None or model.forward is None or model.forward.error:
        return {}
    with model.numbers_in_place():
        found = example_gradients(model.module, model.make_example, only={tensor.name for tensor in wanted})
    return {name: gradient.float().numpy() for name, gradient in found.items()}


def _text(array: np.ndarray[Any, Any]) -> str:
    return np.array2string(array, threshold=PRINTED, edgeitems=3, precision=4, max_line_width=LINE)
