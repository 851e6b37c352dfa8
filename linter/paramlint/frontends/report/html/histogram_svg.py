"""A histogram as the paths of an SVG: bars for the values, a stepped line for the density of their law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paramlint.verify.document.schema import Histogram

WIDTH, HEIGHT = 160, 36
#: Between two bars.
GAP = 0.6


@dataclass(frozen=True)
class Picture:
    """What the template draws.

    Attributes:
        bars, line: the `d` of two paths; either may be empty.
        low, high: the ends of the axis.
        outside: how many values lie beyond them.
    """

    bars: str
    line: str
    low: float
    high: float
    outside: int


def added(histograms: Sequence[Histogram]) -> Histogram | None:
    """The histogram of all values of tensors with the same bins; of the first alone where the bins differ."""
    if not histograms:
        return None
    first = histograms[0]
    if any((other.low, other.high) != (first.low, first.high) for other in histograms):
        return first
    counts = tuple(sum(bins) for bins in zip(*(one.counts for one in histograms), strict=False))
    outside = sum(one.outside for one in histograms)
    return Histogram(low=first.low, high=first.high, counts=counts, outside=outside, expected=first.expected)


def picture(histogram: Histogram) -> Picture:
    """Bars and line to one scale: both are shares of all values."""
    total = sum(histogram.counts) + histogram.outside
    shares = [count / total for count in histogram.counts] if total else []
    top = max([*shares, *histogram.expected], default=0.0) or 1.0
    return Picture(
        bars=_bars([share / top for share in shares]),
        line=_line([share / top for share in histogram.expected]),
        low=histogram.low,
        high=histogram.high,
        outside=histogram.outside,
    )


def _bars(heights: Sequence[float]) -> str:
    """One rectangle for each bin that is not empty."""
    step = WIDTH / len(heights) if heights else 0.0
    return "".join(
        f"M{_short(i * step + GAP / 2)} {HEIGHT}V{_short(_y(height))}h{_short(step - GAP)}V{HEIGHT}z"
        for i, height in enumerate(heights)
        if height
    )


def _line(heights: Sequence[float]) -> str:
    """The outline from the left to the right end of the axis."""
    if not heights:
        return ""
    step = WIDTH / len(heights)
    return (
        f"M0 {HEIGHT}"
        + "".join(f"V{_short(_y(height))}H{_short((i + 1) * step)}" for i, height in enumerate(heights))
        + f"V{HEIGHT}"
    )


def _y(height: float) -> float:
    """A little room is left at the top, and what is not nothing is seen."""
    return HEIGHT - max(height * (HEIGHT - 2), 0.5 if height else 0)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
