"""What code that initialises is called, and what `torch.nn.init` and the in-place methods accept.

Written by hand, as of torch 2.13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_INITIALISING = r"(?<![A-Za-z0-9])(?:(?:re)?init(?!ial(?:_|\b))|reset(?:_param|_weight|_layer|_value|_?$))|^fill_"
_DRAWING = r"(?:normal|uniform|orthogonal|trunc_normal)_|kaiming|xavier|glorot"
_WRITING = r"init|reset|fill|load|copy|zeros|ones|constant|assign|set_|shard|normal|uniform|orthogonal|trunc"


def initialises(name: str) -> bool:
    """Whether a method is one by its name that gives its module first values; what Python itself calls is none."""
    return not name.endswith("__") and re.search(_INITIALISING, name) is not None


def may_initialise(name: str) -> bool:
    """Whether a method may be one too, by what it writes: `reset_embeddings`."""
    return not name.endswith("__") and re.search("init|reset|weight", name, re.IGNORECASE) is not None


def draws(text: str) -> bool:
    """Whether a piece of code draws values, or calls what does by its name."""
    return re.search(f"{_INITIALISING}|{_DRAWING}", text.replace("__init__", "")) is not None


def may_fill(name: str) -> bool:
    """Whether a function of which the dotted name alone is known may give new values to what it is given."""
    last = name.rpartition(".")[2].lower()
    return re.search(f"{_WRITING}|{_DRAWING}", last) is not None and re.search(_READING, name) is None


#: Names of functions that ask, or make something new.
_READING = r"is_init|initialized|copy\.|deepcopy|zeros_like|ones_like|layer_norm|group_norm|normalize"

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
