"""What is written into a list of variables, or a copy of their values, never reaches the model.

`weights` makes a new list each time, `get_weights()` copies the values, and in a loop a name that is given a value is
only the loop's name. The variables stay as they are; `assign` writes them.

Bad:
    from keras import layers

    dense = layers.Dense(4)
    dense.build((None, 4))
    dense.weights[0] = new

Good:
    from keras import layers

    dense = layers.Dense(4)
    dense.build((None, 4))
    dense.weights[0].assign(new)

Fix: safe. The variable is written, which nothing else does.
Leave it: the list or the copy is what is meant, and is used afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Derived, Part, Rebound, Result, Said, Stored, Trace, Value, options
from paramlint.facts.reading.keras_code import WEIGHTS, comes_from, is_layer, is_weights
from paramlint.facts.reading.trace import is_method, root_of, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Change, Fix, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM812",
    "write-to-copy",
    group="bug",
    fix="safe",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks(*WEIGHTS, "get_weights"),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    said: set[object] = set()
    for event in trace.events:
        if event.node in said:
            continue
        if isinstance(event, Stored) and event.name in ("[]", "[:]"):
            found = next((text for one in options(event.owner) if (text := _copy(event, one))), "")
            if found:
                said.add(event.node)
                fix = _assign(event) if found == "list" else None
                written = " ".join(event.scope.text(target(event)).split())
                yield say(
                    event, f"`{written}` is written in a new {found}, so the model keeps its values", fix, target(event)
                )
        if isinstance(event, Rebound) and _is_variable_of_loop(event) and not _is_read_later(event):
            said.add(event.node)
            message = f"`{event.name}` is only the loop's name for a variable, so giving it a value writes nothing"
            yield say(event, message, _assign(event), event.node)


def _copy(event: Stored, owner: Value) -> str:
    """What kind of copy is written into: a list of variables, or an array of their values."""
    if is_weights(owner) and isinstance(owner, Part) and _is_of_layer(owner.owner):
        return "list"
    base = owner
    while isinstance(base, Part) and base.name.startswith("["):
        base = base.owner
    is_fresh = isinstance(base, Result) and is_method(base.call.func, "get_weights")
    return "copy of the values" if is_fresh and any(n is base.call.node for n in walk(target(event))) else ""  # type: ignore[attr-defined]


def _is_of_layer(owner: Value) -> bool:
    """Whether something is a layer: known, or taken out of a model."""
    root = root_of(owner)
    if is_layer(root):
        return True
    is_taken = isinstance(owner, Result) and is_method(owner.call.func, "get_layer")
    return is_taken or (isinstance(owner, Part) and isinstance(owner.owner, Part) and owner.owner.name == "layers")


def _is_variable_of_loop(event: Rebound) -> bool:
    def is_element(value: Value) -> bool:
        return isinstance(value, Part) and value.name == "[]" and is_weights(value.owner)

    return (
        is_element(event.before) and isinstance(event.value, (Derived, Result)) and comes_from(event.value, is_element)
    )


def _is_read_later(event: Rebound) -> bool:
    """Whether the name is used after it is given the value, in the same round."""
    loop = next((node for node in event.scope.ancestors(event.node) if isinstance(node, nodes.For)), None)
    if loop is None:
        return True
    found = [node for node in walk(loop.body) if isinstance(node, nodes.Name) and node.value == event.name]
    inside = set(walk(event.node))
    last = event.scope.order(event.node)
    return any(node not in inside and event.scope.order(node) > last for node in found)


def _assign(event: Stored | Rebound) -> Fix | None:
    node = event.node
    if not isinstance(node, nodes.Assign) or len(node.targets) != 1:
        return None
    left, right = event.scope.text(node.targets[0].target), event.scope.text(node.value)
    return Fix("Write it with `assign`", (Change(node, node, f"{left}.assign({right})"),), "safe")
