"""The tensors that a model registers, under every name that leads to them."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import nn

#: Torch's modules that name what they hold as they are told to, or by counting.
NAMING = (nn.ModuleList, nn.Sequential, nn.ModuleDict, nn.ParameterList, nn.ParameterDict, nn.RNNBase)

Role = Literal["parameter", "buffer"]


@dataclass(frozen=True, eq=False)
class Named:
    """One name of one registered tensor.

    Attributes:
        name: dotted, as in `state_dict`.
        tensor: what stands there now.
        module: the module that registers it.
        attribute: under which attribute.
        persistent: whether `state_dict` holds it.
    """

    name: str
    tensor: torch.Tensor
    module: nn.Module
    attribute: str
    role: Role
    persistent: bool = True


def named_tensors(model: nn.Module) -> Iterator[Named]:
    """Every registered tensor under every name, a shared one more than once."""
    for prefix, module in model.named_modules(remove_duplicate=False):
        start = f"{prefix}." if prefix else ""
        for attribute, parameter in module._parameters.items():
            if parameter is not None:
                yield Named(start + attribute, parameter, module, attribute, "parameter")
        for attribute, buffer in module._buffers.items():
            if buffer is not None:
                persistent = attribute not in module._non_persistent_buffers_set
                yield Named(start + attribute, buffer, module, attribute, "buffer", persistent)


def grouped(model: nn.Module) -> list[list[Named]]:
    """The names by tensor, in the order of their first appearance."""
    groups: dict[int, list[Named]] = {}
    for named in named_tensors(model):
        groups.setdefault(id(named.tensor), []).append(named)
    return list(groups.values())


def defining_class(module: nn.Module, attribute: str) -> type:
    """The class in whose body an attribute of the module is set; the module's own where no code says."""
    return next(_setters(module, attribute), type(module))


def holder_of(model: nn.Module, tensor: str) -> str:
    """The name of the nearest module around a tensor that is no mere container of parameters."""
    name = tensor.rpartition(".")[0]
    while isinstance(model.get_submodule(name), (nn.ParameterDict, nn.ParameterList)) and name:
        name = name.rpartition(".")[0]
    return name


def is_strange(named: Named) -> bool:
    """Whether a layer of torch holds something under an attribute that is none of its class."""
    cls = type(named.module)
    is_layer = cls.__module__.startswith("torch.nn.modules.") and not issubclass(cls, NAMING)
    return is_layer and not sets_attribute(named.module, named.attribute)


def sets_attribute(module: nn.Module, attribute: str) -> bool:
    """Whether some method of the module's own classes sets the attribute."""
    return any(True for _ in _setters(module, attribute))


def _setters(module: nn.Module, attribute: str) -> Iterator[type]:
    for cls in type(module).__mro__:
        if cls is nn.Module:
            return
        if attribute in stored_attributes(cls):
            yield cls


@cache
def stored_attributes(cls: type) -> frozenset[str]:
    """The attributes that the class's own methods set, by assignment or by a `register_...` call."""
    names: set[str] = set()
    for member in vars(cls).values():
        code = getattr(member, "__code__", None)
        if code is None:
            continue
        registers = any(name.startswith(("register_", "add_module", "setattr")) for name in code.co_names)
        for instruction in dis.get_instructions(code):
            is_store = instruction.opname == "STORE_ATTR"
            if is_store or (registers and isinstance(instruction.argval, str) and "CONST" in instruction.opname):
                names.add(str(instruction.argval))
    return frozenset(names)
