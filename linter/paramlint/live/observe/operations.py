"""What an operation of torch does to memory, read once from its schema."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from paramlint.live.observe.writes import Scalar, scalar

ALLOCATING = frozenset(
    [
        "empty",
        "empty_strided",
        "empty_like",
        "new_empty",
        "new_empty_strided",
        "empty_permuted",
        "empty_quantized",
        "_empty_affine_quantized",
        "_empty_per_channel_affine_quantized",
    ]
)
RESIZING = frozenset(["resize_", "resize_as_", "set_"])
#: In-place operations that overwrite a tensor without reading it.
OVERWRITING = frozenset(
    [
        "normal_",
        "uniform_",
        "random_",
        "bernoulli_",
        "exponential_",
        "log_normal_",
        "cauchy_",
        "geometric_",
        "fill_",
        "zero_",
        "copy_",
        "_copy_from",
        "set_data",
    ]
)
#: In-place operations whose extent is in the values of their arguments.
INDEXED = frozenset(
    [
        "index_put_",
        "_index_put_impl_",
        "index_fill_",
        "masked_fill_",
        "scatter_",
        "index_copy_",
        "masked_scatter_",
        "put_",
        "scatter_add_",
        "index_add_",
        "scatter_reduce_",
        "index_reduce_",
    ]
)
#: Operations that take a tensor's shape and never look at its elements.
SHAPED_ONLY = frozenset(
    [
        "zeros_like",
        "ones_like",
        "full_like",
        "rand_like",
        "randn_like",
        "randint_like",
        "new_zeros",
        "new_ones",
        "new_full",
    ]
)
VIEWS = frozenset(
    [
        "detach",
        "alias",
        "view",
        "_unsafe_view",
        "reshape",
        "select",
        "slice",
        "t",
        "transpose",
        "as_strided",
        "lift_fresh",
    ]
)
SAME = frozenset(["detach", "alias"])
#: Operations that make more elements than they are given, and say how many otherwise than by a size.
REPEATING = frozenset(["eye", "repeat"])
SIMPLE = frozenset(["dtype", "device", "layout", "pin_memory"])
FOREACH = "_foreach_"
#: Arguments that batch norms write in training, though the schemas of most do not say so.
STATISTICS = ("running_mean", "running_var")
DEFAULTS_OF_NO_INTEREST = frozenset(
    ["pin_memory", "memory_format", "non_blocking", "layout", "dtype", "device", "generator"]
)


class Operation:
    """An operation's schema, as far as memory is concerned.

    Attributes:
        name: without namespace and overload, `_foreach_mul_` as `mul_`.
        is_view: the result shows the memory of an argument.
        is_same: the result is the argument once more, with all of its memory.
        makes: it may make a tensor of any size, by its arguments.
        allocates: the result is new memory with nothing in it.
        overwrites: all elements of what is written are overwritten, none is read.
        takes_values: the result depends on the elements of the arguments, not only on their shapes.
    """

    def __init__(self, func: Any) -> None:
        schema = func._schema
        namespace, _, name = str(schema.name).partition("::")
        self.name = name.removeprefix(FOREACH) if namespace == "aten" else str(schema.name)
        self.schema = schema
        self._parameters = [(a.name, _is_written(a)) for a in schema.arguments]
        self._is_norm = "batch_norm" in name and any(a.name == "training" for a in schema.arguments)
        if self._is_norm:
            self._parameters = [(name, is_written or name in STATISTICS) for name, is_written in self._parameters]
        self._written = frozenset(name for name, is_written in self._parameters if is_written)
        self.is_view = self.name in VIEWS or bool(getattr(func, "is_view", False))
        self.allocates = self.name in ALLOCATING
        self.resizes = self.name in RESIZING
        self.is_indexed = self.name in INDEXED
        self.overwrites = self.name in OVERWRITING or any(a.is_out for a in schema.arguments)
        self.returns_one = len(schema.returns) == 1 and str(schema.returns[0].type) == "Tensor"
        self.takes_values = self.name not in SHAPED_ONLY
        self.is_same = self.name in SAME
        sized = any(a.name == "size" for a in schema.arguments) or self.name.endswith("_like")
        self.makes = (sized or self.name in REPEATING) and not self.name.startswith("_")
        self.returns_first = len(schema.returns) == 1 and bool(self._parameters) and self._parameters[0][1]
        of_interest = [(i, a) for i, a in enumerate(schema.arguments) if a.name not in DEFAULTS_OF_NO_INTEREST]
        self._scalars = [(i, a.name, scalar(_default(a))) for i, a in of_interest]

    @staticmethod
    @cache
    def of(func: Any) -> Operation:
        """The operation, read once."""
        return Operation(func)

    def tensors(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """The tensors that a call reads, and those that it writes."""
        read: list[torch.Tensor] = []
        written: list[torch.Tensor] = []
        # Without anything made on the way: it runs for every operation, and what is made brings the collector in.
        for value, (_, is_written) in zip(args, self._parameters, strict=False):
            if isinstance(value, torch.Tensor):
                (written if is_written else read).append(value)
            elif isinstance(value, (list, tuple)):
                (written if is_written else read).extend(x for x in value if isinstance(x, torch.Tensor))
        for name, value in kwargs.items():
            if value is not None:
                _take(value, written if name in self._written else read)
        if self._is_norm and not self.named(args, kwargs).get("training"):
            return [*read, *written], []
        return read, written

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Scalar]:
        """The scalar arguments of a call by name, defaults included."""
        found: dict[str, Scalar] = {}
        given = len(args)
        for index, name, default in self._scalars:
            value = scalar(args[index]) if index < given else scalar(kwargs[name]) if name in kwargs else default
            if value is not None:
                found[name] = value
        return found

    def is_plain(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a call gives a size, and beside it no more than a dtype and the cpu."""
        given = {name for name, value in kwargs.items() if value is not None and value is not False}
        return len(args) == 1 and given <= SIMPLE and kwargs.get("layout") in (None, torch.strided)

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Any, bool]]:
        """The arguments given, each with whether the operation writes it."""
        named = self.named(args, kwargs)
        return [(named[name], is_written) for name, is_written in self._parameters if name in named]

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments given, by name."""
        given = {name: value for (name, _), value in zip(self._parameters, args, strict=False)} | kwargs
        return {name: value for name, value in given.items() if value is not None}


def _take(value: Any, tensors: list[torch.Tensor]) -> None:
    if isinstance(value, torch.Tensor):
        tensors.append(value)
    elif isinstance(value, (list, tuple)):
        tensors.extend(x for x in value if isinstance(x, torch.Tensor))


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


def _default(argument: Any) -> Any:
    return argument.default_value if argument.has_default_value() else None
