"""The shapes of what layers of Keras give, channels last; None where too little is known."""

from __future__ import annotations

import math

from paramlint.facts.reading import Const, Held, Thing, Value
from paramlint.symbolic.showing.layers.sizes import Shape, Size, joined, product, size_of, sizes_of, times
from paramlint.symbolic.showing.layers.weights_of_keras import Asked, axes

#: In the first place of a shape: before the last size there are some more, of which nothing is known.
MANY = "..."
#: Layers that give what is shaped as what they are given.
_SAME = frozenset(
    ("Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization", "Dropout", "ELU", "GaussianDropout",
     "GaussianNoise", "GroupNormalization", "Identity", "LayerNormalization", "LeakyReLU", "Masking",
     "MultiHeadAttention", "Normalization", "PReLU", "RMSNormalization", "ReLU", "Rescaling", "Softmax",
     "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "ThresholdedReLU", "UnitNormalization")
)  # fmt: skip
_MERGING = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
#: Functions that give what is shaped as their first argument.
ELEMENTWISE = frozenset(
    ("abs", "cast", "dropout", "elu", "exp", "gelu", "identity", "l2_normalize", "leaky_relu", "log", "relu", "selu",
     "sigmoid", "silu", "softmax", "softplus", "sqrt", "square", "stop_gradient", "swish", "tanh")
)  # fmt: skip


def output(asked: Asked, shapes: list[Shape | None]) -> Shape | None:
    """What a layer of Keras gives.

    Args:
        asked: the layer.
        shapes: of what it is called with, several for one that merges.
    """
    shape, name = asked.shape, asked.name
    if name in _MERGING:
        known = {one for one in shapes if one is not None}
        return known.pop() if len(known) == 1 else None
    if name == "Concatenate":
        return concatenated(shapes, asked.value("axis"))
    if shape is None:
        shape = (MANY, None)
    if name in _SAME:
        return shape
    if name == "Dense":
        return (*shape[:-1], asked.size("units"))
    if name == "Embedding":
        return (*(shape if MANY not in shape else (MANY,)), asked.size("output_dim"))
    if MANY in shape:
        return (MANY, _last(asked, shape)) if _last(asked, shape) is not None else None
    if name in ("Flatten", "Reshape", "Permute", "RepeatVector"):
        return _arranged(asked, shape)
    if name in ("LSTM", "GRU", "SimpleRNN"):
        units, gives_all = asked.size("units"), asked.flag("return_sequences", False)
        if gives_all is None or asked.flag("return_state", False) is not False:
            return None
        return (*shape[:2], units) if gives_all else (shape[0], units)
    return _over_space(asked, shape)


def _last(asked: Asked, shape: Shape) -> Size:
    """The last size of what a layer gives, where how many come before it is not known."""
    if asked.text("data_format", "channels_last") != "channels_last":
        return None
    if asked.name in ("LSTM", "GRU", "SimpleRNN"):
        return asked.size("units") if asked.flag("return_state", False) is False else None
    if asked.name.startswith(("Conv1D", "Conv2D", "Conv3D", "SeparableConv")):
        return asked.size("filters")
    is_kept = asked.name.startswith(("MaxPool", "AveragePool", "AvgPool", "Global", "UpSampling", "ZeroPadding"))
    return shape[-1] if is_kept else None


def _arranged(asked: Asked, shape: Shape) -> Shape | None:
    if asked.name == "Flatten":
        return (shape[0], product(shape[1:]))
    if asked.name == "RepeatVector":
        return (shape[0], asked.size("n"), *shape[1:])
    given = sizes_of(asked.value("target_shape" if asked.name == "Reshape" else "dims"), asked.shape_of)
    if given is None:
        return None
    if asked.name == "Permute":
        places = [one for one in given if isinstance(one, int) and 0 < one < len(shape)]
        return (shape[0], *(shape[place] for place in places)) if len(places) == len(given) else None
    whole, known = product(shape[1:]), product([one for one in given if one != -1])
    if isinstance(whole, int) and isinstance(known, int) and known > 0:
        given = tuple(whole // known if one == -1 else one for one in given)
    return (shape[0], *(None if one == -1 else one for one in given))


def _over_space(asked: Asked, shape: Shape) -> Shape | None:
    """What a convolution or pooling gives, and the like."""
    name = asked.name
    is_first = asked.text("data_format", "channels_last") != "channels_last"
    if name.startswith("Global"):
        keeps = asked.flag("keepdims", False)
        return (shape[0], shape[-1]) if keeps is False and not is_first else None
    count = axes(asked)
    if is_first or not count or len(shape) != count + 2:
        return None
    space, channels = shape[1:-1], shape[-1]
    if name.startswith("UpSampling"):
        factors = asked.sizes("size", count, 2)
        return (shape[0], *map(times, space, factors), channels)
    if name.startswith(("MaxPool", "AveragePool", "AvgPool")):
        window = asked.sizes("pool_size", count, 2)
        given = asked.value("strides")
        strides = window if given is None or _is_none(given) else asked.sizes("strides", count)
    elif "Conv" in name and not name.startswith("ConvLSTM"):
        window, strides = asked.sizes("kernel_size", count), asked.sizes("strides", count, 1)
        channels = asked.size("filters")
        if name.startswith("Depthwise"):
            channels = times(shape[-1], asked.size("depth_multiplier", 1))
    else:
        return None
    padding, wide = asked.text("padding", "valid"), asked.sizes("dilation_rate", count, 1)
    if name.endswith("Transpose"):
        sizes = [
            times(size, stride) if padding == "same" else None for size, stride in zip(space, strides, strict=True)
        ]
        return (shape[0], *sizes, channels)
    sizes = [_slid(*one, padding) for one in zip(space, window, strides, wide, strict=True)]
    return (shape[0], *sizes, channels)


def _slid(size: Size, window: Size, stride: Size, dilation: Size, padding: str | None) -> Size:
    """The places of a window that slides along an axis."""
    if padding == "same" and stride == 1:
        return size
    if not (isinstance(size, int) and isinstance(stride, int) and stride > 0):
        return None
    if padding == "same":
        return math.ceil(size / stride)
    if padding == "valid" and isinstance(window, int) and isinstance(dilation, int):
        return (size - dilation * (window - 1) - 1) // stride + 1
    return None


def _is_none(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def concatenated(shapes: list[Shape | None], axis: Value | None) -> Shape | None:
    """Several joined along one axis, the last one where none is said."""
    known = [one for one in shapes if one is not None]
    place = -1 if axis is None else size_of(axis, lambda _: None)
    if not known or len(known) != len(shapes) or len({len(one) for one in known}) != 1 or not isinstance(place, int):
        return None
    first = known[0]
    if not -len(first) <= place < len(first):
        return None
    place %= len(first)
    return (*first[:place], joined([one[place] for one in known]), *first[place + 1 :])


def of_input(made: Thing) -> Shape | None:
    """The shape that an `Input` says, or a layer by `input_shape`, `input_dim`."""
    call = made.made
    for name, place in (("batch_shape", None), ("batch_input_shape", None)):
        if (given := call.argument(name, place)) is not None:
            return sizes_of(given, lambda _: None)
    is_input = made.last in ("Input", "InputLayer")
    given = call.argument("shape" if is_input else "input_shape", 0 if is_input else None)
    if given is None and is_input:
        given = call.argument("input_shape")
    if given is not None:
        found = sizes_of(given, lambda _: None)
        if found is None and isinstance(given, Held):
            return None
        return (None, *found) if found is not None else None
    size = call.argument("input_dim")
    if size is not None and made.last != "Embedding":
        return (None, size_of(size, lambda _: None))
    return None
