"""Fan-in, fan-out and gain, as torch counts them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Fan-in and fan-out of a weight of shape (out, in, *kernel), as torch counts them.

    Raises:
        ValueError: there are fewer than two dimensions, or no element.
    """
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"fan-in and fan-out are not defined for the shape {written(shape)}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def gain_of(nonlinearity: str, slope: float = 0.01) -> float:
    """The gain that torch recommends for what follows the layer (`torch.nn.init.calculate_gain`).

    Raises:
        ValueError: torch knows no gain for it.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"no gain is known for the nonlinearity {nonlinearity!r}")
    return GAINS[nonlinearity]


#: torch.nn.init.calculate_gain, torch 2.13; leaky_relu depends on its slope.
GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def written(shape: Sequence[int]) -> str:
    """A shape as reports show it: `3×5`."""
    return "×".join(map(str, shape)) or "()"
