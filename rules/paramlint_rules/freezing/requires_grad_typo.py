"""A misspelt `requires_grad` sets an attribute that nobody reads.

Tensors and modules accept any attribute, so `weight.require_grad = False` raises nothing and freezes nothing. The
same goes for a value assigned to the method `requires_grad_`, which only hides the method.

Bad:
    for p in model.parameters():
        p.require_grad = False

Good:
    for p in model.parameters():
        p.requires_grad = False

Fix: safe. Values and outputs stay as they are; what changes is which tensors get gradients, as the line says. It is
unsafe on a module and where the value's type is unknown.
Leave it: the attribute belongs to an own class, which reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope, Type
from paramlint.facts.classes import classes_in_reach
from paramlint.facts.package import package_of
from paramlint.nodes.assigned import assigned
from paramlint.rule import Change, Finding, Fix, Keywords, Rule, Stores

_STEMS = (
    "reqires_grad", "requiers_grad", "requies_grad", "require_gard", "require_grad", "require_gradient",
    "require_gradients", "require_grads", "required_grad", "required_gradient", "requires_gard", "requires_grade",
    "requires_gradient", "requires_gradients", "requires_grads", "requires_grd", "requre_grad", "requres_grad",
    "requries_grad",
)  # fmt: skip
_MISSPELT = frozenset([*_STEMS, *(f"{stem}_" for stem in _STEMS)])
_METHOD = "requires_grad_"
#: What torch itself spells `require_grad`.
_SPELT_SO = frozenset({"torch.Tensor._make_subclass"})
_TENSORS = ("parameter", "tensor", "buffer")

rule = Rule(
    "PRM601",
    "requires-grad-typo",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Stores(*_MISSPELT, _METHOD), Keywords(*_MISSPELT)),
)


@rule.static(nodes.Assign)
def check_store(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    given = assigned(node)
    for attribute, _ in given:
        if not isinstance(attribute, nodes.Attribute) or attribute.attr.value not in {*_MISSPELT, _METHOD}:
            continue
        owner = scope.type(attribute.value)
        if not _is_mistake(scope, attribute, owner):
            continue
        written = f"`{scope.text(attribute)}`"
        if attribute.attr.value == _METHOD:
            message = f"{written} is a method, so a value assigned to it changes no `requires_grad`"
        else:
            message = f"{written} misspells `requires_grad`, so nothing reads it and the gradients stay as they were"
        yield Finding(attribute, message, _fix(scope, node, attribute, owner) if len(given) == 1 else None)


@rule.static(nodes.Call)
def check_keyword(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    for arg in node.args:
        if arg.keyword is None or arg.keyword.value not in _MISSPELT:
            continue
        if (scope.qualified(node.func) or "").startswith("torch.") and scope.qualified(node.func) not in _SPELT_SO:
            change = Change(arg.keyword, arg.keyword, "requires_grad")
            message = f"`{arg.keyword.value}` misspells `requires_grad`, so the call raises"
            yield Finding(arg.keyword, message, Fix("Spell it `requires_grad`", (change,), "safe"))


def _is_mistake(scope: Scope, attribute: nodes.Attribute, owner: Type | None) -> bool:
    name = attribute.attr.value
    if scope.self_attribute(attribute) is not None:
        return name == _METHOD and owner is not None and owner.is_module
    if owner is None:
        return name == _METHOD or not _is_used(scope, name)
    if owner.cls is not None and owner.cls.assignments(name):
        return False
    return owner.is_module or owner.kind in _TENSORS


def _is_used(scope: Scope, name: str) -> bool:
    """Whether the project does anything with the name but assign to an attribute of a value that has no type."""
    code = re.sub(r"#.*", "", scope.file.source.text)
    if re.search(rf"(?<!\.)\b{name}\b|\.{name}\b(?!\s*=[^=])", code) is not None:
        return True
    if any(cls.assignments(name) for cls in classes_in_reach(scope.file)):
        return True
    package = package_of(scope.file)
    return package is not None and any(
        re.search(rf"\bself\.{name}\b".encode(), package.text(path)) for path in package.paths_with(scope.file, name)
    )


def _fix(scope: Scope, node: nodes.Assign, attribute: nodes.Attribute, owner: Type | None) -> Fix | None:
    if owner is not None and owner.is_module:
        call = f"{scope.text(attribute.value)}.requires_grad_({scope.text(node.value)})"
        return Fix("Call `requires_grad_`", (Change(node, node, call),), "unsafe")
    is_leaf = owner is not None and owner.leaf
    change = Change(attribute.attr, attribute.attr, "requires_grad")
    return Fix("Spell it `requires_grad`", (change,), "safe" if is_leaf else "unsafe")
