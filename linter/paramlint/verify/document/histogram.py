"""How the values of a tensor are spread, beside how their law spreads them over the same bins."""

from __future__ import annotations

import math

import numpy as np

from paramlint.live.laws.distribution import Array, Distribution, below
from paramlint.verify.document.schema import Histogram

BINS = 32
#: Bins left empty at either end of a law with bounds, so that its walls are seen.
MARGIN = 2
#: How far a law without bounds is drawn, in standard deviations: all but 0.006 % of a normal.
REACH = 4.0
#: The share of the values that may lie outside of the range of their law before it gives way to theirs.
OUTSIDE = 0.01


def histogram(values: Array | None, law: Distribution | None) -> Histogram | None:
    """Bin values over the range of their law, so that the histograms of tensors of one law can be added up.

    Args:
        values: a sample of the values, as a vector; None where the model was built without them.
        law: what they should follow, if that is known.

    Returns:
        None where there is nothing to draw: neither values nor a density.
    """
    sample = np.empty(0) if values is None else values[np.isfinite(values)].astype(np.float64)
    if sample.size and sample.min() == sample.max():
        value = float(sample[0])
        return Histogram(low=value, high=value, counts=(sample.size,))
    edges = _edges(sample, law)
    if edges is None:
        return None
    inside = sample[(sample >= edges[0]) & (sample <= edges[-1])]
    counts = np.histogram(inside, edges)[0] if sample.size else ()
    return Histogram(
        low=float(edges[0]),
        high=float(edges[-1]),
        counts=tuple(map(int, counts)),
        outside=sample.size - inside.size,
        expected=_expected(law, edges),
    )


def _edges(sample: Array, law: Distribution | None) -> Array | None:
    """The bounds of the bins; None where floats have no room for them."""
    ends = _range_of(law)
    if sample.size:
        least, most = float(sample.min()), float(sample.max())
        if ends is None:
            ends = least, most
        elif ((sample < ends[0]) | (sample > ends[1])).mean() > OUTSIDE:
            ends = min(least, ends[0]), max(most, ends[1])
    if ends is None or not math.isfinite(ends[1] - ends[0]):
        return None
    edges = np.linspace(*ends, BINS + 1)
    return edges if (np.diff(edges) > 0).all() else None


def _range_of(law: Distribution | None) -> tuple[float, float] | None:
    if law is None or law.cdf is None or law.mean is None or not law.std:
        return None
    low, high = max(law.low, law.mean - REACH * law.std), min(law.high, law.mean + REACH * law.std)
    step = (high - low) / (BINS - 2 * MARGIN)
    return low - MARGIN * step, high + MARGIN * step


def _expected(law: Distribution | None, edges: Array) -> tuple[float, ...]:
    """The probability of each bin; empty where the law has none for all elements alike, as a sparse one."""
    if law is None or law.cdf is None or law.free is not np.ravel:
        return ()
    return tuple(float(f"{p:.4g}") for p in np.diff(below(law.cdf, edges)))
