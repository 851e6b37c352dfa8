"""The distribution of a tensor's elements, once its shape is known: moments, bounds and cdf, all exact.

Nothing here knows torch; arrays are numpy's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.floating]
Cdf = Callable[[Array], Array]

#: A figure that may have more digits than people read.
LONG = re.compile(r"\d+\.\d+(?:e[-+]\d+)?")
#: Rounding of float32 that is left room for, relative to the largest number on the way.
ROUNDING = 4 * float(np.finfo(np.float32).eps)
#: Gauss-Legendre nodes for the moments of a cut-out piece: exact to rounding for the smooth laws below.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
#: Where an unbounded law ends for the integration of its moments, in standard deviations.
REACH = 40.0


@dataclass(frozen=True)
class Distribution:
    """What the elements of one tensor follow.

    Attributes:
        law: the law as its constructor writes it, `normal(std=0.02)`.
        mean, std: over all elements, None where they are unknown.
        low, high: no element lies outside.
        cdf: P(element <= x) for an array of x; None where the elements are not independent (orthogonal).
        fault: what is exactly wrong with the whole tensor, or None; `"row 3 is not orthogonal to row 1"`.
        free: the elements, as a vector, that follow `cdf` independently of one another.
        is_smooth: whether moments of a part of it can be integrated, where none of `atoms` is in it.
        atoms: values that elements were moved to.
        size: of the largest number on the way, to which rounding is relative; 0 where that is not known.
        draw: a sample of the law where it is known only by example; it stands in for `cdf`.
    """

    law: str
    mean: float | None
    std: float | None
    low: float = -math.inf
    high: float = math.inf
    cdf: Cdf | None = None
    fault: Callable[[Array], str | None] = lambda _: None
    free: Callable[[Array], Array] = np.ravel
    is_smooth: bool = True
    atoms: tuple[float, ...] = ()
    size: float = 0.0
    draw: Callable[[], Array] | None = None

    @property
    def rounding(self) -> float:
        """How far beside its bounds and atoms float32 may put an element."""
        ends = [abs(end) for end in (self.low, self.high) if math.isfinite(end)]
        return ROUNDING * max(self.size, *ends, 0.0)

    @property
    def is_constant(self) -> bool:
        """Whether every element is the same."""
        return self.std == 0

    def scaled(self, factor: float) -> Distribution:
        """The distribution of `factor` times an element.

        Raises:
            ValueError: the factor is zero or not finite, or the law is known only by a fault or an example.
        """
        law = f"{self.law}.scaled({number(factor)})"
        if self.is_constant and self.mean is not None:
            return constant_at(law, self.mean * factor, self.size * abs(factor))
        cdf = self.cdf
        if cdf is None or not math.isfinite(factor) or not factor:
            raise ValueError(f"{self.law} cannot be scaled by {factor}")
        ends = sorted((self.low * factor, self.high * factor))
        return replace(
            self,
            law=law,
            mean=None if self.mean is None else self.mean * factor,
            std=None if self.std is None else self.std * abs(factor),
            low=ends[0],
            high=ends[1],
            size=self.size * abs(factor),
            atoms=tuple(atom * factor for atom in self.atoms),
            cdf=(lambda x: cdf(x / factor)) if factor > 0 else (lambda x: 1 - below(cdf, x / factor)),
            fault=lambda values: self.fault(values / factor),
        )

    def shifted(self, offset: float) -> Distribution:
        """The distribution of an element plus `offset`.

        Raises:
            ValueError: the offset is not finite, or the law is known only by a fault or an example.
        """
        law = f"{self.law}.shifted({number(offset)})"
        size = max(self.size, abs(offset), *(abs(end) for end in (self.low, self.high) if math.isfinite(end)))
        if self.is_constant and self.mean is not None:
            return constant_at(law, self.mean + offset, size)
        cdf = self.cdf
        # A law whose free elements are chosen by their value, such as those that are not 0, cannot move.
        if cdf is None or self.free is not np.ravel or not math.isfinite(offset):
            raise ValueError(f"{self.law} cannot be shifted by {offset}")
        return replace(
            self,
            law=law,
            mean=None if self.mean is None else self.mean + offset,
            low=self.low + offset,
            high=self.high + offset,
            size=size,
            atoms=tuple(atom + offset for atom in self.atoms),
            cdf=lambda x: cdf(x - offset),
            fault=lambda values: self.fault(values - offset),
        )

    def replaced(self, low: float, high: float, value: float) -> Distribution:
        """The distribution after each element strictly between `low` and `high` has become `value`.

        Raises:
            ValueError: `low` is not under `high`, or the law is known only by a fault or an example.
        """
        cdf = self.cdf
        if cdf is None or self.free is not np.ravel or not low < high:
            raise ValueError(f"{self.law} cannot be replaced between {low} and {high}")
        up_to_low = float(cdf(np.array([low]))[0])
        under_high = float(below(cdf, np.array([high]))[0])
        moved = under_high - up_to_low
        if moved >= 1:
            return constant_at(f"{self.law}.replaced({number(low)}, {number(high)}, {number(value)})", value)

        def replaced_cdf(x: Array) -> Array:
            kept = cdf(np.minimum(x, low)) + np.where(x >= high, cdf(x) - under_high, 0.0)
            return np.asarray(kept + np.where(x >= value, moved, 0.0))

        mean, std = self._moments_replaced(low, high, value, moved)
        return replace(
            self,
            law=f"{self.law}.replaced({number(low)}, {number(high)}, {number(value)})",
            mean=mean,
            std=std,
            low=min(high if low <= self.low < high else self.low, value) if moved else self.low,
            high=max(low if low < self.high <= high else self.high, value) if moved else self.high,
            cdf=replaced_cdf,
            fault=lambda values: self.fault(values) or _left_between(values, low, high, value),
            atoms=(*self.atoms, value),
        )

    def clamped(self, low: float, high: float) -> Distribution:
        """The distribution after each element below `low` has become `low`, and each above `high` has become `high`.

        Raises:
            ValueError: `low` is above `high`, or the law is known only by a fault or an example.
        """
        law = f"{self.law}.clamped({number(low)}, {number(high)})"
        if self.is_constant and self.mean is not None and low <= high:
            return constant_at(law, min(max(self.mean, low), high), self.size)
        cdf = self.cdf
        if cdf is None or self.free is not np.ravel or not low <= high:
            raise ValueError(f"{self.law} cannot be clamped between {low} and {high}")
        start, end = max(low, self.low), min(high, self.high)
        if start >= end:
            return constant_at(law, low if self.high <= low else high, self.size)
        mean, std = _moments_clamped(self, cdf, start, end)
        return replace(
            self,
            law=law,
            mean=mean,
            std=std,
            low=start,
            high=end,
            cdf=lambda x: np.where(x < start, 0.0, np.where(x >= end, 1.0, cdf(x))),
            fault=lambda _: None,
            atoms=(*self.atoms, start, end),
        )

    def _moments_replaced(
        self, low: float, high: float, value: float, moved: float
    ) -> tuple[float | None, float | None]:
        """Mean and std after `replaced`: the piece between is taken out, its mass comes back at `value`."""
        if self.mean is None or self.std is None or self.cdf is None:
            return None, None
        start = max(low, self.low, self.mean - REACH * self.std)
        end = min(high, self.high, self.mean + REACH * self.std)
        if not _is_integrable(self, start, end):
            return None, None
        first, second = _partial_moments(self.cdf, start, end) if start < end else (0.0, 0.0)
        mean = self.mean - first + moved * value
        square = self.std**2 + self.mean**2 - second + moved * value**2
        return mean, math.sqrt(max(square - mean**2, 0.0))


def _is_integrable(law: Distribution, start: float, end: float) -> bool:
    """Whether the moments of a part of a law can be had by integration."""
    return law.is_smooth and not any(start < atom < end for atom in law.atoms)


def below(cdf: Cdf, x: Array) -> Array:
    """P(element < x): the cdf just left of x, which differs from the cdf where the law has an atom."""
    return cdf(np.nextafter(x, -np.inf))


def _partial_moments(cdf: Cdf, start: float, end: float) -> tuple[float, float]:
    """The integrals of x and of x squared over the part of a law between two points, by parts."""
    x = start + (NODES + 1) / 2 * (end - start)
    weights = WEIGHTS * (end - start) / 2
    at_start = float(cdf(np.array([start]))[0])
    at_end = float(below(cdf, np.array([end]))[0])
    values = cdf(x)
    first = end * at_end - start * at_start - float(weights @ values)
    second = end**2 * at_end - start**2 * at_start - float(weights @ (2 * x * values))
    return first, second


def _moments_clamped(law: Distribution, cdf: Cdf, low: float, high: float) -> tuple[float | None, float | None]:
    """Mean and std after `clamped`: what lies between stays, and the rest of the mass comes to the ends."""
    if law.mean is None or law.std is None:
        return None, None
    start, end = max(low, law.mean - REACH * law.std), min(high, law.mean + REACH * law.std)
    if start >= end or not _is_integrable(law, start, end):
        return None, None
    at_start = float(cdf(np.array([start]))[0])
    at_end = float(below(cdf, np.array([end]))[0])
    first, second = _partial_moments(cdf, start, end)
    mean = first + at_start * start + (1 - at_end) * end
    square = second + at_start * start**2 + (1 - at_end) * end**2
    return mean, math.sqrt(max(square - mean**2, 0.0))


def gaussian(law: str, mean: float, std: float) -> Distribution:
    """A normal distribution; with `std=0` the constant that it then is."""
    if std == 0:
        return constant_at(law, mean)
    return Distribution(law, mean, std, cdf=lambda x: ndtr((x - mean) / std))


def flat(law: str, low: float, high: float) -> Distribution:
    """A uniform distribution between two bounds; where they are equal, the constant that it then is."""
    if low == high:
        return constant_at(law, low)
    return Distribution(
        law,
        mean=(low + high) / 2,
        std=(high - low) / math.sqrt(12),
        low=low,
        high=high,
        cdf=lambda x: np.clip((x - low) / (high - low), 0.0, 1.0),
    )


def lognormal(law: str, mean: float, std: float) -> Distribution:
    """The exponential of a normal variable; Johnson, Kotz and Balakrishnan, 14.3."""
    if std == 0:
        return constant_at(law, math.exp(mean))

    def cdf(x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 0, ndtr((np.log(x) - mean) / std), 0.0)

    centre = math.exp(mean + std**2 / 2)
    return Distribution(law, centre, centre * math.sqrt(math.expm1(std**2)), low=0.0, cdf=cdf, is_smooth=False)


def waiting(law: str, rate: float) -> Distribution:
    """An exponential distribution."""
    return Distribution(law, 1 / rate, 1 / rate, low=0.0, cdf=lambda x: -np.expm1(-rate * np.maximum(x, 0.0)))


def wide(law: str, median: float, width: float) -> Distribution:
    """A Cauchy distribution, which has neither mean nor std."""
    return Distribution(law, None, None, cdf=lambda x: 0.5 + np.arctan((x - median) / width) / math.pi)


def whole_numbers(law: str, low: int, high: int) -> Distribution:
    """Whole numbers from `low` to below `high`, each as likely."""
    count = high - low
    if count == 1:
        return constant_at(law, low)
    return Distribution(
        law,
        mean=(low + high - 1) / 2,
        std=math.sqrt((count**2 - 1) / 12),
        low=low,
        high=high - 1,
        cdf=lambda x: np.clip((np.floor(x) - low + 1) / count, 0.0, 1.0),
        is_smooth=False,
    )


def coin(law: str, p: float) -> Distribution:
    """1 with a probability, and else 0."""
    if p in (0, 1):
        return constant_at(law, p)
    return Distribution(
        law,
        mean=p,
        std=math.sqrt(p * (1 - p)),
        low=0.0,
        high=1.0,
        cdf=lambda x: np.where(x < 0, 0.0, np.where(x < 1, 1 - p, 1.0)),
        is_smooth=False,
    )


def trials(law: str, p: float) -> Distribution:
    """The number of the first success, counting from 1, where each has a probability."""
    if p == 1:
        return constant_at(law, 1.0)
    return Distribution(
        law,
        mean=1 / p,
        std=math.sqrt(1 - p) / p,
        low=1.0,
        cdf=lambda x: -np.expm1(np.maximum(np.floor(x), 0.0) * math.log1p(-p)),
        is_smooth=False,
    )


def truncated(law: str, mean: float, std: float, low: float, high: float) -> Distribution:
    """A normal distribution of which what falls outside two bounds is drawn again.

    The moments are those of Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 13.10.1.
    """
    a, b = (low - mean) / std, (high - mean) / std
    # Near 1 the difference of two probabilities loses its digits: an upper tail is taken by its mirror image.
    sign = -1.0 if a > 0 else 1.0
    under, over = sorted((float(ndtr(sign * a)), float(ndtr(sign * b))))
    mass = over - under
    if mass <= 0:
        raise ValueError(f"{law} has no probability between its bounds")
    density_a, density_b = _density(a), _density(b)
    shift = (density_a - density_b) / mass
    edge = (a * density_a if math.isfinite(a) else 0.0) - (b * density_b if math.isfinite(b) else 0.0)

    def cdf(x: Array) -> Array:
        z = sign * (np.clip(x, low, high) - mean) / std
        share = (ndtr(z) - under) / mass
        return np.asarray(share if sign > 0 else 1 - share)

    return Distribution(
        law,
        mean=mean + std * shift,
        std=std * math.sqrt(max(1 + edge / mass - shift**2, 0.0)),
        low=low,
        high=high,
        cdf=cdf,
    )


def constant_at(law: str, value: float, size: float = 0.0) -> Distribution:
    """Every element is one value, to the last digit but one of float32; `size` as of a distribution."""

    def fault(values: Array) -> str | None:
        return _first_difference(values, np.full(values.shape, value), ROUNDING * size)

    return Distribution(law, value, 0.0, value, value, fault=fault, free=nothing, size=size)


def zeros_and_ones(law: str, ones: int, count: int, expected: Callable[[], Array]) -> Distribution:
    """The tensor of `count` elements is an array of zeros and `ones` ones, made only when it is compared."""
    mean = ones / count
    return Distribution(
        law,
        mean=mean,
        std=math.sqrt(mean - mean**2),
        low=0.0,
        high=1.0,
        fault=lambda values: _first_difference(values, expected()),
        free=nothing,
    )


def nothing(_: Array) -> Array:
    """No element is random."""
    return np.empty(0)


def number(value: float) -> str:
    """A figure as a law writes it: short where that is exact, else with all of its digits."""
    short = f"{value:.6g}"
    return short if float(short) == value or value != value else repr(float(value))


def shown(law: str) -> str:
    """A law as people read it: six digits tell any two apart."""
    return LONG.sub(lambda found: f"{float(found[0]):.6g}", law)


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _left_between(values: Array, low: float, high: float, value: float) -> str | None:
    """The first element between two bounds that did not become the value; rounding is allowed for."""
    room = 1e-6 * max(abs(low), abs(high))
    is_value = np.isclose(values, value, rtol=1e-6, atol=room)
    inside = values[(values > low + room) & (values < high - room) & ~is_value]
    if not inside.size:
        return None
    between = f"between {number(low)} and {number(high)}"
    return f"the value {inside.flat[0]:.6g} lies {between} and is not {number(value)}"


def _first_difference(values: Array, expected: Array, room: float = 0.0) -> str | None:
    wrong = ~np.isclose(values, expected, rtol=1e-6, atol=room, equal_nan=True)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"element {list(index)} is {values[index]:.6g} where {expected[index]:.6g} is expected"
