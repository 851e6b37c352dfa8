"""Ties that code asks for without making them: idle options, missing places, methods that nobody calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.heirs import is_called_in
from paramlint.facts.last_assignment import latest_value
from paramlint.facts.materialization import files_with
from paramlint.facts.ties import is_parameter, ties_in
from paramlint.facts.types import Type
from paramlint.knowledge import MODULE_METHODS, module_class
from paramlint.knowledge.foreign import PLAIN_BASES, foreign_module, says_tied

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope

#: Names of constructor arguments that ask for a tie.
OPTIONS = (
    "share_embedding", "share_embeddings", "share_weights", "tie_embedding", "tie_embeddings", "tie_weight",
    "tie_weights", "tie_word_embeddings", "tied_embeddings", "tied_weights", "weight_tying",
)  # fmt: skip
_DYNAMIC = re.compile(r"\bsetattr\(|\b__getattr__\b|\badd_module\(|\bregister_module\(|\b__dict__\b|\bexec\(")
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


# Places that are not there


def missing_place(scope: Scope, node: nodes.Assign) -> str | None:
    """Why the target of what looks like a tie, `a.weight = b.weight`, does not exist; `None` where it does, or may."""
    target = node.targets[0].target
    if not isinstance(target, nodes.Attribute) or not isinstance(node.value, nodes.Attribute):
        return None
    if not is_parameter(scope, node.value):
        return None
    owner = target.value
    if isinstance(owner, nodes.Subscript):
        return _without_items(scope, owner, node)
    known = _here(scope, owner, node)
    if known is None or not known.is_module:
        return None
    name = target.attr.value
    if known.cls is None:
        table = module_class(known.name)
        if table is None or table.owns == "children" or name in (*table.parameters, *table.buffers, *table.submodules):
            return None
        is_own = name in table.arguments or name in MODULE_METHODS
        return None if is_own else f"`{known.name.rpartition('.')[2]}` has no `{name}`"
    return None


def _without_items(scope: Scope, owner: nodes.Subscript, node: nodes.Assign) -> str | None:
    """`head[0].weight` where `head` is a module that has no items."""
    known = _here(scope, owner.value, node)
    if known is None or not known.is_module:
        return None
    shown = f"`{scope.text(owner.value)}` has no items"
    if known.cls is None:
        table = module_class(known.name)
        return shown if table is not None and table.owns != "children" and "List" not in known.name else None
    bases = [module_class(base) for base in known.cls.known_bases]
    if not known.cls.is_complete or any(
        b is None or (b.owns == "children" and b.name != "torch.nn.Module") for b in bases
    ):
        return None
    return None if known.cls.method("__getitem__") is not None else shown


def _here(scope: Scope, owner: nodes.BaseExpression, node: nodes.Assign) -> Type | None:
    """What an expression is at a statement: what the last assignment on the way there gave it, else what all do."""
    if isinstance(owner, nodes.Name):
        value = latest_value(scope, owner.value, node)
        if value is not None:
            return scope.type(value)
    return scope.type(owner)


# Methods that nobody calls


def uncalled_tie(scope: Scope) -> nodes.Name | None:
    """The name of a method that makes a tie and that nothing in the package calls, though the class is built there."""
    cls = scope.cls
    if cls is None or scope.name.startswith("__") or not isinstance(scope.node, nodes.FunctionDef):
        return None
    if not says_tied(scope.name) or scope.node.decorators or not cls.is_module or not cls.is_complete:
        return None
    if not any(scope.dotted(tie.target) and tie.target for tie in ties_in(scope)):
        return None
    mentions = 0
    for file in files_with(scope.file, scope.name):
        mentions += len(re.findall(rf"\b{scope.name}\b", file.source.text))
    is_built = any(is_called_in(cls, file) for file in files_with(scope.file, cls.name))
    return scope.node.name if mentions == 1 and is_built else None


# Options that nothing acts on


def idle_options(cls: Class) -> Iterator[nodes.Name]:
    """Arguments of a constructor that ask for a tie, and that are not read, or only kept and not read again."""
    constructor = cls.own_method("__init__")
    if constructor is None or not cls.is_module or not isinstance(constructor.node, nodes.FunctionDef):
        return
    if re.search(r"\blocals\(|\bsave_hyperparameters\b|\bNotImplemented", constructor.source):
        return
    params = constructor.node.params
    for param in (*params.params, *params.kwonly_params):
        if param.name.value in OPTIONS and _is_idle(cls, constructor, param.name.value):
            yield param.name


def _is_idle(cls: Class, constructor: Scope, name: str) -> bool:
    read = [n for n in constructor.find(nodes.Name) if n.value == name and _is_read(constructor, n)]
    uses = [n for n in read if not _is_only_checked(constructor, n)]
    if not uses:
        return _has_two_modules(cls)
    kept = [a for a in constructor.assignments_of(name) if isinstance(a.value, nodes.Name)]
    if len(uses) > 1 or len(kept) != 1 or kept[0].value is not uses[0]:
        return False
    word = re.compile(rf"""\.{name}\b|["']{name}["']""")
    found = sum(len(word.findall(file.source.text)) for file in files_with(cls.file, name))
    return found == 1 and _has_two_modules(cls)


def _is_read(scope: Scope, node: nodes.Name) -> bool:
    parent = scope.parent(node)
    if isinstance(parent, nodes.Attribute):
        return parent.value is node
    if isinstance(parent, nodes.Arg):
        return parent.value is node
    return not isinstance(parent, (nodes.Param, nodes.AssignTarget))


def _is_only_checked(scope: Scope, node: nodes.Name) -> bool:
    """Whether a name stands in a condition under which the code does nothing but complain."""
    for inner, around in pairwise((node, *scope.ancestors(node))):
        if isinstance(around, nodes.If):
            return inner is around.test and around.orelse is None and _complains(around.body)
        if isinstance(around, nodes.BaseSmallStatement):
            return isinstance(around, nodes.Assert)
    return False


def _complains(block: nodes.Node) -> bool:
    """Whether all statements of a block raise, or check something and raise."""
    for statement in getattr(block, "body", ()):
        if isinstance(statement, nodes.If):
            if statement.orelse is not None or not _complains(statement.body):
                return False
        elif not isinstance(statement, nodes.SimpleStatementLine):
            return False  # a loop or a `with` does more than that
        elif not all(isinstance(s, (nodes.Raise, nodes.Assert)) for s in statement.body):
            return False
    return True


def _has_two_modules(cls: Class) -> bool:
    """Whether the class builds an embedding and something beside it, so that there is a tie to make."""
    types = [value for name in cls.own_attributes if (value := cls.attribute(name)) is not None and value.is_module]
    return len(types) > 1 and any("Embedding" in value.name for value in types)


# Keys that name nothing


def missing_names(cls: Class) -> Iterator[tuple[nodes.BaseExpression, str]]:
    """The keys of `_tied_weights_keys` whose first part is no attribute of the class, where all of it is known."""
    declared = cls.body.assignments_of("_tied_weights_keys")
    if len(declared) != 1 or not cls.is_module or not all(_is_known(base) for base in cls.outside):
        return
    if any(_DYNAMIC.search(one.text) for one in cls.mro):
        return
    value = declared[0].value
    keys: list[nodes.BaseExpression] = []
    if isinstance(value, (nodes.List, nodes.Tuple, nodes.Set)):
        keys = [element.value for element in value.elements]
    elif isinstance(value, nodes.Dict):
        for entry in value.elements:
            keys += [entry.key, entry.value] if isinstance(entry, nodes.DictElement) else []
    for node in keys:
        key = node.evaluated_value if isinstance(node, nodes.SimpleString) else None
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
            part = _missing_part(cls, key)
            if part is not None:
                yield node, part


def _is_known(base: str | None) -> bool:
    return base is not None and (base in PLAIN_BASES or module_class(base) is not None or foreign_module(base))


def _missing_part(cls: Class, key: str) -> str | None:
    """The part of a dotted key, up to and with the one that does not exist."""
    parts = key.split(".")
    for index, part in enumerate(parts):
        if not cls.assignments(part):
            named = [module_class(base) for base in cls.known_bases]
            if index and not cls.is_complete:
                return None
            return None if any(b is not None and part in b.parameters for b in named) else ".".join(parts[: index + 1])
        value = cls.attribute(part)
        if value is None or value.cls is None:
            return None
        cls = value.cls
    return None
