"""What the static side knows about torch, without torch.

The facts are in `torch.json`, generated from one version of torch and dated by it (`TORCH_VERSION`). Names are given
in full with torch's public spelling, `torch.nn.Linear`; names of methods stand alone, `normal_`. What the static side
does with its knowledge is not here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramlint.knowledge.torch_names import (
        ALIASES,
        BUFFER_CLASSES,
        DEPRECATED_INIT,
        EMPTY_FACTORIES,
        FAN_INIT,
        FLOAT_DTYPES,
        INIT_FUNCTIONS,
        INIT_RETURNS_TENSOR,
        LEGACY_CONSTRUCTORS,
        MATRIX_INIT,
        MODULE_CLASSES,
        MODULE_METHODS,
        MODULE_SELF_METHODS,
        MODULES,
        NORMS_WITH_MOMENTUM,
        OPTIMIZERS,
        PARAMETER_CLASSES,
        STORAGE_DTYPES,
        TENSOR_ADJUSTING,
        TENSOR_ATTRIBUTES,
        TENSOR_FACTORIES,
        TENSOR_INIT_INPLACE,
        TENSOR_INPLACE,
        TORCH_VERSION,
        WRITE_NAMES,
        ModuleClass,
        Owns,
        canonical,
        is_told,
        module_class,
    )

__all__ = [
    "ALIASES",
    "BUFFER_CLASSES",
    "DEPRECATED_INIT",
    "EMPTY_FACTORIES",
    "FAN_INIT",
    "FLOAT_DTYPES",
    "INIT_FUNCTIONS",
    "INIT_RETURNS_TENSOR",
    "LEGACY_CONSTRUCTORS",
    "MATRIX_INIT",
    "MODULES",
    "MODULE_CLASSES",
    "MODULE_METHODS",
    "MODULE_SELF_METHODS",
    "NORMS_WITH_MOMENTUM",
    "OPTIMIZERS",
    "PARAMETER_CLASSES",
    "STORAGE_DTYPES",
    "TENSOR_ADJUSTING",
    "TENSOR_ATTRIBUTES",
    "TENSOR_FACTORIES",
    "TENSOR_INIT_INPLACE",
    "TENSOR_INPLACE",
    "TORCH_VERSION",
    "WRITE_NAMES",
    "ModuleClass",
    "Owns",
    "canonical",
    "is_told",
    "module_class",
]


def __getattr__(name: str) -> Any:
    """A table, read when it is asked for: what chooses rules and tells frameworks has no use for any."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.torch_names"), name)
    return found
