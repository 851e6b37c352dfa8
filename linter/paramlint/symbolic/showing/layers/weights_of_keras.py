"""The variables that the layers of Keras make, by what they are given and what they are called with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from paramlint.facts.reading import Const, Thing, Value
from paramlint.knowledge.keras_names import LAYERS, layer_owns
from paramlint.symbolic.showing.layers.initializers_shown import layer_name
from paramlint.symbolic.showing.layers.sizes import Shape, Size, argument, size_of, sizes_of, times


@dataclass(frozen=True)
class Weight:
    """A variable of a layer.

    Attributes:
        name: in the layer, dotted where an inner layer has it.
        shape: None where the number of sizes is not known.
        given: the initialiser, as the layer is given it; None for its default.
        default: that default's name.
        is_trained: whether it is a parameter, and no statistic.
        is_sure: whether the layer has it for certain.
    """

    name: str
    shape: Shape | None
    given: Value | None
    default: str
    is_trained: bool = True
    is_sure: bool = True


class Asked:
    """What a layer of Keras is given.

    Args:
        layer: the layer.
        shape: of what it is called with; None where that is not known.
        shape_of: the shape of other values.
    """

    def __init__(self, layer: Thing, shape: Shape | None, shape_of: Callable[[Value], Shape | None]) -> None:
        self.layer = layer
        self.shape = shape
        self.shape_of = shape_of
        self.name = layer.last.replace("Convolution", "Conv")
        self.order = list(LAYERS.get(layer.last, {}).get("arguments", ()))

    def value(self, name: str) -> Value | None:
        """What an argument is given."""
        return argument(self.layer, name, self.order)

    def size(self, name: str, default: Size = None) -> Size:
        """An argument that is a size."""
        given = self.value(name)
        return default if given is None else size_of(given, self.shape_of)

    def sizes(self, name: str, count: int, default: Size = None) -> Shape:
        """An argument that is one size for each of some axes, or one for all."""
        given = self.value(name)
        if given is None:
            return (default,) * count
        found = sizes_of(given, self.shape_of, count)
        return found if found is not None and len(found) == count else (None,) * count

    def flag(self, name: str, default: bool) -> bool | None:
        """An argument that is true or false; None where it is not known which."""
        given = self.value(name)
        if given is None:
            return None if self.layer.made.open else default
        return bool(given.value) if isinstance(given, Const) else None

    def text(self, name: str, default: str = "") -> str | None:
        """An argument that is a text."""
        given = self.value(name)
        if given is None:
            return default
        return given.value.lower() if isinstance(given, Const) and isinstance(given.value, str) else None

    @property
    def last(self) -> Size:
        """The size of the last axis of what it is called with."""
        return self.shape[-1] if self.shape else None

    @property
    def channels(self) -> Size:
        """The size of the axis of channels."""
        if self.text("data_format", "channels_last") == "channels_first":
            return self.shape[1] if self.shape and len(self.shape) > 2 and "..." not in self.shape else None
        return self.last

    def weight(self, name: str, shape: Shape | None, argument_name: str, default: str, **more: bool) -> Weight:
        """A variable whose initialiser an argument says."""
        return Weight(name, shape, self.value(argument_name), default, **more)

    def optional(self, flag: str, weight: Weight) -> Iterator[Weight]:
        """A variable that there is where a flag is true, as it is by default."""
        said = self.flag(flag, True)
        if said is not False:
            yield weight if said else replace(weight, is_sure=False)


def weights(asked: Asked) -> list[Weight] | None:
    """The variables of a layer of Keras; None where it is not known which it has."""
    if asked.name in _NAMED:
        return list(_NAMED[asked.name](asked))
    if asked.name.startswith(("Conv1D", "Conv2D", "Conv3D")):
        return list(_convolution(asked))
    if asked.name.startswith("SeparableConv"):
        return list(_separable(asked))
    if asked.name.startswith("DepthwiseConv"):
        return list(_depthwise(asked))
    return [] if layer_owns(asked.layer.what) is False else None


def axes(asked: Asked) -> int:
    """How many axes a convolution or pooling goes over: `Conv2D` two."""
    return next((int(letter) for letter in asked.name if letter.isdigit()), 0)


def _dense(asked: Asked) -> Iterator[Weight]:
    units = asked.size("units")
    yield asked.weight("kernel", (asked.last, units), "kernel_initializer", "glorot_uniform")
    yield from asked.optional("use_bias", asked.weight("bias", (units,), "bias_initializer", "zeros"))


def _embedding(asked: Asked) -> Iterator[Weight]:
    shape = (asked.size("input_dim"), asked.size("output_dim"))
    yield asked.weight("embeddings", shape, "embeddings_initializer", "random_uniform")


def _convolution(asked: Asked) -> Iterator[Weight]:
    window = asked.sizes("kernel_size", axes(asked))
    filters, channels, groups = asked.size("filters"), asked.channels, asked.size("groups", 1)
    if asked.name.endswith("Transpose"):
        ends: Shape = (filters, channels)
    elif isinstance(channels, int) and isinstance(groups, int) and groups > 0:
        ends = (channels // groups, filters)
    else:
        ends = (channels if groups == 1 else None, filters)
    yield asked.weight("kernel", (*window, *ends), "kernel_initializer", "glorot_uniform")
    yield from asked.optional("use_bias", asked.weight("bias", (filters,), "bias_initializer", "zeros"))


def _depthwise(asked: Asked) -> Iterator[Weight]:
    window, multiplier = asked.sizes("kernel_size", axes(asked)), asked.size("depth_multiplier", 1)
    shape = (*window, asked.channels, multiplier)
    yield asked.weight("kernel", shape, "depthwise_initializer", "glorot_uniform")
    bias = asked.weight("bias", (times(asked.channels, multiplier),), "bias_initializer", "zeros")
    yield from asked.optional("use_bias", bias)


def _separable(asked: Asked) -> Iterator[Weight]:
    count = axes(asked)
    window, multiplier = asked.sizes("kernel_size", count), asked.size("depth_multiplier", 1)
    filters, channels = asked.size("filters"), asked.channels
    shape = (*window, channels, multiplier)
    yield asked.weight("depthwise_kernel", shape, "depthwise_initializer", "glorot_uniform")
    point = (*(1,) * count, times(channels, multiplier), filters)
    yield asked.weight("pointwise_kernel", point, "pointwise_initializer", "glorot_uniform")
    yield from asked.optional("use_bias", asked.weight("bias", (filters,), "bias_initializer", "zeros"))


def _of_axis(asked: Asked) -> Shape | None:
    """The sizes of the axes that a normalisation has parameters for."""
    given = asked.value("axis")
    if given is None:
        return (asked.last,)
    found = sizes_of(given, asked.shape_of, 1)
    if found is None or not all(isinstance(one, int) for one in found):
        return None
    shape = asked.shape
    if shape is None or "..." in shape:
        return (asked.last,) if found == (-1,) else (None,) * len(found)
    places = [one for one in found if isinstance(one, int) and -len(shape) <= one < len(shape)]
    return tuple(shape[place] for place in places) if len(places) == len(found) else None


def _batch_norm(asked: Asked) -> Iterator[Weight]:
    shape = _of_axis(asked)
    yield from _norm(asked)
    yield asked.weight("moving_mean", shape, "moving_mean_initializer", "zeros", is_trained=False)
    yield asked.weight("moving_variance", shape, "moving_variance_initializer", "ones", is_trained=False)


def _norm(asked: Asked) -> Iterator[Weight]:
    shape = _of_axis(asked)
    yield from asked.optional("scale", asked.weight("gamma", shape, "gamma_initializer", "ones"))
    yield from asked.optional("center", asked.weight("beta", shape, "beta_initializer", "zeros"))


def _rms_norm(asked: Asked) -> Iterator[Weight]:
    yield Weight("scale", _of_axis(asked), None, "ones")


def _prelu(asked: Asked) -> Iterator[Weight]:
    shape: Shape | None = asked.shape[1:] if asked.shape is not None and "..." not in asked.shape else None
    if (given := asked.value("shared_axes")) is not None:
        shared = sizes_of(given, asked.shape_of, 1)
        shape = (
            tuple(1 if place in shared else size for place, size in enumerate(shape, 1))
            if shape is not None and shared is not None
            else None
        )
    yield asked.weight("alpha", shape, "alpha_initializer", "zeros")


_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def _recurrent(asked: Asked) -> Iterator[Weight]:
    family = asked.name.removesuffix("Cell")
    units, gates = asked.size("units"), _GATES[family]
    wide = times(units, gates)
    prefix = "" if asked.name.endswith("Cell") else f"{layer_name(family)}_cell."
    yield asked.weight(f"{prefix}kernel", (asked.last, wide), "kernel_initializer", "glorot_uniform")
    yield asked.weight(f"{prefix}recurrent_kernel", (units, wide), "recurrent_initializer", "orthogonal")
    shape: Shape | None = (wide,)
    if family == "GRU":
        shape = {True: (2, wide), False: (wide,)}.get(asked.flag("reset_after", True))  # type: ignore[arg-type]
    forgets = family == "LSTM" and asked.flag("unit_forget_bias", True) is not False
    bias = asked.weight(f"{prefix}bias", shape, "bias_initializer", "" if forgets else "zeros")
    yield from asked.optional("use_bias", bias)


def _attention(asked: Asked) -> Iterator[Weight]:
    heads, key = asked.size("num_heads"), asked.size("key_dim")
    value = asked.size("value_dim", key) or key
    known = asked.value("output_shape") is None and asked.value("attention_axes") is None
    wide = asked.last if known else None
    for name, size in (("query", key), ("key", key), ("value", value)):
        rows = wide if name == "query" else None
        yield asked.weight(f"{name}.kernel", (rows, heads, size), "kernel_initializer", "glorot_uniform")
        yield from asked.optional("use_bias", asked.weight(f"{name}.bias", (heads, size), "bias_initializer", "zeros"))
    shape = (heads, value, wide) if known else None
    yield asked.weight("attention_output.kernel", shape, "kernel_initializer", "glorot_uniform")
    bias = asked.weight("attention_output.bias", (wide,) if known else None, "bias_initializer", "zeros")
    yield from asked.optional("use_bias", bias)


def _einsum(asked: Asked) -> Iterator[Weight]:
    yield asked.weight("kernel", None, "kernel_initializer", "glorot_uniform")
    if asked.value("bias_axes") is not None:
        yield asked.weight("bias", None, "bias_initializer", "zeros")


def _nothing(_: Asked) -> Iterator[Weight]:
    return iter(())


_NAMED: dict[str, Callable[[Asked], Iterator[Weight]]] = {
    "BatchNormalization": _batch_norm,
    "Dense": _dense,
    "EinsumDense": _einsum,
    "Embedding": _embedding,
    "GRU": _recurrent,
    "GRUCell": _recurrent,
    "GroupNormalization": _norm,
    "Input": _nothing,
    "InputLayer": _nothing,
    "LSTM": _recurrent,
    "LSTMCell": _recurrent,
    "LayerNormalization": _norm,
    "MultiHeadAttention": _attention,
    "PReLU": _prelu,
    "RMSNormalization": _rms_norm,
    "SimpleRNN": _recurrent,
    "SimpleRNNCell": _recurrent,
}
