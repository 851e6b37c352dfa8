"""Norms that a module's `forward` applies at several depths: one mean and scale for activations that differ.

`forward` is traced by `torch.fx`, which needs no data: what the module holds is called in name only, and its
own code runs on stand-ins for tensors. Of code that decides by values nothing is known.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import fx, nn
from torch.fx.proxy import TraceError

from paramlint.live.observe.source_places import source_of
from paramlint.live.questions.sharing.shared_modules import INTENT
from paramlint.live.questions.unregistered import REGISTRIES

#: Nodes of a graph, after which `forward` is given up.
MOST_NODES = 10_000


@dataclass(frozen=True)
class Reuse:
    """A norm at several depths.

    Attributes:
        name: dotted, in the model.
        holder: the class whose `forward` applies it.
        between: dotted names of layers through which what it gives goes on its way to the next application.
    """

    name: str
    holder: type
    between: tuple[str, ...]


def reused_norms(model: nn.Module) -> list[Reuse]:
    """The norms of each class that somebody other than torch wrote, looked for in its first instance."""
    first: dict[type, str] = {}
    for name, module in model.named_modules():
        if not type(module).__module__.startswith("torch.") and any(map(_is_norm, module._modules.values())):
            first.setdefault(type(module), name)
    return [reuse for prefix in first.values() for reuse in _reuses(prefix, model.get_submodule(prefix))]


def _reuses(prefix: str, module: nn.Module) -> Iterator[Reuse]:
    nodes = _traced(module)
    times = Counter(str(node.target) for node in nodes if node.op == "call_module")
    # A layer that is applied as often as the norm belongs to a recurrence, in which everything is shared.
    once = {name for name, n in times.items() if n == 1 and _owns_parameters(module.get_submodule(name))}
    start = f"{prefix}." if prefix else ""
    for name, count in times.items():
        if count > 1 and _is_norm(module._modules.get(name)):
            between = _between(name, once, nodes)
            if between and not _is_meant(type(module)):
                yield Reuse(start + name, type(module), tuple(start + layer for layer in between))


def _is_meant(cls: type) -> bool:
    """Whether the source of a class, or of one that it inherits from, speaks of sharing."""
    return any(INTENT.search(source_of(base)) for base in cls.__mro__ if not base.__module__.startswith("torch."))


def _between(norm: str, layers: set[str], nodes: list[fx.Node]) -> list[str]:
    """The layers on the ways from one application of a norm to the next one."""
    # For what depends on an application: the layers on the ways from there.
    passed: dict[fx.Node, frozenset[str]] = {}
    for node in nodes:
        ways = [passed[source] for source in node.all_input_nodes if source in passed]
        layer = str(node.target) if node.op == "call_module" else ""
        behind = frozenset[str]().union(*ways)
        if layer == norm:
            if behind:
                return sorted(behind)
            passed[node] = frozenset()
        elif ways:
            passed[node] = behind | {layer} if layer in layers else behind
    return []


def _traced(module: nn.Module) -> list[fx.Node]:
    """The nodes of a module's `forward`, arguments with a default left out; none where it cannot be traced."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        with _kept(module):
            return list(_Tracer().trace(module, defaults).nodes)
    except Exception:  # the user's code, on what is no tensor
        return []


class _Tracer(fx.Tracer):
    """Runs the code of the module itself, and nothing of the modules in it."""

    proxy_buffer_attributes = True

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002
        return True

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        if len(self.graph.nodes) > MOST_NODES:
            raise TraceError(f"more than {MOST_NODES} nodes")
        return super().create_node(*args, **kwargs)


@contextmanager
def _kept(module: nn.Module) -> Iterator[None]:
    """Give a module's attributes back what they were."""
    before = dict(vars(module))
    registered = {key: dict(before[key]) for key in REGISTRIES}
    try:
        yield
    finally:
        vars(module).clear()
        vars(module).update(before)
        for key, content in registered.items():
            before[key].clear()
            before[key].update(content)


def _is_norm(module: nn.Module | None) -> bool:
    if module is None or not _owns_parameters(module):
        return False
    return any("norm" in cls.__name__.lower() for cls in type(module).__mro__)


def _owns_parameters(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())
