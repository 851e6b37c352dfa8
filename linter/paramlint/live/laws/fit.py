"""Do a tensor's values follow a law? Exact tests, corrected for how many tensors a model has.

What can be decided exactly comes first: values that are not finite, outside the bounds, or not as the law's
structure demands. Then u = F(x), which is uniform whatever the law, is tested twice over: its normal scores
by their mean and variance, which are most sensitive to a wrong location or scale, and u by Kolmogorov-Smirnov
for everything else. All three have exact distributions at any sample size, so

    p = min(1, 4 p_mean, 4 p_var, 2 p_KS)

spends half the error on shape and a quarter on each moment. Where a law has atoms, u is drawn uniformly from
the jump, which keeps it exactly uniform. docs/distributions.md has the measured error and power.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr, ndtri

from paramlint.live.laws.distribution import ROUNDING, Array, Distribution

KeyT = TypeVar("KeyT", bound=Hashable)

#: Fewer elements are not tested: a wrong law would pass anyway.
SMALLEST = 64
#: More elements are not looked at: 20,000 see a std that is 2 % off, and float32's own grain stays invisible.
LARGEST = 20_000
#: The probability that a model whose values are all right has any tensor rejected.
LEVEL = 0.01
#: u is kept this far from 0 and 1: half of the grain of torch's `uniform_`, which can return its lower bound.
GRAIN = 2.0**-25
#: How far beside an atom an element may lie, relative to itself and to the others: twice the rounding of float32.
ATOM_ROOM = 2 * float(np.finfo(np.float32).eps)

#: Steps of rounding in a standard deviation, of which fewer can be seen.
COARSE = 1_000

Verdict = Literal["follows", "rejected", "too small to test", "not testable"]


@dataclass(frozen=True)
class Fit:
    """How one tensor's values compare with a law.

    Attributes:
        verdict: `follows` means no more than that nothing speaks against the law.
        p_value: the probability of values as odd as these under the law; None where no test was made.
        reason: what does not fit, or why nothing was tested.
    """

    verdict: Verdict
    p_value: float | None = None
    reason: str = ""

    @property
    def is_undecided(self) -> bool:
        """Whether nothing was tested."""
        return self.verdict in ("too small to test", "not testable")


def fit(values: Array, distribution: Distribution) -> Fit:
    """One tensor against its distribution, at `LEVEL` on its own; for a whole model see `fit_all`."""
    return fit_all({"": (values, distribution)})[""]


def fit_all(samples: Mapping[KeyT, tuple[Array, Distribution]]) -> dict[KeyT, Fit]:
    """Each tensor against its distribution; `LEVEL` is the probability of any false rejection over all."""
    fits = {name: _fit_alone(values, distribution) for name, (values, distribution) in samples.items()}
    tested = {name: fit.p_value for name, fit in fits.items() if fit.p_value is not None}
    for name in holm(tested, LEVEL):
        values, distribution = samples[name]
        fits[name] = Fit("rejected", fits[name].p_value, _why(values, distribution, fits[name].p_value))
    return fits


def holm(p_values: Mapping[KeyT, float], level: float) -> set[KeyT]:
    """The names rejected by Holm's step-down procedure (Holm, 1979): family-wise error at most `level`."""
    rejected: set[KeyT] = set()
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p > level / (len(p_values) - rank):
            break
        rejected.add(name)
    return rejected


def _fit_alone(values: Array, distribution: Distribution) -> Fit:
    """The exact checks, and a p-value that is not yet judged."""
    if values.dtype not in (np.float32, np.float64):
        return Fit("not testable", reason=f"{values.dtype} is too coarse for the test, which needs float32")
    fault = _certain_fault(values, distribution)
    if fault:
        return Fit("rejected", reason=fault)
    free = distribution.free(values)
    known = distribution.cdf is not None or distribution.draw is not None
    if not known or not free.size:
        return Fit("follows")
    if _is_too_coarse(distribution):
        return Fit("not testable", reason="float32 has too few values where the law lies")
    if free.size < SMALLEST:
        return Fit("too small to test", reason=f"{free.size} elements, {SMALLEST} are needed")
    # One seed for all: the same values always get the same verdict.
    generator = np.random.default_rng(0)
    return Fit("follows", _p_value(_subsample(free, generator), distribution, generator))


def _is_too_coarse(distribution: Distribution) -> bool:
    """Whether rounding alone would be found: the values lie far from zero, and close together."""
    spread, mean = distribution.std, distribution.mean
    largest = max(distribution.size, abs(mean or 0.0))
    return spread is not None and spread > 0 and ROUNDING * largest > spread / COARSE


def _certain_fault(values: Array, distribution: Distribution) -> str | None:
    """What is wrong without any probability."""
    if not values.size:
        return None
    is_finite = distribution.mean is None or math.isfinite(distribution.mean)
    if is_finite and not np.isfinite(values).all():
        return f"{int((~np.isfinite(values)).sum())} of {values.size} elements are not finite"
    room = distribution.rounding
    least, most = float(values.min()), float(values.max())
    if least < distribution.low - room:
        return f"the value {least:.6g} is under the lower bound {distribution.low:.6g}"
    if most > distribution.high + room:
        return f"the value {most:.6g} is over the upper bound {distribution.high:.6g}"
    return distribution.fault(values)


def _subsample(values: Array, generator: np.random.Generator) -> Array:
    """At most `LARGEST` of the elements, in float64."""
    if values.size > LARGEST:
        values = values[generator.choice(values.size, LARGEST, replace=False)]
    return values.astype(np.float64)


def _p_value(values: Array, distribution: Distribution, generator: np.random.Generator) -> float:
    if distribution.draw is not None:
        return _two_samples(values, _subsample(distribution.draw(), generator))
    assert distribution.cdf is not None
    p_mean, p_variance, p_shape = _p_values(_uniforms(values, distribution, generator))
    return min(1.0, 4 * p_mean, 4 * p_variance, 2 * p_shape)


def _uniforms(values: Array, distribution: Distribution, generator: np.random.Generator) -> Array:
    """The randomised probability integral transform: F(x), or a uniform draw from the jump of F at x or as good as.

    Rounded to float32, an element of an atom may lie just beside it.
    """
    cdf = distribution.cdf
    assert cdf is not None
    size = np.abs(values)
    room = ATOM_ROOM * (size + (float(np.median(size[size > 0])) if size.any() else 1.0) + distribution.size)
    left = cdf(values - room)
    u = left + generator.random(values.size) * (cdf(values + room) - left)
    return np.clip(u, GRAIN, 1 - GRAIN)


def _p_values(u: Array) -> tuple[float, float, float]:
    """The p-values of mean and variance of the normal scores, and of Kolmogorov-Smirnov."""
    n = u.size
    z = ndtri(u)
    p_mean = 2 * float(ndtr(-abs(z.mean()) * math.sqrt(n)))
    # The sum of n squares is chi-squared with n degrees of freedom: the regularised incomplete gamma functions.
    squares = float(z @ z)
    p_variance = 2 * min(float(gammainc(n / 2, squares / 2)), float(gammaincc(n / 2, squares / 2)))
    return p_mean, p_variance, _one_sample(u)


# `scipy.stats` takes longer to load than most models to build, so it is imported by the two tests that need it.
def _one_sample(u: Array) -> float:
    """The p-value of Kolmogorov-Smirnov against a uniform law, exact for the sample size."""
    from scipy.stats import kstwo

    ranked = np.sort(u)
    steps = np.arange(u.size + 1) / u.size
    distance = max(float((steps[1:] - ranked).max()), float((ranked - steps[:-1]).max()))
    return float(kstwo.sf(distance, u.size))


def _two_samples(values: Array, drawn: Array) -> float:
    """The p-value of the two-sample Kolmogorov-Smirnov test."""
    from scipy.stats import ks_2samp

    return float(np.asarray(ks_2samp(values, drawn, method="asymp"))[1])


def _why(values: Array, distribution: Distribution, p: float | None) -> str:
    """The figures that a person compares first: mean and std, where they are known."""
    odds = f"p = {p:.1g}" if p else "p < 1e-300"
    if distribution.mean is None or distribution.std is None:
        return f"the values are distributed differently ({odds})"
    return (
        f"mean {values.mean():.4g} and std {values.std():.4g}"
        f" where {distribution.mean:.4g} and {distribution.std:.4g} are expected ({odds})"
    )
