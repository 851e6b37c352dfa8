"""Loops over `named_parameters()` or `named_modules()`, and tests of the names that they give."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge import module_class
from paramlint.nodes import operators

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: What a wrapper puts before the names of the parameters that it wraps.
_PREFIXES = {
    "torch.compile": "_orig_mod.",
    "torch.nn.DataParallel": "module.",
    "torch.nn.parallel.DataParallel": "module.",
    "torch.nn.parallel.DistributedDataParallel": "module.",
}
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class NameTest:
    """A test of a parameter's name against literal texts, any of which passes.

    `how` is `equal`, `within` (`"bias" in name`), `startswith` or `endswith`.
    """

    node: nodes.BaseExpression
    name: nodes.Name
    texts: tuple[str, ...]
    how: str


def name_test(node: nodes.BaseExpression) -> NameTest | None:
    """The test of a plain name against literal texts that an expression is."""
    if isinstance(node, nodes.Comparison) and len(node.comparisons) == 1:
        left, operator, right = node.left, node.comparisons[0].operator, node.comparisons[0].comparator
        if isinstance(operator, operators.In) and isinstance(right, nodes.Name):
            return _test(node, right, left, "within")
        if isinstance(operator, (operators.In, operators.Equal)) and isinstance(left, nodes.Name):
            is_listed = isinstance(right, (nodes.Tuple, nodes.List, nodes.Set))
            return _test(node, left, right, "equal") if is_listed is isinstance(operator, operators.In) else None
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and len(node.args) == 1:
        method, subject = node.func.attr.value, node.func.value
        if method in ("startswith", "endswith") and isinstance(subject, nodes.Name):
            return _test(node, subject, node.args[0].value, method)
    return None


def _test(node: nodes.BaseExpression, name: nodes.Name, texts: nodes.BaseExpression, how: str) -> NameTest | None:
    values = [e.value for e in texts.elements] if isinstance(texts, (nodes.Tuple, nodes.List, nodes.Set)) else [texts]
    literals = [v.evaluated_value for v in values if isinstance(v, nodes.SimpleString)]
    if not literals or len(literals) != len(values):
        return None
    return NameTest(node, name, tuple(str(text) for text in literals), how)


def names_from(scope: Scope, name: nodes.Name) -> nodes.Attribute | None:
    """`m.named_parameters` of the loop `for name, p in m.named_parameters()` that alone gives a name its values."""
    bindings = scope.bindings.get(name.value, [])
    if len(bindings) != 1 or bindings[0].kind != "for" or bindings[0].index != 0:
        return None
    iterated = bindings[0].value
    if not isinstance(iterated, nodes.Call) or not isinstance(iterated.func, nodes.Attribute) or iterated.args:
        return None
    return iterated.func if iterated.func.attr.value in ("named_parameters", "named_modules") else None


def prefix_of(scope: Scope, module: nodes.BaseExpression) -> str:
    """What stands before all names of a module's parameters, because it was wrapped in this scope."""
    name = scope.self_attribute(module)
    if name is not None and scope.cls is not None:
        made = {_prefix(a.scope, a.value) for a in scope.cls.assignments(name)}
        return made.pop() if len(made) == 1 else ""
    if not isinstance(module, nodes.Name):
        return ""
    before = [b for b in scope.bindings.get(module.value, []) if scope.order(b.node) < scope.order(module)]
    return _prefix(scope, before[-1].value) if before else ""


def _prefix(scope: Scope, value: nodes.BaseExpression | None) -> str:
    return _PREFIXES.get(scope.qualified(value.func) or "", "") if isinstance(value, nodes.Call) else ""


def matches_prefixed(test: NameTest, prefix: str) -> bool:
    """Whether a name that begins with the prefix could pass."""
    if test.how in ("within", "endswith"):
        return True
    return any(text.startswith(prefix) or (test.how == "startswith" and prefix.startswith(text)) for text in test.texts)


def matches_torch_module(test: NameTest, module: str) -> bool:
    """Whether a parameter of one of torch's own layers could pass; true where the layer holds what it is given."""
    known = module_class(module)
    if known is None or known.submodules or not known.parameters or known.owns == "children":
        return True
    names = {_NUMBER.sub("0", name) for name in known.parameters}
    return any(_passes(_NUMBER.sub("0", text), test.how, name) for text in test.texts for name in names)


def _passes(text: str, how: str, name: str) -> bool:
    if how == "within":
        return text in name
    if how == "equal":
        return text == name
    return name.startswith(text) if how == "startswith" else name.endswith(text)
