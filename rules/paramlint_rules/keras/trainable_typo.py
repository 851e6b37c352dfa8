"""An attribute that is not called `trainable` freezes nothing.

Python takes any attribute. `layer.trainble = False` and PyTorch's `layer.requires_grad = False` make a new one on the
layer, which nothing asks for, and all its weights are trained.

Bad:
    from keras import layers

    dense = layers.Dense(4)
    dense.trainble = False

Good:
    from keras import layers

    dense = layers.Dense(4)
    dense.trainable = False

Fix: safe. The attribute that is meant is set.
Leave it: a class of the project has an attribute of this name.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.reading import Const, Part, Result, Said, Thing, Trace, Value, options
from paramlint.facts.reading.keras_code import is_layer
from paramlint.facts.reading.trace import is_method, root_of, say, target
from paramlint.knowledge.frameworks import KERAS
from paramlint.knowledge.keras_names import LAYER_NAMES, MODEL_NAMES
from paramlint.rule import Asks, Change, Fix, Rule

_RIGHT = "trainable"
#: The first are anybody's slips; of the others only those on what is known to be a layer are reported.
_FOREIGN = ("requires_grad", "require_grad", "frozen", "is_trainable", "trainables")
_SLIPS = frozenset(
    ("trainble", "trainabel", "trainalbe", "traianble", "tranable", "trianable", "trainabe", "traiable", "trainiable",
     "traninable", "tranaible", "trinable", "trainaable", "trainnable", "trainablle", "traineable", "treinable",
     "traiinable", "trainabl", "trainable_", "Trainable", "trainalble", "trainabble", "tarinable", "trainanle")
)  # fmt: skip

rule = Rule(
    "PRM818",
    "trainable-typo",
    group="bug",
    fix="safe",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Asks(*_SLIPS, *_FOREIGN),),
)


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    for store in trace.stores:
        if store.name not in _SLIPS and store.name not in _FOREIGN:
            continue
        if store.name in LAYER_NAMES | MODEL_NAMES or not isinstance(store.value, Const):
            continue
        node = target(store)
        if not isinstance(store.value.value, bool) or not isinstance(node, nodes.Attribute):
            continue
        owners = list(options(store.owner))
        if any(_defines(trace, one, store.name) for one in owners):
            continue
        known = all(is_layer(one) or _is_taken_from_layers(one) for one in owners)
        if known if store.name in _FOREIGN else not any(_is_other(one) for one in owners):
            fix = Fix(f"Write `{_RIGHT}`", (Change(node.attr, node.attr, _RIGHT),), "safe")
            written = " ".join(store.scope.text(node).split())
            yield say(store, f"`{written}` is not `trainable`, so it freezes nothing", _fitting(store.name, fix), node)


def _fitting(name: str, fix: Fix) -> Fix | None:
    return None if name == "frozen" else fix


def _defines(trace: Trace, owner: Value, name: str) -> bool:
    """Whether the class itself, or one of this file, has an attribute of the name."""
    if owner is trace.instance:
        return True
    if isinstance(owner, Thing) and owner.cls is not None:
        return any(name in scope.words for cls in owner.cls.mro for scope in cls.scopes)
    return f"def {name}" in trace.file.source.text or f"self.{name}" in trace.file.source.text


def _is_taken_from_layers(owner: Value) -> bool:
    """Whether it is one of a model's layers."""
    if isinstance(owner, Result) and is_method(owner.call.func, "get_layer"):
        return True
    return isinstance(owner, Part) and isinstance(owner.owner, Part) and owner.owner.name == "layers"


def _is_other(owner: Value) -> bool:
    """Whether it is known to be no layer."""
    root = root_of(owner)
    return isinstance(root, Thing) and not is_layer(root)
