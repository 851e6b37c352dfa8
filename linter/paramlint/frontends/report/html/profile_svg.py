"""How weights and outputs spread with depth, as the paths of an SVG: a point a layer, the std on a log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from paramlint.frontends.report.html.svg_path import path
from paramlint.verify.document.schema import Layer

WIDTH, HEIGHT = 640, 120
#: Fewer layers have no depth to speak of.
FEWEST = 3


@dataclass(frozen=True)
class Profile:
    """What the template draws.

    Attributes:
        weights, outputs: the `d` of two paths; a layer whose std is zero leaves a gap.
        low, high: the ends of the axis, powers of ten.
        first, last: the names of the outermost layers.
    """

    weights: str
    outputs: str
    low: float
    high: float
    first: str
    last: str


def profile(layers: Sequence[Layer]) -> Profile | None:
    """Both lines to one scale; None where there are too few layers."""
    known = [std for layer in layers for std in (layer.weight_std, layer.output_std) if std > 0]
    if len(layers) < FEWEST or not known:
        return None
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    high = max(high, low + 1)
    return Profile(
        weights=_line([layer.weight_std for layer in layers], low, high),
        outputs=_line([layer.output_std for layer in layers], low, high),
        low=10.0**low,
        high=10.0**high,
        first=layers[0].name,
        last=layers[-1].name,
    )


def _line(stds: Sequence[float], low: int, high: int) -> str:
    step = WIDTH / (len(stds) - 1)
    heights = [HEIGHT * (high - math.log10(std)) / (high - low) if std > 0 else None for std in stds]
    return path([None if y is None else (number * step, y) for number, y in enumerate(heights)])
