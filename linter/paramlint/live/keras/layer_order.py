"""Which layer comes after which in a `Sequential` or functional model, and which comes several times."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import cache
from typing import Any

from paramlint.live.keras.mirror import Held, Mirrored, nodes_of
from paramlint.live.observe.writes import Line

#: Layers that are looked through to find the next one with a kernel.
MOST_LAYERS = 50


def kernels_in_order(shown: Mirrored) -> Iterator[tuple[Held, tuple[Held, ...]]]:
    """Each kernel with the kernels of the layers that its layer's output goes into, where all of these are known."""
    kernels = {id(held.layer): held for held in shown.held if _is_kernel(held)}
    after = dict(_consumers(shown))
    for held in kernels.values():
        if id(held.layer) in after:
            following = _next(held.layer, after, kernels)
            if following:
                yield held, following


def multiplied_layers(shown: Mirrored) -> Iterator[tuple[str, Any, Line]]:
    """Layers with variables that are made inside of a list which is multiplied: their paths, and where that is."""
    for path, layer in shown.layers.items():
        made = shown.creations.of_layer(layer)
        if made is None or not made.lines or not layer.variables or _times(shown, layer) < 2:
            continue
        if any(first <= made.lines[0].row <= last for first, last in _multiplied(made.lines[0].filename)):
            yield path, layer, made.lines[0]


def _times(shown: Mirrored, layer: Any) -> int:
    """How often one model goes through a layer, or one list holds it."""
    most = 0
    for holder in shown.layers.values():
        most = max(most, sum(node.operation is layer for node in nodes_of(holder)))
        for value in vars(holder).values():
            if isinstance(value, (list, tuple)):
                most = max(most, sum(one is layer for one in value))
    return most


@cache
def _multiplied(filename: str) -> tuple[tuple[int, int], ...]:
    """The rows of the lists and tuples of a file that are multiplied by something."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    products = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)]
    sides = [side for node in products for side in (node.left, node.right) if isinstance(side, (ast.List, ast.Tuple))]
    return tuple((side.lineno, side.end_lineno or side.lineno) for side in sides)


def _is_kernel(held: Held) -> bool:
    return held.is_parameter and held.variable.name == "kernel" and len(held.variable.shape) > 1


def _consumers(shown: Mirrored) -> Iterator[tuple[int, list[Any]]]:
    """The layers that take each layer's output, in all models of the model that know their own order."""
    found: dict[int, list[Any]] = {}
    for model in shown.layers.values():
        for node in nodes_of(model):
            for tensor in node.input_tensors:
                found.setdefault(id(tensor._keras_history.operation), []).append(node.operation)
    yield from found.items()


def _next(layer: Any, after: dict[int, list[Any]], kernels: dict[int, Held]) -> tuple[Held, ...]:
    """The next kernels; none where a way ends, or leads through a layer that has other variables."""
    pending, seen, found = [*after[id(layer)]], {id(layer)}, []
    while pending and len(seen) < MOST_LAYERS:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if id(one) in kernels:
            found.append(kernels[id(one)])
        elif getattr(one, "_layers", None) or id(one) not in after:
            return ()
        else:
            pending += after[id(one)]
    return tuple(found)
