"""What the values and events of a trace mean in Gluon: blocks, their parameters, containers."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading.events import Called
from paramlint.facts.reading.trace import Trace, is_block_class
from paramlint.facts.reading.values import (
    Const,
    Part,
    Result,
    Thing,
    Value,
    flat,
    options,
)
from paramlint.knowledge.gluon_names import BIASED, CONTAINERS, OWNING, block_owns, is_block_base

#: Attributes of layers that are parameters.
_PARAMETERS = ("weight", "bias", "gamma", "beta")


def is_block(value: Value) -> bool:
    """Whether a value is certainly a block."""
    if not isinstance(value, Thing):
        return False
    if value.cls is not None:
        return is_block_class(value.cls)
    return is_block_base(value.what) or block_owns(value.what) is not None


def owns(trace: Trace, value: Value, depth: int = 0) -> bool | None:
    """Whether a block has parameters; `None` where that is not known."""
    if not isinstance(value, Thing) or depth > 6:
        return None
    if value.cls is None:
        said = block_owns(value.what)
        if said is None and value.what.rpartition(".")[2] in CONTAINERS:
            inside = [one for call in trace.methods(value, "add") for one in call.args]
            return True if any(owns(trace, one, depth + 1) for one in inside) else None
        return said
    inside = [one for kept in trace.heap.get(value, {}).values() for one in flat(kept)]
    return True if any(owns(trace, one, depth + 1) for one in inside) else None


def is_container(value: Value) -> bool:
    """Whether a block holds others, so that its own `params` has none of theirs."""
    if not isinstance(value, Thing):
        return False
    return is_block_class(value.cls) if value.cls is not None else value.what.rpartition(".")[2] in CONTAINERS


def children(trace: Trace, block: Value) -> list[Value]:
    """The blocks in a container: attributes, and what is added."""
    found = [one for kept in trace.heap.get(block, {}).values() for one in options(kept)]
    found += [one for call in trace.methods(block, "add", "register_child") for one in call.args]
    return [one for one in found if is_block(one)]


def has_bias(value: Value) -> bool | None:
    """Whether a block has a bias; `None` where that is not known."""
    if not isinstance(value, Thing) or value.cls is not None:
        return None
    last = value.what.rpartition(".")[2]
    if last not in BIASED:
        return False if last in ("Embedding", "SparseEmbedding") else None
    flag = value.made.argument("use_bias")
    if flag is None:
        return None if value.made.open else True
    return bool(flag.value) if isinstance(flag, Const) else None


def is_leaf(value: Value) -> bool:
    """Whether a block has its parameters itself."""
    return isinstance(value, Thing) and value.cls is None and value.what.rpartition(".")[2] in OWNING


def params_of(value: Value | None) -> Value | None:
    """The block whose `params` a value is."""
    return value.owner if isinstance(value, Part) and value.name == "params" else None


def collected_of(value: Value | None) -> Value | None:
    """The block whose `collect_params()` a value is."""
    if isinstance(value, Result) and isinstance(value.call.func, Part) and value.call.func.name == "collect_params":
        return value.call.func.owner
    return None


def is_parameter(value: Value) -> bool:
    """Whether a value is certainly a parameter: an attribute of a layer, one of `params`, one of those collected."""
    if isinstance(value, Thing):
        return value.what == "gluon.Parameter"
    if not isinstance(value, Part):
        return False
    if value.name.startswith("["):
        return collected_of(value.owner) is not None or is_block(params_of(value.owner) or value)
    return value.name in _PARAMETERS and is_block(value.owner)


def owners(call: Called) -> Iterator[Value]:
    """The objects whose method is called."""
    for func in options(call.func):
        if isinstance(func, Part):
            yield from options(func.owner)
