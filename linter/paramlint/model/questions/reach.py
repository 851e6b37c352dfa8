"""What `backward()` reaches: the parameters that a tensor was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paramlint.model.answer import UNKNOWN, YES, Several
from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import NOT_KNOWN, Module, Tensor

#: Functions whose result has no gradient, by the last part of their names.
_CUTS = frozenset(
    {"argmax", "argmin", "argsort", "long", "int", "bool", "byte", "eq", "ne", "gt", "ge", "lt", "le", "sign", "ceil",
     "floor", "round", "multinomial", "bernoulli", "one_hot", "isnan", "isinf", "isfinite", "zeros_like", "ones_like",
     "rand_like", "randn_like", "full_like", "empty_like", "numpy", "bincount", "histc", "nonzero", "argwhere",
     "searchsorted", "bucketize", "count_nonzero", "logical_and", "logical_or", "logical_not", "isin", "==", "!=", "<",
     "<=", ">", ">="}
)  # fmt: skip
#: Values that are gone through for one loss, and passes inside and before passes.
_MOST = 2_000
_DEEPEST = 40


def reached(start: Any) -> Several[Tensor]:
    """The parameters that a loss was computed from while autograd recorded; closed where these are all.

    A module that was called counts with all its parameters, where its `forward` cannot be followed to the end.
    """
    return _reached([start], {}, 0)


def _reached(stack: list[Any], passes: dict[int, Several[Tensor]], depth: int) -> Several[Tensor]:
    found: dict[int, Tensor] = {}
    closed = YES
    starts = set(map(id, stack))
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if len(seen) > _MOST:
            return Several(found.values(), UNKNOWN)
        if isinstance(one, Module):
            found.update((id(t), t) for t in one.parameters)
            closed = closed & one.parameters.closed & one.known
        elif one is NOT_KNOWN or (id(one) in starts and not isinstance(one, Tensor)):
            closed = closed & UNKNOWN
        elif isinstance(one, Tensor):
            if one.role == "parameter" or (one.factory == "argument" and not one.made_from):
                found[id(one)] = one
                closed = closed & (YES if one.known else UNKNOWN)
            elif one.trains.yes and not one.view:  # a plain tensor that is trained
                found[id(one)] = one
                stack.extend(one.made_from if one.recorded else ())
            else:
                stack.extend(added(one))
                if passes_gradient(one):
                    inner = _of_pass(one, passes, depth) if one.pass_of is not None else None
                    if inner is not None and inner.closed.yes:
                        found.update((id(t), t) for t in inner)
                    else:
                        stack.extend(one.made_from if one.pass_of is None else (one.pass_of, *one.given))
    return Several(found.values(), closed)


def _of_pass(result: Tensor, passes: dict[int, Several[Tensor]], depth: int) -> Several[Tensor]:
    """The parameters that the result of a pass was computed from, as far as the pass can be followed."""
    known = passes.get(id(result))
    if known is None:
        passes[id(result)] = Several()
        parts = [part for part in result.made_from if part is not result]
        if parts and depth < _DEEPEST:
            passes[id(result)] = _reached(parts, passes, depth + 1)
        known = passes[id(result)]
    return known


def sources(start: Any) -> list[Tensor]:
    """The parameters that a value was computed from, whether a gradient goes there or not."""
    found: list[Tensor] = []
    seen: set[int] = set()
    stack = [start]
    while stack and len(seen) < _MOST:
        one = stack.pop()
        if isinstance(one, Tensor) and id(one) not in seen:
            seen.add(id(one))
            if one.role == "parameter":
                found.append(one)
            else:
                stack.extend(one.made_from)
    return found


def added(tensor: Tensor) -> list[Any]:
    """What was written into a tensor while autograd recorded, but for the indices that say where.

    It counts for `torch.zeros_like(x)` too, whose first values have no gradient.
    """
    if tensor.view in ("detach", "data"):
        return []
    indices = [write.given[1] for write in tensor.writes if _is_at_indices(write) and len(write.get("given", ())) > 1]
    return [one for one in tensor.written_into if not any(one is index for index in indices)]


def _is_at_indices(write: Event) -> bool:
    """Whether it is one like `index_add_(dim, index, source)`."""
    return str(write.get("law")).startswith(("index_", "scatter"))


def passes_gradient(tensor: Tensor) -> bool:
    """Whether a gradient goes through it to what it was computed from."""
    if not tensor.recorded or tensor.view in ("detach", "data"):
        return False
    return tensor.factory.rpartition(".")[2] not in _CUTS


def computed_from(starts: Sequence[Any]) -> dict[int, Tensor]:
    """All tensors that some values were computed from, and these themselves, whether a gradient goes there or not."""
    found: dict[int, Tensor] = {}
    stack = list(starts)
    while stack:
        one = stack.pop()
        if isinstance(one, Tensor) and id(one) not in found:
            found[id(one)] = one
            stack += [*one.made_from, *one.carried, *one.given, *one.written_into]
            stack += [one.base] if one.base is not None else []
    return found


def made_of(model: Model) -> dict[int, list[Tensor]]:
    """The tensors that each tensor was used to compute, views of it too."""
    found: dict[int, list[Tensor]] = {}
    starts = [*model.all_tensors, *model.returned, *(event.of for event in model.events("read", "bound"))]
    for tensor in computed_from(starts).values():
        sources = (*tensor.made_from, *tensor.given, *tensor.written_into, tensor.base)
        for source in {id(s): s for s in sources}.values():
            if isinstance(source, Tensor):
                found.setdefault(id(source), []).append(tensor)
    return found


def is_always_cut(tensor: Tensor, children: Mapping[int, Sequence[Tensor]], depth: int = 0) -> bool:
    """Whether all that is computed from a tensor, and from it alone, leaves the graph, and something is.

    Args:
        tensor: a parameter, or what was computed from one.
        children: what `made_of` says.
        depth: how many steps of computing lie before it.
    """
    if depth and (tensor.view in ("detach", "data") or not passes_gradient(tensor)):
        return True
    others = sum(isinstance(one, Tensor) for one in {id(s): s for s in (*tensor.made_from, *tensor.given)}.values())
    if depth and (others > 1 or tensor.written_into):
        return False  # a value beside it may be what the gradient is meant for, as in a straight-through estimator
    made = children.get(id(tensor), ())
    return 0 < len(made) <= _MOST and depth < _DEEPEST and all(is_always_cut(m, children, depth + 1) for m in made)
