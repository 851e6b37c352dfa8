"""One initialiser object that is given to several layers gives all of them the same values.

An initialiser of Keras draws its seed when it is made, so each call of one object gives the same numbers: layers of one
shape start bit for bit equal, those of other shapes correlated. A text such as `"he_normal"` makes a new object for
each layer; `initializers.get("he_normal")`, kept on the layer, is one object.

Bad:
    from keras import initializers, layers

    init = initializers.HeNormal()
    one = layers.Dense(4, kernel_initializer=init)
    other = layers.Dense(4, kernel_initializer=init)

Good:
    from keras import initializers, layers

    init = initializers.HeNormal()
    one = layers.Dense(4, kernel_initializer=init)
    other = layers.Dense(4, kernel_initializer=init.clone())

Fix: unsafe. The layers start from other values.
Leave it: the layers are meant to start equal, or the initialiser's seed is a `SeedGenerator`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.facts.reading import Called, ClassValue, Const, Said, Thing, Trace, options
from paramlint.facts.reading.keras_code import initializer_uses, is_constant_by_name, is_random
from paramlint.facts.reading.trace import say
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.keras.keras_model import KerasModel

rule = Rule(
    "PRM801",
    "shared-initializer",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks("initializers", "HeNormal", "GlorotUniform", "RandomNormal", "TruncatedNormal", "VarianceScaling",
                   "kernel_initializer", "embeddings_initializer", "initializer", "Orthogonal"),),
)  # fmt: skip

Use = tuple[Called, str]


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    uses: dict[Thing, list[Use]] = {}
    for call in trace.calls:
        for name, value in initializer_uses(call):
            if isinstance(value, Thing) and is_random(value) and not is_constant_by_name(name) and _is_fixed(value):
                use = _handed(trace, call, name, value)
                if use not in uses.setdefault(value, []):
                    uses[value].append(use)
    for initializer, found in uses.items():
        again = _again(trace, initializer, found)
        if again is not None:
            call, name = _first(trace, initializer) or again
            arg = call.arg_node(name)
            written = " ".join(call.scope.text(arg.value).split()) if arg is not None else name
            message = f"`{written}` is one initialiser for several layers, so they start from the same values"
            node = arg.value if arg is not None else call.node
            yield say(call, message, _fix(trace, found, again), node)


def _handed(trace: Trace, call: Called, name: str, value: Thing) -> Use:
    """Where a layer is given the initialiser, or a layer of the project that hands it on to that one."""
    found = (call, name)
    for outer in trace.calls:
        if outer.index >= call.index:
            break
        depth = len(outer.stack)
        if depth < len(found[0].stack) or (found[0] is not call and depth == len(found[0].stack)):
            is_around = outer.stack == call.stack[:depth] and outer.root == call.root
            given = next((key for key, one in outer.keywords.items() if one is value), "")
            if is_around and given and any(isinstance(func, ClassValue) for func in options(outer.func)):
                found = (outer, given)
    return found


def _is_fixed(initializer: Thing) -> bool:
    """Whether its calls give the same values: its seed is drawn once, or is a number."""
    seed = initializer.made.argument("seed")
    return seed is None or isinstance(seed, Const)


def _again(trace: Trace, initializer: Thing, found: list[Use]) -> Use | None:
    """The first use in this file that gives the values that another one has given."""
    for place, (call, name) in enumerate(found):
        if call.scope.file is not trace.file:
            continue
        if any(loop not in initializer.made.loops for loop in call.loops):
            return call, name
        if any(not call.excludes(before) and _is_other(before, call) for before, _ in found[:place]):
            return call, name
    return None


def _first(trace: Trace, initializer: Thing) -> Use | None:
    """Where this file first gives the initialiser to something: there one sees that it is one for all that follow."""
    for call in trace.calls:
        if call.scope.file is trace.file:
            for name, value in call.keywords.items():
                if value is initializer and name.endswith("initializer"):
                    return call, name
    return None


def _is_other(before: Called, call: Called) -> bool:
    """Whether two calls are not one that is read a second time."""
    return before.node is not call.node or before.root == call.root


def _fix(trace: Trace, found: list[Use], again: Use) -> Fix | None:
    start = found.index(again)
    later = [(call, call.arg_node(name)) for call, name in found[start:]]
    if trace.generation == "2" or any(arg is None or call.scope is not again[0].scope for call, arg in later):
        return None
    values = {arg.value: call.scope.text(arg.value) for call, arg in later if arg is not None}
    changes = tuple(Change(node, node, f"{text}.clone()") for node, text in values.items() if text.isprintable())
    return Fix("Give each layer a clone", changes, "unsafe") if len(changes) == len(values) else None


@rule.runtime
def verify(model: KerasModel) -> Iterator[Proof]:
    for draw in model.equal_draws:
        if draw.seed is None:
            both = " and ".join(f"`{name}`" for name in draw.names[:2])
            message = f"{both} are drawn by one `{draw.initializer}`, so they start from the same values"
            yield draw.first.proof(message, draw.first.init, names=draw.names)
