"""Stubs: what the classes and functions of torch, and of a few other libraries, leave behind, told in Python.

A stub is a text that the symbolic build runs as it runs the user's code, with the names torch, nn, init, Module,
Parameter, math and copy in reach; nothing of it is ever imported. `torch/nn.stub` holds what `torch.nn` exports;
its first line says against which version it was checked. A class with `__unknown__` is a module that owns parameters
of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pkgutil import get_data
from types import MappingProxyType

_DEFINED = re.compile(r"^(?:class |def |(?=\w+ = ))(\w+)", re.MULTILINE)

_EXPORTED_BY: Mapping[str, str] = MappingProxyType(
    {
        "lightning": "lightning.pytorch",
        "pytorch_lightning": "lightning.pytorch",
        "timm.layers": "timm.layers",
        "timm.models": "timm",
        "timm.models.layers": "timm.layers",
        "torch._dynamo": "torch",
        "torch.distributed._composable.fsdp": "torch.distributed.fsdp",
        "torch.distributed.fsdp": "torch.distributed.fsdp",
        "torch.nn.modules": "torch.nn",
        "torch.nn.parallel": "torch.nn.parallel",
        "torch.nn.utils": "torch.nn.utils",
        "torchvision.models": "torchvision.models",
        "transformers": "transformers",
    }
)
"""Packages, with the modules inside them, and the stub that tells what these export."""

_ELSEWHERE: Mapping[str, str] = MappingProxyType({"torch.nn.DataParallel": "torch.nn.parallel"})
"""Names that a module exports and the stub of another one tells."""

_FAMILIES = (
    (re.compile(r"transformers\.(?:.*\.)?\w*PreTrainedModel"), ("transformers", "PreTrainedModel")),
    (re.compile(r"transformers\.(?:.*\.)?AutoModel\w*"), ("transformers", "AutoModel")),
    (
        re.compile(r"transformers\.(?:.*\.)?(?!TF|Flax|DataCollator)[A-Z]\w*?(?:Model|For[A-Z]\w*)"),
        ("transformers", "UnknownModel"),
    ),
)
"""Classes too many to be told one by one, by their names."""


@cache
def text(module: str) -> str | None:
    """The stub of a dotted module, `torch.nn`; None where there is none."""
    names = module.split(".")
    if not all(name.isidentifier() for name in names):  # of `.nn` the path would be that of `nn`
        return None
    try:
        found = get_data(__name__, f"{'/'.join(names)}.stub")
    except OSError:
        return None
    return None if found is None else found.decode("utf-8")


@cache
def home(name: str) -> tuple[str, str] | None:
    """The stub that tells of a dotted name, by whatever path it was reached, and its name there.

    `torch.nn.modules.linear.Linear` gives `("torch.nn", "Linear")`; what no stub tells gives None.
    """
    module, _, own = name.rpartition(".")
    stub = _ELSEWHERE.get(name) or _stub_of(module)
    if stub is None:
        return None
    if own in _defined(stub):
        return stub, own
    return next((told for family, told in _FAMILIES if family.fullmatch(name)), None)


def _stub_of(module: str) -> str | None:
    """The stub for a module: its own, or that of the nearest package which exports what its modules hold."""
    if text(module) is not None:
        return module
    package = module
    while package:
        if package in _EXPORTED_BY:
            return _EXPORTED_BY[package]
        package = package.rpartition(".")[0]
    return None


@cache
def _defined(module: str) -> frozenset[str]:
    return frozenset(_DEFINED.findall(text(module) or ""))
