"""A parameter, or a module with parameters, in the body of a class belongs to the class, not to its instances.

`nn.Module` registers what is assigned to an instance. What stands in the body of the class is built once, when Python
reads the class: all instances use the same object, and `parameters()`, `to()` and `state_dict()` of an instance do not
know it, so an optimizer does not train it.

Bad:
    class Net(nn.Module):
        scale = nn.Parameter(torch.ones(8))

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(8))

Leave it: the object is only a prototype that instances copy with `copy.deepcopy`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, owns_parameters
from paramlint.facts.creation import is_creation
from paramlint.facts.handed_on import is_handed_to
from paramlint.facts.heirs import heirs_of, is_only_inherited
from paramlint.facts.intent import sharing_is_meant
from paramlint.rule import Asks, Classes, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM304",
    "class-level-parameter",
    group="bug",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Classes(), Asks("Parameter", entries=("class",))),
)


@rule.static_class
def check(cls: Class) -> Iterator[Finding]:
    if not cls.calls_at_class_level or not (cls.is_module or _is_mixed_in(cls)):
        return
    for name, assignment in cls.body.assignments:
        value = assignment.value
        if value is None or not _holds_creation(cls, value) or owns_parameters(cls.body.type(value)) is not True:
            continue
        if _is_prototype(cls, name) or sharing_is_meant(cls.body, value):
            continue
        yield Finding(value, f"`{name}` belongs to the class `{cls.name}`, so no instance registers its parameters")


def _is_mixed_in(cls: Class) -> bool:
    """Whether a plain class is only there for modules of its file to inherit from."""
    heirs = heirs_of(cls)
    return cls.is_module is False and bool(heirs) and all(heir.is_module for heir in heirs) and is_only_inherited(cls)


def _holds_creation(cls: Class, value: nodes.BaseExpression) -> bool:
    """Whether an expression builds something, by itself or inside a list or tuple."""
    if isinstance(value, (nodes.List, nodes.Tuple)):
        return any(_holds_creation(cls, element.value) for element in value.elements)
    return is_creation(cls.body, value)


def _is_prototype(cls: Class, name: str) -> bool:
    """Whether the instances copy it."""
    copied = rf"deepcopy[(,]\s*(?:[\w.()]+\.{name}\b|getattr\([\w.]+,\s*[\"']{name}[\"'])"
    pattern = re.compile(copied)
    if pattern.search(cls.text):
        return True
    methods = [scope for scope in cls.scopes if scope.self_name is not None]
    return any(is_handed_to(method, method.node, str(method.self_name), pattern) for method in methods)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    shared = {id(model.by_name[name].tensor) for name in model.shared_with_twin}
    for found in model.held_by_classes:
        is_shared = found.through == "class list" and any(id(tensor) in shared for tensor in found.tensors)
        if found.through == "class attribute" or is_shared:
            kind = "module" if found.is_module else "parameter"
            message = f"`{found.attribute}` is a {kind} of the class, so it is not trained and all instances share it"
            yield found.proof(message)
