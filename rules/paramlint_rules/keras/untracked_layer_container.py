"""A layer that is put where Keras does not look is in no `weights`, so it is not trained or saved.

Keras follows lists and dicts that are kept on a layer, but not each way of changing them: an element that is given a
value (`self.steps[i] = Dense(4)`) and a container that was put into one later are not seen, nor is what a plain object
or a function holds.

Bad:
    from keras import Model, layers

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.steps = [None] * 2
            for i in range(2):
                self.steps[i] = layers.Dense(4)

Good:
    from keras import Model, layers

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.steps = []
            for i in range(2):
                self.steps.append(layers.Dense(4))

Leave it: the layer is kept as an attribute of its own too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.reading import Called, Event, Function, Held, Part, Said, Stored, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import comes_from, is_layer, owns
from paramlint.facts.reading.trace import is_layer_class, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM806",
    "untracked-layer-container",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("Model", "Layer", "layers", "__init__", "build", entries=("class",)),),
)


#: Objects of Python's own that take any attribute.
_PLAIN = ("types.SimpleNamespace", "argparse.Namespace")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    if trace.instance is None or trace.cls is None or not is_layer_class(trace.cls):
        return
    kept: dict[Value, Stored] = {}
    late: dict[Value, str] = {}
    said: set[object] = set()
    for event in trace.events:
        for where, layer in _put(event):
            if where in late or (
                isinstance(where, Held) and where.kind == "list" and where in kept and _is_item(event)
            ):
                name = late[where] if where in late else kept[where].name
                if event.node in said or not _is_lost(trace, layer, event) or _is_kept_again(trace, name, event):
                    continue
                said.add(event.node)
                node = target(event) if isinstance(event, Stored) else event.node
                message = f"`self.{name}` takes this layer where Keras does not see it, so it is not in `weights`"
                yield say(event, message, node=node)
            elif isinstance(layer, Held) and where in kept and "call" not in event.stack:
                late[layer] = kept[where].name
        if isinstance(event, Stored) and event.owner is trace.instance:
            kept.update(dict.fromkeys(_lists_in(event.value), event))
            found = _hidden(trace, event)
            if found is not None and event.node not in said:
                said.add(event.node)
                message = f"`self.{event.name}` holds a layer where Keras does not see it, so it is not in `weights`"
                yield say(event, message, node=target(event))


def _lists_in(value: Value, deepest: int = 4) -> list[Value]:
    """What is kept, with the lists in a list: all of them follow what is put at their end alone."""
    inner = value.items if isinstance(value, Held) and value.kind == "list" and deepest else []
    lists = [one for one in inner if isinstance(one, Held) and one.kind == "list"]
    return [value, *(found for one in lists for found in _lists_in(one, deepest - 1))]


def _is_item(event: Event) -> bool:
    return isinstance(event, Stored) and event.name == "[]"


def _put(event: Event) -> Iterator[tuple[Value, Value]]:
    """The containers that something is put into, with what is."""
    if isinstance(event, Stored) and event.name == "[]":
        yield from ((where, what) for where in options(event.owner) for what in options(event.value))
    if isinstance(event, Called) and event.args:
        for func in options(event.func):
            if isinstance(func, Part) and func.name in ("append", "setdefault", "insert", "add"):
                yield from ((func.owner, what) for what in options(event.args[-1]))


def _is_lost(trace: Trace, layer: Value, event: Event, holder: Value | None = None) -> bool:
    """Whether a layer with weights is kept nowhere else than by an event, or in a plain object that holds it."""
    if not is_layer(layer) or owns(trace, layer) is not True:
        return False
    for other in trace.stores:
        if other is not event and other.value is layer and other.name != "[]" and other.owner is not holder:
            return False
    return not any(
        isinstance(func, Part) and func.name == "append" and call is not event and layer in call.args
        for call in trace.calls
        for func in options(call.func)
    )


def _is_kept_again(trace: Trace, name: str, event: Event) -> bool:
    """Whether the attribute is given a value once more, which is looked through then."""
    return any(s.name == name and s.owner is trace.instance and s.index > event.index for s in trace.stores)


def _hidden(trace: Trace, event: Stored) -> Value | None:
    """A layer in a plain object or a function that is kept."""
    value = event.value
    inside: list[Value] = []
    if isinstance(value, Thing) and not is_layer(value):
        is_plain = value.cls is not None and not [base for base in value.cls.outside if base != "object"]
        if is_plain or value.what in _PLAIN:
            inside = [*value.made.args, *value.made.keywords.values(), *trace.heap.get(value, {}).values()]
    elif isinstance(value, Function) and value.owner is None and value.names:
        used = {node.value for node in walk(value.node) if isinstance(node, nodes.Name)}
        inside = [one for name, one in value.names.items() if name in used and one is not trace.instance]
    if any(one.value is not value and comes_from(one.value, value) for one in _own_stores(trace)):
        return None  # what is inside may be kept a second time
    flat = [item for one in inside for item in (one.items if isinstance(one, Held) else [one])]
    return next((one for one in flat if _is_lost(trace, one, event, value) and not _is_attribute(trace, one)), None)


def _own_stores(trace: Trace) -> Iterator[Stored]:
    return (one for one in trace.stores if one.owner is trace.instance)


def _is_attribute(trace: Trace, layer: Value) -> bool:
    """Whether it is an attribute of the layer itself, or in a list that is one."""
    assert trace.instance is not None
    for one in trace.heap.get(trace.instance, {}).values():
        if one is layer or (isinstance(one, Held) and layer in one.items):
            return True
    return False


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    told: set[tuple[str, str]] = set()
    for found in model.untracked:
        key = found.holder.__qualname__, found.attribute
        if model.is_layer(found.value) and found.hidden_in and key not in told:
            told.add(key)
            end = "takes this layer where Keras does not see it, so it is not in `weights`"
            yield model.proof_of(found, f"`self.{found.attribute}` {end}")
