"""The facts of `torch.json`, each table under a name of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Any, Literal

_FACTS: Mapping[str, Any] = json.loads(get_data("paramlint.knowledge", "torch.json") or b"")

TORCH_VERSION: str = _FACTS["TORCH_VERSION"]


def _names(table: str) -> frozenset[str]:
    return frozenset(_FACTS[table])


def _signatures(table: str) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(arguments) for name, arguments in _FACTS[table].items()})


MODULE_METHODS = _names("MODULE_METHODS")
"""Methods and attributes of every `torch.nn.Module`."""
MODULE_SELF_METHODS = _names("MODULE_SELF_METHODS")
"""Methods of Module that return the module itself: `net.cuda()` is `net`."""

TENSOR_INPLACE = _names("TENSOR_INPLACE")
"""Methods of Tensor that write values in place, not those that change shape, storage or flags (`squeeze_`)."""
TENSOR_INIT_INPLACE = _names("TENSOR_INIT_INPLACE")
"""Those of TENSOR_INPLACE that write the whole tensor without reading it."""
TENSOR_ADJUSTING = frozenset(
    {"abs_", "add_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "div_", "exp_", "lerp_", "log_", "mul_", "neg_",
     "pow_", "sqrt_", "sub_", "true_divide_"}
)  # fmt: skip
"""Those that compute each element from its old value: where that is garbage, the new one is."""
TENSOR_ATTRIBUTES = _names("TENSOR_ATTRIBUTES")
"""Attributes of Tensor that are not methods."""
TENSOR_FACTORIES = _names("TENSOR_FACTORIES")
"""Functions of torch that make a tensor, `torch.zeros`, `torch.rand_like`."""
EMPTY_FACTORIES = _names("EMPTY_FACTORIES")
"""What returns uninitialised memory: functions in full, methods of Tensor alone (`new_empty`)."""
LEGACY_CONSTRUCTORS = _names("LEGACY_CONSTRUCTORS")
"""Those of EMPTY_FACTORIES that do so given sizes, and copy when given data: `torch.FloatTensor`."""

INIT_FUNCTIONS = _signatures("INIT_FUNCTIONS")
"""Functions of `torch.nn.init` without the deprecated ones, and their arguments."""
DEPRECATED_INIT: Mapping[str, str] = MappingProxyType(_FACTS["DEPRECATED_INIT"])
"""Deprecated names in `torch.nn.init`, and what replaces them."""
WRITE_NAMES = tuple(sorted({*INIT_FUNCTIONS, *DEPRECATED_INIT, *TENSOR_INIT_INPLACE}))
"""The last names of everything that writes a whole tensor."""
FAN_INIT = _names("FAN_INIT")
"""Init functions that compute a fan, and so raise on a 1-D tensor."""
MATRIX_INIT = _names("MATRIX_INIT")
"""Other init functions that raise on a 1-D tensor."""
INIT_RETURNS_TENSOR: bool = _FACTS["INIT_RETURNS_TENSOR"]
"""True if every function of INIT_FUNCTIONS returns the tensor that it was given."""

OPTIMIZERS = _signatures("OPTIMIZERS")
"""Optimizer classes in full, the base class included, and the arguments of their `__init__`."""
STORAGE_DTYPES = _names("STORAGE_DTYPES")
"""Types whose tensors cannot be trained: no gradient (integers, bool) or no arithmetic (fp8)."""
FLOAT_DTYPES = _names("FLOAT_DTYPES")
"""Floating-point types that can be trained. Complex types are in neither table."""
PARAMETER_CLASSES = _names("PARAMETER_CLASSES")
BUFFER_CLASSES = _names("BUFFER_CLASSES")

Owns = Literal["always", "never", "arguments", "children"]


@dataclass(frozen=True)
class ModuleClass:
    """A class of `torch.nn`: what its instances hold.

    `parameters`, `buffers` and `submodules` are the union over all arguments: an LSTM lists `weight_hr_l0`, which
    only `proj_size` gives it, and its layers 0 and 1, which stand for any number. `owns` counts the parameters of
    submodules too: "always"; "never"; "arguments", where each pair of `without` (argument, value) leaves none;
    "children", a container or wrapper that owns what the caller puts into it.
    """

    name: str
    bases: tuple[str, ...]
    """Classes up to `torch.nn.Module`, nearest first; private ones too, `torch.nn.modules.conv._ConvNd`."""
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    submodules: Mapping[str, str] = field(hash=False)
    """Attribute -> class; `torch.nn.Module` where the caller hands the submodule over."""
    arguments: tuple[str, ...]
    """Of `__init__`, without self, positional ones in order; `*args` and `**kwargs` with their stars."""
    owns: Owns
    owns_by_default: bool
    """Whether a call that gives only what it must owns parameters: false for InstanceNorm2d, whose affine is off."""
    without: tuple[tuple[str, object], ...]
    """Given or by default, each of these (argument, value) pairs alone leaves an instance without parameters."""
    optional: Mapping[str, str] = field(hash=False)
    """Parameter -> boolean argument that must be true for it. The pairs of `without` prevail."""


ALIASES: Mapping[str, str] = MappingProxyType(_FACTS["ALIASES"])
"""Other spellings of public names."""
MODULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(_FACTS["MODULES"])
"""The fields of each `ModuleClass`, by name, as JSON has them."""
MODULE_CLASSES = frozenset(name for name in MODULES if name.count(".") == 2)
"""Classes of `torch.nn`."""
NORMS_WITH_MOMENTUM = frozenset(name for name, row in MODULES.items() if {"eps", "momentum"} <= set(row["arguments"]))
"""Classes of `torch.nn` that take an `eps` and a `momentum`."""


#: What a class that is compiled derives from registers as any other module does.
_COMPILED = MappingProxyType({"torch.jit.ScriptModule": "torch.nn.Module"})


def canonical(name: str) -> str:
    """The public spelling of a name: `torch.nn.Linear` for `torch.nn.modules.linear.Linear`; others unchanged."""
    return ALIASES.get(name) or _COMPILED.get(name, name)


#: Builtins that `from torch import *` replaces.
_OVER_BUILTINS = frozenset(
    {"abs", "all", "any", "bool", "compile", "complex", "float", "int", "max", "min", "pow", "range", "round", "sum"}
)


def is_told(name: str) -> bool:
    """Whether a table says that torch has something of this dotted name."""
    module, _, own = name.rpartition(".")
    if module == "torch.nn.init":
        return own in INIT_FUNCTIONS or own in DEPRECATED_INIT
    if module == "torch" and own in _OVER_BUILTINS:
        return True
    tables = (ALIASES, MODULES, OPTIMIZERS, TENSOR_FACTORIES, EMPTY_FACTORIES, PARAMETER_CLASSES, BUFFER_CLASSES)
    return any(name in table for table in tables)


@cache
def module_class(name: str) -> ModuleClass | None:
    """What is known about the module class of that name, in any spelling; None if it is not torch's."""
    name = canonical(name)
    row = MODULES.get(name)
    if row is None:
        return None
    return ModuleClass(
        name=name,
        bases=tuple(row["bases"]),
        parameters=tuple(row["parameters"]),
        buffers=tuple(row["buffers"]),
        submodules=MappingProxyType(row["submodules"]),
        arguments=tuple(row["arguments"]),
        owns=row["owns"],
        owns_by_default=row["owns_by_default"],
        without=tuple(map(tuple, row["without"])),
        optional=MappingProxyType(row["optional"]),
    )
