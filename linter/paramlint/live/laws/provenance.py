"""From the call that wrote a tensor to the law of its elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from paramlint.live.laws import laws
from paramlint.live.laws.distribution import Distribution, below
from paramlint.live.laws.fan import fans
from paramlint.live.laws.keras_laws import CUT_AT_TWO, OF_KERAS, law_of_keras
from paramlint.live.laws.laws import Law, Shape

if TYPE_CHECKING:
    from paramlint.live.observe.writes import Step, Write

Arguments = Mapping[str, Any]

#: Less probability than this is no atom, only rounding.
ATOM = 1e-9


def law_of_call(name: str, arguments: Arguments, shape: Shape) -> Distribution | None:
    """The distribution of a tensor of this shape written by this call.

    Args:
        name: what was called, dotted or not: `nn.init.kaiming_uniform_`, `normal_`, `torch.randn`. A name of torch
            in a module that is not known, such as the user's own `normal_`, may mean anything and gives no law.
        arguments: by name, defaults filled in or left out; what is no number or string does not matter.
        shape: of the tensor that was passed, which may be a part of the parameter.

    Returns:
        None where the call is not known or its arguments fit no law: a caller that cannot tell stays silent.
    """
    module, _, function = name.rpartition(".")
    if module == OF_KERAS:
        return law_of_keras(function, arguments, shape)
    make = CALLS.get(function)
    if make is None or 0 in shape or not _is_trusted(module):
        return None
    try:
        return make(arguments, shape).at(shape)
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None


def law_of_write(write: Write, shape: Shape) -> Distribution | None:
    """The distribution of a tensor written whole by a call or an operation, and by what was done to it afterwards.

    `torch.randn(n, m) * 0.02` is `normal(std=1).scaled(0.02)`; so is an initialiser whose result is halved later.
    """
    name, arguments = write.drawn_by or (f"{write.module}.{write.call}", write.arguments)
    known = law_of_call(name, arguments, shape) if write.module else None
    first, *rest = write.steps
    if known is None:
        known = law_of_call(first.op, first.arguments, shape)
    else:  # what the initialiser itself does to what it draws is part of its law
        rest = [step for step in rest if step.later]
    try:
        for step in rest:
            if known is None or not _is_understood(step):
                return None
            known = _changed(known, step)
    except ValueError:
        return None
    return known


def _is_trusted(module: str) -> bool:
    return module in TRUSTED or module.startswith(("timm.", "transformers.", "torchvision."))


def _is_understood(step: Step) -> bool:
    """Whether it leaves values as they are, multiplies by a number or adds one, or zeroes those near zero."""
    if step.op in PASSIVE or step.op in ("masked", "normal") or step.op.removesuffix("_") in CLAMPS:
        return True
    return step.op.removesuffix("_") in SCALINGS and _operand_is_known(step)


def _operand_is_known(step: Step) -> bool:
    if "rounding_mode" in step.arguments:
        return False
    return step.op.startswith("neg") or isinstance(step.arguments.get("other"), (int, float))


def _changed(known: Distribution, step: Step) -> Distribution:
    op = step.op.removesuffix("_")
    if step.op in PASSIVE:
        return known
    if op == "masked":
        edge, value = float(step.arguments["edge"]), float(step.arguments["value"])
        if step.arguments["strict"] and _has_atoms(known, edge):
            raise ValueError("elements at the edges themselves are meant too")
        return known.replaced(-edge, edge, value)
    if op == "normal":
        return _around(known, step.arguments)
    if op in CLAMPS:
        bounds = [step.arguments.get(name) for name in CLAMPS[op]]
        if bounds == [None, None]:
            raise ValueError("the bounds are not known")
        low, high = (end if bound is None else float(bound) for bound, end in zip(bounds, (-inf, inf), strict=True))
        return known.clamped(low, high)
    if op == "neg":
        return known.scaled(-1)
    other, alpha = float(step.arguments["other"]), float(step.arguments.get("alpha", 1))
    if op == "rsub":
        return known.scaled(-alpha).shifted(other)
    if op in ("add", "sub"):
        return known.shifted(other * alpha if op == "add" else -other * alpha)
    if op == "div" and not other:
        raise ValueError("divided by zero")
    return known.scaled(other if op == "mul" else 1 / other)


def _has_atoms(known: Distribution, edge: float) -> bool:
    """Whether a law has values of a probability of their own at both ends of an interval around 0, or at one."""
    if known.cdf is None:
        return True
    ends = np.array([-edge, edge])
    return bool((known.cdf(ends) - below(known.cdf, ends) > ATOM).any())


def _around(known: Distribution, arguments: Arguments) -> Distribution:
    """`torch.normal(means, std)`, where all means are one."""
    if not known.is_constant or known.mean is None or "std" not in arguments or "mean" in arguments:
        raise ValueError("the means differ, or are not known")
    return laws.normal(known.mean, float(arguments["std"])).at(())


def _given(make: Callable[..., Law], *names: str) -> Callable[[Arguments, Shape], Law]:
    """A call whose arguments have the law's own names."""
    return lambda arguments, _: make(**{name: arguments[name] for name in names if name in arguments})


def _needs(make: Callable[..., Law], **names: str) -> Callable[[Arguments, Shape], Law]:
    """A call whose arguments are called otherwise than those of the law, and have to be known: they may be tensors."""
    return lambda arguments, _: make(**{name: arguments[given] for name, given in names.items()})


def _interval(arguments: Arguments, _: Shape) -> Law:
    """`uniform_`: of `nn.init` with a and b, of a tensor with from and to."""
    low = arguments.get("a", arguments.get("from", 0.0))
    return laws.uniform(low, arguments.get("b", arguments.get("to", 1.0)))


def _whole(arguments: Arguments, _: Shape) -> Law:
    """`randint(low, high)`, or `randint(high)`."""
    return laws.integers(arguments.get("low", 0), arguments["high"])


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
    fan_in, fan_out = fans(shape)
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


#: Where these names mean what they mean in torch; more are known by their first part.
TRUSTED = frozenset({"", "nn.init", "torch", "torch.nn.init", "Tensor", "torch.Tensor"})
#: Operations that leave values as they are.
PASSIVE = frozenset({"copy_", "clone", "detach", "contiguous", "_to_copy", "lift_fresh", "lift_fresh_copy", "alias"})
SCALINGS = frozenset({"mul", "div", "add", "sub", "rsub", "neg"})
#: Operations that move what lies outside of bounds to these, and the names of the arguments that have them.
CLAMPS = {
    "clamp": ("min", "max"),
    "clamp_min": ("min", ""),
    "clamp_max": ("", "max"),
}

#: By the last part of the call's name.
CALLS: dict[str, Callable[[Arguments, Shape], Law]] = {
    "normal_": _given(laws.normal, "mean", "std"),
    "randn": _given(laws.normal),
    "randn_like": _given(laws.normal),
    "uniform_": _interval,
    "rand": _given(laws.uniform),
    "rand_like": _given(laws.uniform),
    "normal": _needs(laws.normal, mean="mean", std="std"),
    "exponential_": _needs(laws.exponential, lambd="lambd"),
    "log_normal_": _needs(laws.log_normal, mean="mean", std="std"),
    "cauchy_": _needs(laws.cauchy, median="median", sigma="sigma"),
    "geometric_": _needs(laws.geometric, p="p"),
    "bernoulli_": _needs(laws.bernoulli, p="p"),
    "random_": _needs(laws.integers, low="from", high="to"),
    "randint": _whole,
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
