"""Are two laws the same? What is written differently may be: `normal(std=1).scaled(0.02)` and `normal(std=0.02)`."""

from __future__ import annotations

import math

import numpy as np

from paramlint.live.laws.distribution import Distribution, shown

#: How far two cumulative distribution functions may differ: 20,000 values could not tell them apart.
TOLERANCE = 1e-4
#: Where they are compared: so many points over so many standard deviations around each mean.
POINTS, REACH = 4001, 6.0


def are_same(one: Distribution, other: Distribution) -> bool | None:
    """Whether two tensors that follow these would look alike; None where that cannot be told.

    Laws whose elements depend on each other (orthogonal rows, zeros in every column) are the same only if they are
    written the same. A law known by example or by a function alone has no mean and std, and cannot be compared.
    """
    if shown(one.law) == shown(other.law):
        return True
    if one.mean is None or one.std is None or other.mean is None or other.std is None:
        return None
    if one.is_constant or other.is_constant:
        both = one.is_constant and other.is_constant
        return both and math.isclose(one.mean, other.mean, rel_tol=1e-6)
    if not _is_plain(one) or not _is_plain(other):
        return False
    return _distance(one, other) <= TOLERANCE


def _is_plain(distribution: Distribution) -> bool:
    """Whether its elements are independent, so that the cdf is all there is to it."""
    return distribution.cdf is not None and distribution.free is np.ravel


def _distance(one: Distribution, other: Distribution) -> float:
    """The largest difference of the two cumulative distribution functions: Kolmogorov's distance."""
    assert one.cdf is not None
    assert other.cdf is not None
    points = np.concatenate([_points(one), _points(other)])
    return float(np.abs(one.cdf(points) - other.cdf(points)).max())


def _points(distribution: Distribution) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    assert distribution.mean is not None
    assert distribution.std is not None
    reach = REACH * distribution.std
    low = max(distribution.low, distribution.mean - reach)
    high = min(distribution.high, distribution.mean + reach)
    return np.linspace(low, high, POINTS)
