"""A list of variables that is taken before the model is built stays empty.

`trainable_variables` lists what there is when it is asked. A model without an input shape makes its variables at its
first call; a list that was kept from before holds none of them, and the optimizer that gets it trains nothing. So does
one from before layers are unfrozen.

Bad:
    import keras

    model = keras.Sequential([keras.layers.Dense(4)])
    variables = model.trainable_variables
    model(x)
    optimizer.apply(gradients, variables)

Good:
    import keras

    model = keras.Sequential([keras.layers.Dense(4)])
    model(x)
    variables = model.trainable_variables
    optimizer.apply(gradients, variables)

Leave it: the list is only counted or printed.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Called, Event, Held, Said, Taken, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import belongs, is_frozen_flag
from paramlint.facts.reading.trace import is_layer_class, is_method, say
from paramlint.facts.scopes import Scope
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM814",
    "stale-variable-list",
    group="bug",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("trainable_variables", "trainable_weights"),),
)

_BUILDS = ("build", "fit", "predict", "evaluate", "train_on_batch", "load_weights", "call", "summary")
_STEPS = ("apply", "apply_gradients", "gradient", "minimize", "stateless_apply")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for taken in trace.taken:
        if not taken.name.startswith("trainable"):
            continue
        name, models = _kept_as(taken), list(options(taken.owner))
        if not name or len(models) != 1:
            continue
        late = _built(trace, taken, models[0]) or _unfrozen(trace, taken, models[0])
        if late is None:
            continue
        end = _replaced(trace, taken, name)
        if any(_steps_with(event, name) and late.index < event.index < end for event in trace.after(taken)):
            message = (
                f"`{name}` lists the variables from before `{_what(late)}`, so those that come then are not trained"
            )
            yield say(taken, message)


def _kept_as(taken: Taken) -> str:
    """The plain name that the list is given."""
    statement = taken.scope.parent(taken.node)
    if isinstance(statement, nodes.Assign) and statement.value is taken.node:
        return _target(taken.scope, statement)
    return ""


def _target(scope: Scope, statement: nodes.Assign) -> str:
    return (scope.dotted(statement.targets[0].target) or "") if len(statement.targets) == 1 else ""


def _replaced(trace: Trace, taken: Taken, name: str) -> int:
    """The index from which the name may stand for another list."""
    others = [
        node
        for node in walk(taken.scope.node)
        if isinstance(node, nodes.Assign) and node.value is not taken.node and _target(taken.scope, node) == name
    ]
    inside = {node for statement in others for node in walk(statement)}
    later = [event.index for event in trace.events if event.node in inside and event.index > taken.index]
    return min(later, default=taken.index if others else len(trace.events))


def _built(trace: Trace, taken: Taken, model: Value) -> Event | None:
    """The first call that builds a model, where it comes after its list was taken."""
    if not isinstance(model, Thing) or not _is_unbuilt(model):
        return None
    for call in trace.calls:
        is_build = model in options(call.func) or call in list(trace.methods(model, *_BUILDS))
        if is_build and not call.excludes(taken):
            return call if call.index > taken.index and call.root == taken.root else None
    return None


def _is_unbuilt(model: Thing) -> bool:
    """Whether a model has no variables when it is made."""
    if model.cls is not None:
        text = model.cls.text
        return is_layer_class(model.cls) and not any(
            word in text for word in ("Input(", ".build(", "add_weight", "self(")
        )
    if model.what != "keras.Sequential":
        return False
    items = model.made.args[0].items if model.made.args and isinstance(model.made.args[0], Held) else []
    shaped = ("input_shape", "input_dim", "batch_input_shape", "input_length")
    return bool(items) and all(
        isinstance(item, Thing)
        and item.what.startswith("keras.layers.")
        and item.last not in ("InputLayer", "Embedding")
        and not any(name in item.made.keywords for name in shaped)
        for item in items
    )


def _unfrozen(trace: Trace, taken: Taken, model: Value) -> Event | None:
    """Where layers are unfrozen after the list was taken."""
    frozen = False
    for event in trace.stores:
        if event.name == "trainable" and any(belongs(trace, one, model) for one in options(event.owner)):
            flag = is_frozen_flag(event.value)
            if event.index < taken.index:
                frozen = bool(flag)
            elif frozen and flag is False and event.root == taken.root and not event.excludes(taken):
                return event
    return None


def _steps_with(event: Event, name: str) -> bool:
    """Whether a step of training is given a name."""
    if not isinstance(event, Called) or not any(is_method(func, *_STEPS) for func in options(event.func)):
        return False
    return any(
        event.scope.dotted(node) == name for node in walk(event.node) if isinstance(node, (nodes.Name, nodes.Attribute))
    )


def _what(event: Event) -> str:
    node = event.node if isinstance(event, Called) else getattr(event.node, "targets", [event.node])[0]
    inner = getattr(node, "target", node)
    return " ".join(event.scope.text(inner).split())
