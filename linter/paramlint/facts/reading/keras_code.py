"""What the values and events of a trace mean in Keras: initialisers, layers, variables, models."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts.reading.events import Called
from paramlint.facts.reading.trace import Trace, is_layer_class, is_model_class, root_of
from paramlint.facts.reading.values import (
    UNKNOWN,
    Choice,
    Const,
    Derived,
    Held,
    Named,
    Parameter,
    Part,
    Result,
    Thing,
    Value,
    options,
)
from paramlint.knowledge.keras_names import CLONES, INITIALIZER_TEXTS, INITIALIZERS, is_base, is_model, layer_owns

_INITIALIZERS = "keras.initializers."
#: Words of arguments whose values are constants by custom.
_CONSTANT_BY_NAME = ("bias", "beta", "gamma", "scale", "moving", "variance", "mean")
#: Attributes of layers that are variables.
VARIABLES = frozenset(
    ("kernel", "bias", "embeddings", "gamma", "beta", "moving_mean", "moving_variance", "depthwise_kernel",
     "pointwise_kernel", "recurrent_kernel", "alpha")
)  # fmt: skip
#: Attributes of layers and models that are lists of variables.
WEIGHTS = frozenset(
    ("weights", "variables", "trainable_weights", "trainable_variables", "non_trainable_weights",
     "non_trainable_variables")
)  # fmt: skip
TRAIN_STEPS = ("fit", "train_on_batch", "fit_generator")


def is_initializer(value: Value) -> bool:
    """Whether a value is an object of one of Keras's initialisers."""
    return isinstance(value, Thing) and value.what.startswith(_INITIALIZERS)


def is_random(value: Value) -> bool | None:
    """Whether an initialiser draws its values; `None` where that is not known."""
    if not isinstance(value, Thing) or not value.what.startswith(_INITIALIZERS):
        return None
    last = value.what.removeprefix(_INITIALIZERS)
    if last in INITIALIZERS:
        return bool(INITIALIZERS[last]["random"])
    return _given_is_random(value.made.args[0]) if last == "get" and value.made.args else None


def _given_is_random(given: Value) -> bool | None:
    """Whether what is handed to `initializers.get` stands for random values: by the defaults of the arguments in it."""
    said: list[bool | None] = []
    stack: list[Value] = [given]
    seen: set[Value] = set()
    while stack:
        value = stack.pop()
        if value in seen or len(seen) > 50:
            continue
        seen.add(value)
        if isinstance(value, Parameter):
            said.append(_default_is_random(value))
        elif isinstance(value, Const) and isinstance(value.value, str):
            said.append(text_is_random(value.value))
        elif isinstance(value, Thing):
            said.append(is_random(value))
        elif isinstance(value, Choice):
            stack.extend(value.options)
        elif isinstance(value, Result):
            stack.extend((*value.call.args, *value.call.keywords.values()))
    known = [one for one in said if one is not None]
    return all(known) if known and len(known) == len(said) else None


def _default_is_random(parameter: Parameter) -> bool | None:
    default = parameter.default
    if isinstance(default, Const):
        return text_is_random(default.value) if isinstance(default.value, str) else None
    if default is not None:
        return is_random(default)
    named = "kernel" in parameter.name or "embedding" in parameter.name
    return True if named and not is_constant_by_name(parameter.name) else None


def text_is_random(text: str) -> bool | None:
    """Whether a text stands for an initialiser that draws its values."""
    cls = INITIALIZER_TEXTS.get(text, text)
    return bool(INITIALIZERS[cls]["random"]) if cls in INITIALIZERS else None


def is_constant_by_name(name: str) -> bool:
    """Whether what an argument of this name is given is a constant by custom."""
    return any(word in name for word in _CONSTANT_BY_NAME)


def is_layer(value: Value) -> bool:
    """Whether a value is certainly a layer or model."""
    if not isinstance(value, Thing):
        return False
    if value.cls is not None:
        return is_layer_class(value.cls)
    return is_base(value.what) or value.what.startswith(("keras.layers.", "keras.applications."))


def is_model_value(value: Value) -> bool:
    """Whether a value is certainly a model."""
    if not isinstance(value, Thing):
        return False
    if value.cls is not None:
        return is_model_class(value.cls)
    return is_model(value.what) or value.what.startswith("keras.applications.")


def owns(trace: Trace, value: Value, depth: int = 0) -> bool | None:
    """Whether a layer has weights; `None` where that is not known."""
    if not isinstance(value, Thing) or depth > 8:
        return None
    if value.cls is None:
        said = layer_owns(value.what)
        if said is None and value.what in ("keras.layers.TimeDistributed", "keras.layers.Bidirectional"):
            return owns(trace, value.made.args[0], depth + 1) if value.made.args else None
        if said is None and value.what in ("keras.Sequential", "keras.Model"):
            inside = (one for one in trace.inside(value) if one is not value)
            return True if any(owns(trace, one, depth + 4) for one in inside) else None
        return said
    if not is_layer_class(value.cls):
        return None
    kept = trace.heap.get(value, {})
    inner = [item for one in kept.values() for item in (one.items if isinstance(one, Held) else [one])]
    if any(one for item in inner for one in options(item) if is_variable(one) or owns(trace, one, depth + 1)):
        return True
    text = value.cls.text
    return True if "add_weight" in text else None


def is_variable(value: Value) -> bool:
    """Whether a value is a variable of Keras."""
    if isinstance(value, Thing):
        return value.what == "keras.Variable"
    return isinstance(value, Part) and value.name in VARIABLES and is_layer(value.owner)


def is_weights(value: Value) -> bool:
    """Whether a value is the list of variables of something."""
    return isinstance(value, Part) and value.name in WEIGHTS


def initializer_uses(call: Called) -> Iterator[tuple[str, Value]]:
    """The initialisers that a call hands to a layer or a new variable, with the names of the arguments."""
    for func in options(call.func):
        is_weight = isinstance(func, Part) and func.name == "add_weight"
        named = func.name if isinstance(func, Named) else ""
        if is_weight or (named.startswith("keras.layers.") and named.rpartition(".")[2] not in CLONES):
            for name, value in call.keywords.items():
                if name.endswith("initializer"):
                    yield name, value
            if is_weight:
                yield from (("initializer", value) for value in call.args if is_initializer(value))


def is_frozen_flag(value: Value) -> bool | None:
    """What `trainable` is given: true for `False`, false for `True`, `None` where that is not known."""
    return not value.value if isinstance(value, Const) and isinstance(value.value, bool) else None


def models_of(trace: Trace, *methods: str) -> dict[Value, list[Called]]:
    """The values of which one of some methods is called, with the calls."""
    found: dict[Value, list[Called]] = {}
    for call in trace.calls:
        for func in options(call.func):
            if isinstance(func, Part) and func.name in methods:
                for owner in options(func.owner):
                    if owner is not UNKNOWN:
                        found.setdefault(owner, []).append(call)
    return found


def belongs(trace: Trace, part: Value, model: Value) -> bool:
    """Whether a value is a model, or a layer in it."""
    root = root_of(part)
    return root is model or root in trace.inside(model)


def comes_from(value: Value, wanted: object, deepest: int = 200) -> bool:
    """Whether a value is made of another one, or of one of which a function says so."""
    test = wanted if callable(wanted) else (lambda one: one is wanted)
    stack: list[Value] = [value]
    seen: set[Value] = set()
    while stack and len(seen) < deepest:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        if test(one):
            return True
        if isinstance(one, Derived):
            stack.extend(one.parts)
        elif isinstance(one, Choice):
            stack.extend(one.options)
        elif isinstance(one, Result):
            stack.extend((one.call.func, *one.call.args, *one.call.keywords.values()))
        elif isinstance(one, Part):
            stack.append(one.owner)
        elif isinstance(one, Held):
            stack.extend(one.items)
    return False
