"""Laws: what an initialisation makes a tensor's elements follow. The names are those of `torch.nn.init`.

    normal(std=0.02)                            a law, whatever the shape
    kaiming_uniform(a=5**0.5).at((64, 128))     the distribution of one tensor: mean, std, bounds, cdf
    uniform(-10, 10).replaced(-5, 5, 0.0)       each element between -5 and 5 has become 0
    like(my_init_)                              as this function fills a tensor

They serve as expectations in tests and contracts, and say what is known from the call that wrote a tensor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paramlint.live.laws import distribution
from paramlint.live.laws.distribution import Array, Cdf, Distribution, number
from paramlint.live.laws.fan import fans, gain_of, written

if TYPE_CHECKING:
    import torch

Shape = Sequence[int]
FanMode = Literal["fan_in", "fan_out"]
MODES = ("fan_in", "fan_out")

#: How far a float32 QR factorisation leaves the products of rows from exact, relative to gain squared.
ORTHOGONAL_TOLERANCE = 1e-4
#: Elements that `like` draws at least, so that its own sampling error is the smaller one.
DRAWN = 20_000
#: The first seed of `like`: not one that a model is likely to be built with, or both samples would be equal.
SEED = 0x9A7A_0000


@dataclass(frozen=True)
class Law:
    """A law that applies to tensors of any shape.

    Attributes:
        text: the law as it is written, and as reports show it.
        bind: from a shape to the distribution.
    """

    text: str
    bind: Callable[[Shape], Distribution]

    def at(self, shape: Shape) -> Distribution:
        """The distribution of a tensor of this shape.

        Raises:
            ValueError: the law is not defined for the shape, such as a fan-in for a vector.
        """
        return self.bind(tuple(shape))

    def scaled(self, factor: float) -> Law:
        """The law of `factor` times an element."""
        return Law(f"{self.text}.scaled({number(factor)})", lambda shape: self.at(shape).scaled(factor))

    def shifted(self, offset: float) -> Law:
        """The law of an element plus `offset`."""
        return Law(f"{self.text}.shifted({number(offset)})", lambda shape: self.at(shape).shifted(offset))

    def replaced(self, low: float, high: float, value: float = 0.0) -> Law:
        """The law after each element strictly between `low` and `high` has become `value`."""
        text = f"{self.text}.replaced({number(low)}, {number(high)}, {number(value)})"
        return Law(text, lambda shape: self.at(shape).replaced(low, high, value))

    def clamped(self, low: float = -math.inf, high: float = math.inf) -> Law:
        """The law after each element below `low` has become `low`, and each above `high` has become `high`."""
        text = f"{self.text}.clamped({number(low)}, {number(high)})"
        return Law(text, lambda shape: self.at(shape).clamped(low, high))

    def __str__(self) -> str:
        return self.text


def normal(mean: float = 0.0, std: float = 1.0) -> Law:
    """Normal with this mean and standard deviation."""
    _at_least_zero("std", std)
    text = _text("normal", {"mean": (mean, 0.0), "std": (std, None)})
    return Law(text, lambda _: distribution.gaussian(text, mean, std))


def uniform(a: float = 0.0, b: float = 1.0) -> Law:
    """Uniform between `a` and `b`."""
    if a > b:
        raise ValueError(f"uniform: a={a} is above b={b}")
    text = f"uniform({number(a)}, {number(b)})"
    return Law(text, lambda _: distribution.flat(text, a, b))


def trunc_normal(mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Law:
    """Normal, drawn again until it lies between `a` and `b`, which are values, not multiples of `std`."""
    _positive("trunc_normal", "std", std)
    if a >= b:
        raise ValueError(f"trunc_normal: a={a} is not under b={b}")
    text = _text("trunc_normal", {"mean": (mean, 0.0), "std": (std, None), "a": (a, None), "b": (b, None)})
    return Law(text, lambda _: distribution.truncated(text, mean, std, a, b))


def exponential(lambd: float = 1.0) -> Law:
    """Exponential of this rate: mean and std are 1 / `lambd`."""
    _positive("exponential", "lambd", lambd)
    text = _text("exponential", {"lambd": (lambd, 1.0)})
    return Law(text, lambda _: distribution.waiting(text, lambd))


def log_normal(mean: float = 1.0, std: float = 2.0) -> Law:
    """The exponential of a normal variable of this mean and standard deviation."""
    _at_least_zero("std", std)
    text = _text("log_normal", {"mean": (mean, None), "std": (std, None)})
    return Law(text, lambda _: distribution.lognormal(text, mean, std))


def cauchy(median: float = 0.0, sigma: float = 1.0) -> Law:
    """Cauchy around `median`, half of it within `sigma`; it has no mean and no standard deviation."""
    _positive("cauchy", "sigma", sigma)
    text = _text("cauchy", {"median": (median, 0.0), "sigma": (sigma, 1.0)})
    return Law(text, lambda _: distribution.wide(text, median, sigma))


def geometric(p: float) -> Law:
    """The number of the first success, counting from 1, of trials that succeed with probability `p`."""
    if not 0 < p <= 1:
        raise ValueError(f"geometric: p={p} is not above 0 and at most 1")
    text = _text("geometric", {"p": (p, None)})
    return Law(text, lambda _: distribution.trials(text, p))


def bernoulli(p: float = 0.5) -> Law:
    """1 with probability `p`, and else 0."""
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli: p={p} is not between 0 and 1")
    text = _text("bernoulli", {"p": (p, 0.5)})
    return Law(text, lambda _: distribution.coin(text, p))


def integers(low: int, high: int) -> Law:
    """Whole numbers from `low` to below `high`, each as likely."""
    if low != math.floor(low) or high != math.floor(high) or low >= high:
        raise ValueError(f"integers: low={low} and high={high} are no whole numbers, the first one below the second")
    text = f"integers({int(low)}, {int(high)})"
    return Law(text, lambda _: distribution.whole_numbers(text, int(low), int(high)))


def xavier_uniform(gain: float = 1.0) -> Law:
    """Uniform of std gain * sqrt(2 / (fan_in + fan_out)): Glorot and Bengio, 2010."""
    text = _text("xavier_uniform", {"gain": (gain, 1.0)})
    return Law(text, lambda shape: _flat_of_std(text, gain * math.sqrt(2 / sum(fans(shape)))))


def xavier_normal(gain: float = 1.0) -> Law:
    """Normal of std gain * sqrt(2 / (fan_in + fan_out)): Glorot and Bengio, 2010."""
    text = _text("xavier_normal", {"gain": (gain, 1.0)})
    return Law(text, lambda shape: distribution.gaussian(text, 0.0, gain * math.sqrt(2 / sum(fans(shape)))))


def kaiming_uniform(a: float = 0.0, mode: FanMode = "fan_in", nonlinearity: str = "leaky_relu") -> Law:
    """Uniform of std gain / sqrt(fan): He, Zhang, Ren and Sun, 2015. `a` is the slope of a leaky ReLU."""
    _known_mode("kaiming_uniform", mode)
    text = _kaiming_text("kaiming_uniform", a, mode, nonlinearity)
    gain = gain_of(nonlinearity, a)
    return Law(text, lambda shape: _flat_of_std(text, gain / math.sqrt(_fan(shape, mode))))


def kaiming_normal(a: float = 0.0, mode: FanMode = "fan_in", nonlinearity: str = "leaky_relu") -> Law:
    """Normal of std gain / sqrt(fan): He, Zhang, Ren and Sun, 2015. `a` is the slope of a leaky ReLU."""
    _known_mode("kaiming_normal", mode)
    text = _kaiming_text("kaiming_normal", a, mode, nonlinearity)
    gain = gain_of(nonlinearity, a)
    return Law(text, lambda shape: distribution.gaussian(text, 0.0, gain / math.sqrt(_fan(shape, mode))))


def constant(val: float) -> Law:
    """Every element is `val`."""
    text = f"constant({number(val)})"
    return Law(text, lambda _: distribution.constant_at(text, val))


def zeros() -> Law:
    """Every element is 0."""
    return Law("zeros()", lambda _: distribution.constant_at("zeros()", 0.0))


def ones() -> Law:
    """Every element is 1."""
    return Law("ones()", lambda _: distribution.constant_at("ones()", 1.0))


def eye() -> Law:
    """The identity matrix, cut or padded with zeros to the shape."""

    def bind(shape: Shape) -> Distribution:
        if len(shape) != 2:
            raise ValueError(f"eye is defined for 2 dimensions, not for the shape {written(shape)}")
        rows, columns = shape
        return distribution.zeros_and_ones(
            "eye()", min(shape), rows * columns, lambda: np.eye(rows, columns, dtype=np.float32)
        )

    return Law("eye()", bind)


def dirac(groups: int = 1) -> Law:
    """A convolution that passes input channels on, group by group: a 1 at the kernel's centre for each."""
    text = _text("dirac", {"groups": (groups, 1)})

    def bind(shape: Shape) -> Distribution:
        if len(shape) not in (3, 4, 5) or shape[0] % groups:
            raise ValueError(f"dirac needs 3 to 5 dimensions, the first divisible by {groups}, not {written(shape)}")
        size = shape[0] // groups
        channels = min(size, shape[1])
        centre = tuple(n // 2 for n in shape[2:])

        def expected() -> Array:
            array = np.zeros(shape, dtype=np.float32)
            for group in range(groups):
                for channel in range(channels):
                    array[(group * size + channel, channel, *centre)] = 1
            return array

        return distribution.zeros_and_ones(text, groups * channels, math.prod(shape), expected)

    return Law(text, bind)


def orthogonal(gain: float = 1.0) -> Law:
    """The rows of the flattened matrix, or its columns if fewer, are orthogonal and of length `gain`."""
    text = _text("orthogonal", {"gain": (gain, 1.0)})

    def bind(shape: Shape) -> Distribution:
        rows, columns = _matrix(shape, "orthogonal")
        # The squares add up to gain^2 for each orthogonal row or column, over rows * columns elements.
        std = gain / math.sqrt(max(rows, columns))
        return Distribution(
            text, 0.0, abs(std), low=-abs(gain), high=abs(gain), fault=lambda w: _not_orthogonal(w, gain)
        )

    return Law(text, bind)


def sparse(sparsity: float, std: float = 0.01) -> Law:
    """Normal, with the same number of zeros in every column: ceil(sparsity * rows). Martens, 2010."""
    _at_least_zero("std", std)
    text = _text("sparse", {"sparsity": (sparsity, None), "std": (std, 0.01)})

    def bind(shape: Shape) -> Distribution:
        if len(shape) != 2:
            raise ValueError(f"sparse is defined for 2 dimensions, not for the shape {written(shape)}")
        rows = shape[0]
        zeroed = math.ceil(sparsity * rows)
        return Distribution(
            text,
            mean=0.0,
            std=std * math.sqrt(1 - zeroed / rows),
            cdf=distribution.gaussian(text, 0.0, std).cdf,
            fault=lambda values: _wrong_zeros(values, zeroed),
            free=lambda values: values[values != 0],
        )

    return Law(text, bind)


def custom(
    cdf: Cdf,
    low: float = -math.inf,
    high: float = math.inf,
    mean: float | None = None,
    std: float | None = None,
    text: str = "",
) -> Law:
    """A law given by its cumulative distribution function: from an array of x to the P(element <= x).

    Jumps of the function are atoms of the law and may stand anywhere.
    """
    text = text or f"custom({getattr(cdf, '__name__', 'cdf')})"
    return Law(text, lambda _: Distribution(text, mean, std, low, high, cdf=cdf))


def sampled(draw: Callable[[Shape, int], Array], text: str = "") -> Law:
    """A law known by example: `draw(shape, seed)` returns an array of the shape. Tested with two samples."""
    text = text or f"sampled({getattr(draw, '__name__', 'draw')})"

    def bind(shape: Shape) -> Distribution:
        times = -(-DRAWN // max(math.prod(shape), 1))
        return Distribution(
            text,
            None,
            None,
            draw=lambda: np.concatenate([np.ravel(draw(shape, seed)) for seed in range(times)]),
        )

    return Law(text, bind)


def like(initialise: Callable[[torch.Tensor], object]) -> Law:
    """As this initialiser fills a float32 tensor in place: `like(nn.init.kaiming_uniform_)`.

    Its random numbers come from seeds of their own, and torch's generator is left as it was.
    """

    def draw(shape: Shape, seed: int) -> Array:
        import torch

        tensor = torch.empty(tuple(shape), dtype=torch.float32)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(SEED + seed)
            initialise(tensor)
        return np.asarray(tensor.numpy())

    return sampled(draw, f"like({getattr(initialise, '__name__', 'initialiser')})")


def _fan(shape: Shape, mode: str) -> int:
    return fans(shape)[MODES.index(mode)]


def _flat_of_std(text: str, std: float) -> Distribution:
    bound = math.sqrt(3) * abs(std)
    return distribution.flat(text, -bound, bound)


def _matrix(shape: Shape, name: str) -> tuple[int, int]:
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"{name} needs 2 dimensions or more, not the shape {written(shape)}")
    return shape[0], math.prod(shape[1:])


def _not_orthogonal(values: Array, gain: float) -> str | None:
    matrix = values.reshape(len(values), -1).astype(np.float64)
    short, lines = (matrix, "rows") if matrix.shape[0] <= matrix.shape[1] else (matrix.T, "columns")
    products = short @ short.T
    off = np.abs(products - gain**2 * np.eye(len(products)))
    if off.max() <= ORTHOGONAL_TOLERANCE * gain**2:
        return None
    i, j = (int(k) for k in np.unravel_index(off.argmax(), off.shape))
    if i == j:
        return f"{lines[:-1]} {i} has length {math.sqrt(products[i, i]):.6g} where {abs(gain):.6g} is expected"
    return f"{lines} {i} and {j} are not orthogonal: their product is {products[i, j]:.6g}"


def _wrong_zeros(values: Array, expected: int) -> str | None:
    counts = (values == 0).sum(axis=0)
    wrong = np.flatnonzero(counts != expected)
    if not len(wrong):
        return None
    return f"column {wrong[0]} has {counts[wrong[0]]} zeros where {expected} are expected"


def _kaiming_text(name: str, a: float, mode: str, nonlinearity: str) -> str:
    return _text(name, {"a": (a, 0.0), "mode": (mode, "fan_in"), "nonlinearity": (nonlinearity, "leaky_relu")})


def _text(name: str, arguments: dict[str, tuple[Any, Any]]) -> str:
    """A law as it is written: arguments that have their default are left out."""
    written = [f"{key}={_value(value)}" for key, (value, default) in arguments.items() if value != default]
    return f"{name}({', '.join(written)})"


def _value(value: float | str) -> str:
    return repr(value) if isinstance(value, str) else number(value)


def _at_least_zero(name: str, value: float) -> None:
    if value < 0:
        raise ValueError(f"{name}={value} is negative")


def _positive(law: str, name: str, value: float) -> None:
    if value <= 0:
        raise ValueError(f"{law}: {name}={value} is not positive")


def _known_mode(law: str, mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f"{law}: mode={mode!r} is neither 'fan_in' nor 'fan_out'")
