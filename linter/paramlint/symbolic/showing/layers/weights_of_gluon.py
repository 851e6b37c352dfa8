"""The parameters that the blocks of Gluon make, by what they are given; sizes that the first pass tells stay open."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading import Const, Thing, Value
from paramlint.knowledge.gluon_names import block_owns
from paramlint.symbolic.showing.layers.sizes import Shape, Size, argument, size_of, sizes_of
from paramlint.symbolic.showing.layers.weights_of_keras import Weight

_CONVOLUTION = ("channels", "kernel_size", "strides", "padding", "dilation", "groups", "layout", "activation",
                "use_bias", "weight_initializer", "bias_initializer", "in_channels")  # fmt: skip
_TRANSPOSED = ("channels", "kernel_size", "strides", "padding", "output_padding", "dilation", "groups", "layout",
               "activation", "use_bias", "weight_initializer", "bias_initializer", "in_channels")  # fmt: skip
_ORDERS = {
    "BatchNorm": ("axis", "momentum", "epsilon", "center", "scale", "use_global_stats", "beta_initializer",
                  "gamma_initializer", "running_mean_initializer", "running_variance_initializer", "in_channels"),
    "Dense": ("units", "activation", "use_bias", "flatten", "dtype", "weight_initializer", "bias_initializer",
              "in_units"),
    "Embedding": ("input_dim", "output_dim", "dtype", "weight_initializer", "sparse_grad"),
    "LayerNorm": ("axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "in_channels"),
}  # fmt: skip


def weights(block: Thing) -> list[Weight] | None:
    """The parameters of a block; None where it is not known which it has."""
    name = block.last
    if name in ("Conv1D", "Conv2D", "Conv3D"):
        return list(_convolution(block, int(name[4]), _CONVOLUTION))
    if name in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
        return list(_convolution(block, int(name[4]), _TRANSPOSED))
    if name == "Dense":
        return list(_dense(block))
    if name == "Embedding":
        shape = (_size(block, "input_dim"), _size(block, "output_dim"))
        return [Weight("weight", shape, _given(block, "weight_initializer"), "")]
    if name in ("BatchNorm", "LayerNorm"):
        return list(_norm(block))
    return [] if block_owns(block.what) is False else None


def _given(block: Thing, name: str) -> Value | None:
    return argument(block, name, _order(block))


def _order(block: Thing) -> tuple[str, ...]:
    if block.last.startswith("Conv"):
        return _TRANSPOSED if block.last.endswith("Transpose") else _CONVOLUTION
    return _ORDERS.get(block.last, ())


def _size(block: Thing, name: str) -> Size:
    given = _given(block, name)
    size = size_of(given, lambda _: None) if given is not None else None
    return None if size == 0 else size


def _flag(block: Thing, name: str) -> bool | None:
    given = _given(block, name)
    if given is None:
        return None if block.made.open else True
    return bool(given.value) if isinstance(given, Const) else None


def _bias(block: Thing, size: Size) -> Iterator[Weight]:
    said = _flag(block, "use_bias")
    if said is not False:
        yield Weight("bias", (size,), _given(block, "bias_initializer"), "zeros", is_sure=bool(said))


def _dense(block: Thing) -> Iterator[Weight]:
    units = _size(block, "units")
    yield Weight("weight", (units, _size(block, "in_units")), _given(block, "weight_initializer"), "")
    yield from _bias(block, units)


def _convolution(block: Thing, axes: int, order: tuple[str, ...]) -> Iterator[Weight]:
    given = argument(block, "kernel_size", order)
    window = sizes_of(given, lambda _: None, axes) if given is not None else None
    window = window if window is not None and len(window) == axes else (None,) * axes
    channels, before, groups = _size(block, "channels"), _size(block, "in_channels"), argument(block, "groups", order)
    each = size_of(groups, lambda _: None) if groups is not None else 1
    ends: Shape = (channels, before)
    if order is _TRANSPOSED:
        ends = (before, channels)
    if each != 1:
        size = ends[1]
        ends = (ends[0], size // each if isinstance(size, int) and isinstance(each, int) and each > 0 else None)
    layout = argument(block, "layout", order)
    is_first = layout is None or (isinstance(layout, Const) and str(layout.value).startswith("NC"))
    shape = (*ends, *window) if is_first else None
    yield Weight("weight", shape, _given(block, "weight_initializer"), "")
    yield from _bias(block, channels)


def _norm(block: Thing) -> Iterator[Weight]:
    size = (_size(block, "in_channels"),)
    for name, flag, default in (("gamma", "scale", "ones"), ("beta", "center", "zeros")):
        is_trained = _flag(block, flag)
        # without it the parameter is there all the same, and does not train
        yield Weight(name, size, _given(block, f"{name}_initializer"), default, is_trained is not False)
    if block.last == "BatchNorm":
        yield Weight("running_mean", size, _given(block, "running_mean_initializer"), "zeros", is_trained=False)
        yield Weight("running_var", size, _given(block, "running_variance_initializer"), "ones", is_trained=False)
