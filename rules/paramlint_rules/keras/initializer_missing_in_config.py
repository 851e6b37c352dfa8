"""An initialiser that `get_config` leaves out is the default one in each copy of the layer.

Keras makes clones and loaded models of what `get_config` gives. An argument with a default that is not in it gets the
default: no error, and other first values. Without a `get_config` Keras writes all arguments by itself.

Bad:
    from keras import layers

    class Scale(layers.Layer):
        def __init__(self, units, kernel_initializer="zeros", **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.kernel_initializer = kernel_initializer

        def get_config(self):
            return {**super().get_config(), "units": self.units}

Good:
    from keras import initializers, layers

    class Scale(layers.Layer):
        def __init__(self, units, kernel_initializer="zeros", **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.kernel_initializer = initializers.get(kernel_initializer)

        def get_config(self):
            init = initializers.serialize(self.kernel_initializer)
            return {**super().get_config(), "units": self.units, "kernel_initializer": init}

Leave it: copies of the layer always load weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Class
from paramlint.facts.reading.trace import is_layer_class
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Classes, Finding, Rule

rule = Rule(
    "PRM817",
    "initializer-missing-in-config",
    group="risk",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Classes("get_config"),),
)

#: A way to write all arguments at once.
_ALL = re.compile(r"__dict__|locals\(\)|vars\(|NotImplemented|_config\b(?!\()|signature\(|for \w+ in|\bpass\b")


@rule.static_class
def check(cls: Class) -> Iterator[Finding]:
    method, config = cls.own_method("__init__"), cls.own_method("get_config")
    if method is None or config is None or not is_layer_class(cls):
        return
    if not isinstance(method.node, nodes.FunctionDef) or not isinstance(config.node, nodes.FunctionDef):
        return
    writing = [base.own_method(name) for base in cls.mro for name in ("get_config", "from_config")]
    said = "\n".join(one.source for one in writing if one is not None)
    if _ALL.search(said.replace("get_config", "")) or "super" not in config.source:
        return
    params = (*method.node.params.params[1:], *method.node.params.kwonly_params)
    if any(p.default is None and not re.search(rf"\b{p.name.value}\b", said) for p in params):
        return  # a copy cannot be made at all, and says so
    for param in params:
        name = param.name.value
        if not name.endswith("initializer") or param.default is None or re.search(rf"\b{name}\b", said):
            continue
        if _is_handed_up(method.source, name) or not re.search(rf"self\.\w+\s*=.*\b{name}\b", method.source):
            continue
        yield Finding(
            config.node.name, f"`{name}` is not in the configuration, so a copy of the layer starts from the default"
        )


def _is_handed_up(text: str, name: str) -> bool:
    """Whether the constructor hands it to the base, which may write it."""
    return any(name in call for call in re.findall(r"super\([^)]*\)\.__init__\(([^)]*)\)", text))
