"""What `torch.nn.init` and the in-place methods accept. Written by hand, as of torch 2.13."""

from __future__ import annotations

from collections.abc import Mapping

#: Values of `nonlinearity` that `calculate_gain` and the kaiming functions accept.
NONLINEARITIES = frozenset(
    {
        "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        "sigmoid", "tanh", "relu", "leaky_relu", "selu",
    }
)  # fmt: skip
#: Values of `mode`.
FAN_MODES = frozenset({"fan_in", "fan_out"})

#: In-place methods of a tensor that draw values, and their arguments.
METHOD_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "normal_": ("mean", "std", "generator"),
    "uniform_": ("from", "to", "generator"),
    "exponential_": ("lambd", "generator"),
    "log_normal_": ("mean", "std", "generator"),
    "zero_": (),
}

#: What other libraries call the same arguments.
USUAL_MISTAKES: Mapping[str, str] = {
    "stddev": "std",
    "stdev": "std",
    "sigma": "std",
    "scale": "std",
    "mu": "mean",
    "loc": "mean",
    "value": "val",
    "fill_value": "val",
    "low": "a",
    "high": "b",
    "minval": "a",
    "maxval": "b",
    "min": "a",
    "max": "b",
    "activation": "nonlinearity",
    "non_linearity": "nonlinearity",
    "negative_slope": "a",
    "slope": "a",
}

#: What the functions draw by where nothing else is given, in the order of their arguments after the tensor.
INIT_DEFAULTS: Mapping[str, Mapping[str, float | str | None]] = {
    "normal_": {"mean": 0, "std": 1, "generator": None},
    "uniform_": {"a": 0, "b": 1, "generator": None},
    "trunc_normal_": {"mean": 0, "std": 1, "a": -2, "b": 2, "generator": None},
    "kaiming_normal_": {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu", "generator": None},
    "kaiming_uniform_": {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu", "generator": None},
    "xavier_normal_": {"gain": 1, "generator": None},
    "xavier_uniform_": {"gain": 1, "generator": None},
    "orthogonal_": {"gain": 1, "generator": None},
}
