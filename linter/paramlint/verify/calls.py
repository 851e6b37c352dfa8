"""From the call that wrote a tensor to the law of its elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from paramlint.verify import laws
from paramlint.verify.distribution import Distribution
from paramlint.verify.laws import Law, Shape

Arguments = Mapping[str, Any]

#: The std that a normal of std 1 has once what lies beyond two is cut off.
CUT_AT_TWO = 0.87962566103423978


def law_of_call(name: str, arguments: Arguments, shape: Shape) -> Distribution | None:
    """The distribution of a tensor of this shape written by this call.

    Args:
        name: what was called, dotted or not: `nn.init.kaiming_uniform_`, `normal_`, `torch.randn`.
        arguments: by name, defaults filled in or left out; what is no number or string does not matter.
        shape: of the tensor that was passed, which may be a part of the parameter.

    Returns:
        None where the call is not known or its arguments fit no law: a caller that cannot tell stays silent.
    """
    make = CALLS.get(name.rpartition(".")[2])
    if make is None or 0 in shape:
        return None
    try:
        return make(arguments, shape).at(shape)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _given(make: Callable[..., Law], *names: str) -> Callable[[Arguments, Shape], Law]:
    """A call whose arguments have the law's own names."""
    return lambda arguments, _: make(**{name: arguments[name] for name in names if name in arguments})


def _interval(arguments: Arguments, _: Shape) -> Law:
    """`uniform_`: of `nn.init` with a and b, of a tensor with from and to."""
    low = arguments.get("a", arguments.get("from", 0.0))
    return laws.uniform(low, arguments.get("b", arguments.get("to", 1.0)))


def _filled(arguments: Arguments, _: Shape) -> Law:
    """`constant_(val)`, `fill_(value)`, `full(size, fill_value)`: an unknown value is no law."""
    known = [arguments[name] for name in ("val", "value", "fill_value") if name in arguments]
    if not known or not isinstance(known[0], (int, float)):
        raise ValueError("the value is not known")
    return laws.constant(float(known[0]))


def _cut_in_std(arguments: Arguments, _: Shape) -> Law:
    """timm's `trunc_normal_tf_`: the bounds count standard deviations from the mean."""
    mean, std = arguments.get("mean", 0.0), arguments.get("std", 1.0)
    a, b = arguments.get("a", -2.0), arguments.get("b", 2.0)
    return laws.trunc_normal(mean, std, mean + a * std, mean + b * std)


def _scaled_variance(arguments: Arguments, shape: Shape) -> Law:
    """timm's `variance_scaling_`, and `lecun_normal_` with its own defaults: variance scale / fan."""
    fan_in, fan_out = laws.fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[arguments.get("mode", "fan_in")]
    std = math.sqrt(arguments.get("scale", 1.0) / fan)
    kind = arguments.get("distribution", "normal")
    if kind == "uniform":
        return laws.uniform(-math.sqrt(3) * std, math.sqrt(3) * std)
    if kind == "truncated_normal":
        wide = std / CUT_AT_TWO
        return laws.trunc_normal(0.0, wide, -2 * wide, 2 * wide)
    return laws.normal(0.0, std)


def _lecun(arguments: Arguments, shape: Shape) -> Law:
    return _scaled_variance({**arguments, "distribution": "truncated_normal"}, shape)


#: By the last part of the call's name.
CALLS: dict[str, Callable[[Arguments, Shape], Law]] = {
    "normal_": _given(laws.normal, "mean", "std"),
    "randn": _given(laws.normal),
    "randn_like": _given(laws.normal),
    "uniform_": _interval,
    "rand": _given(laws.uniform),
    "rand_like": _given(laws.uniform),
    "trunc_normal_": _given(laws.trunc_normal, "mean", "std", "a", "b"),
    "xavier_uniform_": _given(laws.xavier_uniform, "gain"),
    "xavier_normal_": _given(laws.xavier_normal, "gain"),
    "kaiming_uniform_": _given(laws.kaiming_uniform, "a", "mode", "nonlinearity"),
    "kaiming_normal_": _given(laws.kaiming_normal, "a", "mode", "nonlinearity"),
    "constant_": _filled,
    "fill_": _filled,
    "full": _filled,
    "full_like": _filled,
    "zeros_": _given(laws.zeros),
    "zero_": _given(laws.zeros),
    "zeros": _given(laws.zeros),
    "zeros_like": _given(laws.zeros),
    "ones_": _given(laws.ones),
    "ones": _given(laws.ones),
    "ones_like": _given(laws.ones),
    "eye_": _given(laws.eye),
    "eye": _given(laws.eye),
    "dirac_": _given(laws.dirac, "groups"),
    "orthogonal_": _given(laws.orthogonal, "gain"),
    "sparse_": _given(laws.sparse, "sparsity", "std"),
    "trunc_normal_tf_": _cut_in_std,
    "variance_scaling_": _scaled_variance,
    "lecun_normal_": _lecun,
}
