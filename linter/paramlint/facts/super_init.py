"""What happens in `__init__` before `nn.Module` is set up, and whether it is set up at all."""

from __future__ import annotations

import os
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.assignments import Assignment
from paramlint.facts.classes import Class
from paramlint.facts.scopes import Scope

_PLAIN_METACLASSES = {"ABCMeta", "abc.ABCMeta"}
_NEEDS_NOTHING = {"torch.nn.Module", "object", "abc.ABC", "typing.Generic"}


def initializer_calls(scope: Scope) -> list[nodes.Call]:
    """The calls of `super().__init__` or of a base's `__init__`, in the order of the text."""
    return [
        call
        for call in scope.find(nodes.Call)
        if isinstance(call.func, nodes.Attribute)
        and call.func.attr.value == "__init__"
        and not _is_unbound_super(call.func.value)
    ]


def _is_unbound_super(node: nodes.BaseExpression) -> bool:
    """Whether it is `super(Net)`, whose `__init__` is its own and not that of a base."""
    is_super = isinstance(node, nodes.Call) and isinstance(node.func, nodes.Name) and node.func.value == "super"
    return is_super and isinstance(node, nodes.Call) and len(node.args) == 1 and not node.args[0].star


def is_initialized_elsewhere(cls: Class) -> bool:
    """Whether a metaclass, `__new__` or another method may call `nn.Module.__init__`.

    The files `modular_*.py` of transformers are templates that never run: another file is generated from each, in which
    the body of the base's `__init__` stands in the place of its call.
    """
    if os.path.basename(cls.file.source.path).startswith("modular_"):
        return True
    for base in cls.mro:
        if base.canonical == "torch.nn.Module":
            continue
        if any(key != "metaclass" or given not in _PLAIN_METACLASSES for key, given in base.outline.keywords):
            return True
        if "__new__" in base.outline.methods:
            return True
        others = (
            scope for scope in base.scopes_with("__init__") if scope.kind == "function" and scope.name != "__init__"
        )
        if any(initializer_calls(scope) for scope in others):
            return True
    return False


def needs_initialized(scope: Scope) -> Iterator[tuple[str, Assignment]]:
    """The attributes that only a set-up module can be given: modules, parameters, and what is registered by a call."""
    for name, assignment in scope.assignments:
        if assignment.how in ("parameter", "buffer", "module"):
            yield name, assignment
        elif assignment.how == "assign" and assignment.value is not None:
            known = scope.type(assignment.value)
            if known is not None and known.kind in ("module", "parameter"):
                yield name, assignment


def takes_no_arguments(cls: Class) -> bool:
    """Whether `super().__init__()` can be called without arguments in this class."""
    for base in cls.bases:
        if isinstance(base, Class):
            constructor = base.method("__init__")
            if constructor is not None and not _is_optional(constructor):
                return False
            if constructor is None and not takes_no_arguments(base):
                return False
        elif base not in _NEEDS_NOTHING:
            return False
    return True


def _is_optional(constructor: Scope) -> bool:
    if not isinstance(constructor.node, nodes.FunctionDef):
        return False
    params = constructor.node.params
    wanted = [*params.posonly_params, *params.params][1:] + list(params.kwonly_params)
    return all(param.default is not None for param in wanted)
