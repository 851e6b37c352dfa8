"""`load_weights(by_name=True)` loads the layers whose names fit, and says nothing of the others.

Names that Keras has counted out (`dense_3`) change with the order in which layers are made. Where no name fits, nothing
is loaded, without a word.

Setup:
    from keras import Model

Bad:
    model.load_weights("model.h5", by_name=True)

Good:
    model.load_weights("model.weights.h5")

Leave it: each layer has a name of its own, and what was loaded is checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.knowledge.frameworks import KERAS
from paramlint.rule import Finding, Keywords, Rule

rule = Rule(
    "PRM821",
    "by-name-loads-nothing",
    group="pedantic",
    doc=__doc__,
    frameworks=KERAS,
    triggers=(Keywords("by_name"),),
)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "load_weights":
        return
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value == "by_name" and scope.text(arg.value) == "True":
            yield Finding(arg, "`by_name=True` leaves out each layer whose name does not fit, without a word")
