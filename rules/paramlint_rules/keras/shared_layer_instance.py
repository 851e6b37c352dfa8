"""One layer that stands in several places shares its weights among all of them.

`[Dense(4)] * 3` makes one layer and lists it three times; a layer in the body of a class or as a default argument is
made once for all instances. There are fewer weights than there seem to be, and those of a class attribute are in no
`weights`.

Bad:
    import keras
    from keras import layers

    model = keras.Sequential([layers.Dense(4)] * 3)

Good:
    import keras
    from keras import layers

    model = keras.Sequential([layers.Dense(4) for _ in range(3)])

Fix: unsafe. The model gets the weights that it lacks.
Leave it: the places are meant to share; say so with `share`, `tie` or `same` in a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.intent import sharing_is_meant
from paramlint.facts.reading import (
    Called,
    ClassValue,
    Event,
    Function,
    Held,
    Repeated,
    Said,
    Stored,
    Thing,
    Trace,
    Value,
    options,
)
from paramlint.facts.reading.keras_code import is_layer, owns
from paramlint.facts.reading.trace import is_called, is_layer_class, is_method, say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM813",
    "shared-layer-instance",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("layers", "Sequential", "Model", "Layer", "keras"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for event in trace.events:
        for layer, message, node, fix in _shared(event):
            if is_layer(layer) and owns(trace, layer) is True and not sharing_is_meant(event.scope, node):
                yield say(event, f"`{layer.last}` {message}", fix, node)  # type: ignore[attr-defined]


Shared = Iterator[tuple[Value, str, nodes.Node, Fix | None]]


def _shared(event: Event) -> Shared:
    if isinstance(event, Repeated) and isinstance(event.held, Held):
        yield from _repeated(event, event.held)
    elif isinstance(event, Stored):
        value = event.value
        if isinstance(event.owner, ClassValue) and is_layer_class(event.owner.cls):
            node = getattr(event.node, "value", event.node)
            yield value, "belongs to the class, so all instances share its weights", node, None
        elif isinstance(event.owner, Function):
            yield value, "is the default, made once, so all calls share its weights", event.node, None
    elif isinstance(event, Called):
        if is_called(event, "itertools.repeat", "dict.fromkeys") and event.args:
            value = event.args[-1 if is_called(event, "dict.fromkeys") else 0]
            yield value, "is one layer in all places, so they share its weights", event.node, None
        if event.loops and event.args and is_method(event.func, "append", "add"):
            for value in options(event.args[-1]):
                if isinstance(value, Thing) and any(loop not in value.made.loops for loop in event.loops):
                    if not value.made.guards and len(event.args) == 1 and value.made.root == event.root:
                        yield value, "is added in each round, so all places share its weights", event.node, None


def _repeated(event: Repeated, held: Held) -> Shared:
    node = event.node
    for item in held.items:
        if not isinstance(item, Thing):
            continue
        is_made_here = isinstance(node, nodes.BinaryOperation) and any(
            one is item.made.node for one in _elements(event.display)
        )
        where = item.made.node if is_made_here and item.made.scope is event.scope else event.display
        yield item, "is one layer that is listed many times, so all places share its weights", where, _each(event)


def _elements(display: nodes.Node) -> list[nodes.Node]:
    if isinstance(display, (nodes.List, nodes.Tuple)):
        return [element.value for element in display.elements]
    return []


def _each(event: Repeated) -> Fix | None:
    """A comprehension that makes a layer for each place."""
    node, elements = event.node, _elements(event.display)
    if not isinstance(node, nodes.BinaryOperation) or len(elements) != 1 or not isinstance(elements[0], nodes.Call):
        return None
    count = node.right if node.left is event.display else node.left
    times = f"{event.scope.text(elements[0])} for _ in range({event.scope.text(count)})"
    text = f"[{times}]" if isinstance(event.display, nodes.List) else f"tuple({times})"
    return Fix("Make a layer for each place", (Change(node, node, text),), "unsafe")


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for path, layer, line in model.multiplied_layers:
        message = f"`{type(layer).__name__}` is one layer that is listed many times, so all places share its weights"
        yield Proof(path, message, "", "", line.filename, line.row)
    for found in model.held_by_classes:
        if model.is_layer(found.value):
            is_default = found.through == "default argument"
            whose = "is the default, made once" if is_default else "belongs to the class"
            what = "calls" if is_default else "instances"
            yield model.proof_of(found, f"`{found.attribute}` {whose}, so all {what} share its weights")
