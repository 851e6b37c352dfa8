"""Stubs: what the classes and functions of torch, and of a few other libraries, leave behind, told in Python.

A stub is a text that the symbolic build runs as it runs the user's code; nothing of it is ever imported. Each file holds
what one dotted module exports; its first line says against which version it was checked. A class with `__unknown__` is
a module that owns parameters of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from paramlint.knowledge import canonical

_FOLDER = Path(__file__).parent
_DEFINED = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)

_EXPORTED_BY: Mapping[str, str] = MappingProxyType(
    {
        "torch._dynamo": "torch",
        "torch.distributed._composable.fsdp": "torch.distributed.fsdp",
        "torch.distributed.fsdp": "torch.distributed.fsdp",
        "torch.nn.modules": "torch.nn",
        "torch.nn.parallel": "torch.nn.parallel",
        "torch.nn.utils": "torch.nn.utils",
    }
)
"""Packages whose own modules are known by what one stub says."""

_ELSEWHERE: Mapping[str, str] = MappingProxyType({"torch.nn.DataParallel": "torch.nn.parallel"})
"""Names that a module exports and the stub of another one tells."""


@cache
def text(module: str) -> str | None:
    """The stub of a dotted module, `torch.nn`; None where there is none."""
    path = _FOLDER / f"{module}.stub"
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def home(name: str) -> tuple[str, str] | None:
    """The stub that tells of a dotted name, by whatever path it was reached, and its name there.

    `torch.nn.modules.linear.Linear` gives `("torch.nn", "Linear")`; what no stub tells gives None.
    """
    name = canonical(name)
    module, _, own = name.rpartition(".")
    stub = _ELSEWHERE.get(name) or _stub_of(module)
    return (stub, own) if stub and own in _defined(stub) else None


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
