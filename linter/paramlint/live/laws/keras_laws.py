"""The laws of Keras's initialisers, by Keras's names: its kernels are of shape (..., in, out).

A normal law of Keras is cut off at two standard deviations, and made wider by what that takes from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from paramlint.live.laws import distribution, laws
from paramlint.live.laws.distribution import Distribution, number
from paramlint.live.laws.laws import Law, Shape

#: The std that a normal of std 1 has once what lies beyond two is cut off.
CUT_AT_TWO = 0.87962566103423978
#: What stands for the module of an initialiser of Keras.
OF_KERAS = "keras.initializers"
MODES = ("fan_in", "fan_out", "fan_avg")
KINDS = ("truncated_normal", "untruncated_normal", "uniform")


def variance_scaling(scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal") -> Law:
    """Of variance `scale` / fan."""
    text = f"variance_scaling(scale={number(scale)}, mode={mode!r}, distribution={distribution!r})"
    return _scaled(text, scale, mode, distribution)


def glorot_uniform() -> Law:
    """Uniform of variance 2 / (fan_in + fan_out)."""
    return _scaled("glorot_uniform()", 1.0, "fan_avg", "uniform")


def glorot_normal() -> Law:
    """Normal of variance 2 / (fan_in + fan_out), cut off at two standard deviations."""
    return _scaled("glorot_normal()", 1.0, "fan_avg", "truncated_normal")


def he_uniform() -> Law:
    """Uniform of variance 2 / fan_in."""
    return _scaled("he_uniform()", 2.0, "fan_in", "uniform")


def he_normal() -> Law:
    """Normal of variance 2 / fan_in, cut off at two standard deviations."""
    return _scaled("he_normal()", 2.0, "fan_in", "truncated_normal")


def lecun_uniform() -> Law:
    """Uniform of variance 1 / fan_in."""
    return _scaled("lecun_uniform()", 1.0, "fan_in", "uniform")


def lecun_normal() -> Law:
    """Normal of variance 1 / fan_in, cut off at two standard deviations."""
    return _scaled("lecun_normal()", 1.0, "fan_in", "truncated_normal")


def random_normal(mean: float = 0.0, stddev: float = 0.05) -> Law:
    """Normal."""
    text = f"random_normal(mean={number(mean)}, stddev={number(stddev)})"
    return Law(text, lambda _: distribution.gaussian(text, mean, stddev))


def random_uniform(minval: float = -0.05, maxval: float = 0.05) -> Law:
    """Uniform between two values; constant where they are one."""
    text = f"random_uniform(minval={number(minval)}, maxval={number(maxval)})"
    if minval == maxval:
        return Law(text, lambda _: distribution.constant_at(text, minval))
    if minval > maxval:
        raise ValueError(f"random_uniform: minval={minval} is above maxval={maxval}")
    return Law(text, lambda _: distribution.flat(text, minval, maxval))


def truncated_normal(mean: float = 0.0, stddev: float = 0.05) -> Law:
    """Normal, cut off at two standard deviations from the mean."""
    text = f"truncated_normal(mean={number(mean)}, stddev={number(stddev)})"
    return Law(text, lambda _: _cut(text, mean, stddev))


def law_of_keras(name: str, arguments: Mapping[str, Any], shape: Shape) -> Distribution | None:
    """The distribution that an initialiser of Keras gives a tensor, by its name as Keras writes it: `glorot_uniform`.

    None where it is not known: a caller that cannot tell stays silent.
    """
    make = KERAS_CALLS.get(name)
    if make is None or 0 in shape:
        return None
    try:
        law = make(arguments, shape)
        return None if law is None else law.at(shape)
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None


def keras_fans(shape: Shape) -> tuple[float, float]:
    """Fan-in and fan-out as Keras counts them."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def _scaled(text: str, scale: float, mode: str, kind: str) -> Law:
    if mode not in MODES or kind not in KINDS or scale <= 0:
        raise ValueError(f"`{text}` is no law of Keras")

    def bind(shape: Shape) -> Distribution:
        fan_in, fan_out = keras_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        std = math.sqrt(scale / max(1.0, fan))
        if kind == "uniform":
            return distribution.flat(text, -math.sqrt(3) * std, math.sqrt(3) * std)
        if kind == "untruncated_normal":
            return distribution.gaussian(text, 0.0, std)
        return _cut(text, 0.0, std / CUT_AT_TWO)

    return Law(text, bind)


def _cut(text: str, mean: float, stddev: float) -> Distribution:
    """A normal that is cut off at two. Keras draws four times for each element: 4 in a million lie beyond."""
    cut = distribution.truncated(text, mean, stddev, mean - 2 * stddev, mean + 2 * stddev)
    return replace(cut, low=-math.inf, high=math.inf)


Make = Callable[[Mapping[str, Any], Shape], "Law | None"]


def _with(make: Callable[..., Law], *names: str) -> Make:
    return lambda arguments, _: make(**{name: arguments[name] for name in names})


def _constant(arguments: Mapping[str, Any], _: Shape) -> Law:
    return laws.constant(float(arguments["value"]))


def _identity(arguments: Mapping[str, Any], _: Shape) -> Law | None:
    return laws.eye() if arguments.get("gain", 1.0) == 1.0 else None


def _of_axes(arguments: Mapping[str, Any], _: Shape) -> Law | None:
    """A variance that is scaled by other axes than the last two has a fan of its own."""
    if arguments.get("input_axes") is not None or arguments.get("output_axes") is not None:
        return None
    return variance_scaling(*(arguments[name] for name in ("scale", "mode", "distribution")))


def _orthogonal(arguments: Mapping[str, Any], shape: Shape) -> Law | None:
    """Keras keeps the last dimension where torch keeps the first, so that only matrices are alike."""
    return laws.orthogonal(arguments["gain"]) if len(shape) == 2 else None


#: What a text of a law may start with, beside the laws that torch has too.
KERAS_LAWS: tuple[Callable[..., Law], ...] = (
    variance_scaling,
    glorot_uniform,
    glorot_normal,
    he_uniform,
    he_normal,
    lecun_uniform,
    lecun_normal,
    random_normal,
    random_uniform,
    truncated_normal,
)
KERAS_CALLS: dict[str, Make] = {
    "glorot_uniform": _with(glorot_uniform),
    "glorot_normal": _with(glorot_normal),
    "he_uniform": _with(he_uniform),
    "he_normal": _with(he_normal),
    "lecun_uniform": _with(lecun_uniform),
    "lecun_normal": _with(lecun_normal),
    "variance_scaling": _of_axes,
    "random_normal": _with(random_normal, "mean", "stddev"),
    "random_uniform": _with(random_uniform, "minval", "maxval"),
    "truncated_normal": _with(truncated_normal, "mean", "stddev"),
    "zeros": _with(laws.zeros),
    "ones": _with(laws.ones),
    "constant": _constant,
    "identity": _identity,
    "orthogonal": _orthogonal,
}
