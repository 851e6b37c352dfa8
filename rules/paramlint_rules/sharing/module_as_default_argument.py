"""A module with parameters as a default argument is built once and used by every call.

Python evaluates a default when it defines the function. So `def __init__(self, act=nn.PReLU())` makes one PReLU for the
whole program: every instance that takes the default trains the same parameters, and a model that holds two of them has
fewer parameters than it seems to have. An activation without parameters, such as `nn.ReLU()`, does no harm.

Bad:
    class Block(nn.Module):
        def __init__(self, act=nn.PReLU()):
            super().__init__()
            self.act = act

Good:
    class Block(nn.Module):
        def __init__(self, act=None):
            super().__init__()
            if act is None:
                act = nn.PReLU()
            self.act = act

Fix: safe where the module starts from fixed values; unsafe where it draws random ones, or where `None` may be passed.
Leave it: all calls are meant to share; say so with `share`, `tie` or `same` in the parameter's name or a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope, owns_parameters
from paramlint.facts.assignments import Assignment
from paramlint.facts.creation import is_creation
from paramlint.facts.docstrings import is_docstring
from paramlint.facts.intent import sharing_is_meant
from paramlint.finding import Applicability
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.knowledge.drawn import UNDRAWN_MODULES, UNDRAWN_TENSORS
from paramlint.rule import Change, Classes, Defines, Finding, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM303",
    "module-as-default-argument",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Defines(defaults=True), Classes("dataclass", "NamedTuple", "attr", "attrs")),
)


#: What makes a field of a dataclass or of attrs.
_FIELDS = ("field", "ib", "attrib")


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    function = scope.node
    if not isinstance(function, nodes.FunctionDef):
        return
    for param in (*function.params.posonly_params, *function.params.params, *function.params.kwonly_params):
        default = param.default
        if default is None or not _is_built_here(scope, default) or owns_parameters(scope.type(default)) is not True:
            continue
        if sharing_is_meant(scope, default, param.name.value):
            continue
        who = "instances" if function.name.value == "__init__" else "calls"
        message = f"the default of `{param.name.value}` is built once, so all {who} share its parameters"
        yield Finding(default, message, _fix(scope, function, param, default), attribute=param.name.value)


@rule.static_class
def check_fields(cls: Class) -> Iterator[Finding]:
    """The fields of a dataclass, whose defaults are those of the constructor that is made for it."""
    if not cls.calls_at_class_level or not cls.fields_are_arguments or cls.is_module:
        return
    for name, assignment in cls.body.assignments:
        default = _field_default(cls, assignment)
        if (
            default is None
            or not _is_built_here(cls.body, default)
            or owns_parameters(cls.body.type(default)) is not True
        ):
            continue
        if not sharing_is_meant(cls.body, default, name):
            message = f"the default of `{name}` is built once, so all instances share its parameters"
            yield Finding(default, message, attribute=name)


def _field_default(cls: Class, assignment: Assignment) -> nodes.BaseExpression | None:
    """The default of a field: `act: nn.Module = nn.PReLU()`, `field(default=nn.PReLU())`."""
    value = assignment.value
    called = cls.body.dotted(value.func) if isinstance(value, nodes.Call) else None
    if isinstance(value, nodes.Call) and (called or "").rpartition(".")[2] in _FIELDS:
        given = (arg.value for arg in value.args if arg.keyword is not None and arg.keyword.value == "default")
        return next(given, None)
    return value if assignment.annotation is not None else None


def _is_built_here(scope: Scope, default: nodes.BaseExpression) -> bool:
    """Whether a default builds a module or parameter, by itself or inside a list, tuple or dict."""
    if isinstance(default, (nodes.List, nodes.Tuple)):
        return any(is_creation(scope, element.value) for element in default.elements)
    if isinstance(default, nodes.Dict):
        return any(is_creation(scope, element.value) for element in default.elements)
    return is_creation(scope, default)


def _fix(scope: Scope, function: nodes.FunctionDef, param: nodes.Param, default: nodes.BaseExpression) -> Fix | None:
    """Build the module in the body: `if act is None`, because `act or` would ask a module for its truth value."""
    name = param.name.value
    if not isinstance(function.body, nodes.IndentedBlock) or _is_rebound(scope, default):
        return None
    first = _first_statement(scope, function.body, name)
    if first is None:
        return None
    built = f"if {name} is None:\n    {name} = {scope.text(default)}"
    changes = [Change(default, default, "None"), Change(first, first, built, "before")]
    optional = scope.spell("typing.Optional")
    if param.annotation is not None and optional != "typing.Optional":
        annotation = param.annotation.annotation
        if not re.search(r"\b(?:Optional|None)\b", scope.text(annotation)):
            changes.append(Change(annotation, annotation, f"{optional}[{scope.text(annotation)}]"))
    return Fix("Build it in the body", tuple(changes), _applicability(scope, param, default))


def _is_rebound(scope: Scope, default: nodes.BaseExpression) -> bool:
    """Whether a name of the default would mean something else in the body than in the header."""
    names = {node.value for node in walk(default) if isinstance(node, nodes.Name)}
    keywords = {
        node.keyword.value for node in walk(default) if isinstance(node, nodes.Arg) and node.keyword is not None
    }
    attributes = {node.attr.value for node in walk(default) if isinstance(node, nodes.Attribute)}
    local = scope.bindings.keys() | (scope.cls.body.bindings.keys() if scope.cls is not None else set())
    return bool((names - keywords - attributes) & local)


def _first_statement(scope: Scope, body: nodes.IndentedBlock, name: str) -> nodes.BaseStatement | None:
    """Where the body of a function begins: behind its docstring, `super().__init__()`, and what other defaults are."""
    statements = [statement for statement in body.body if not is_docstring(statement)]
    if len(statements) > 1 and _calls_super(scope, statements[0], name):
        statements = statements[1:]
    behind = list(dropwhile(partial(_gives_default, scope), statements))
    return behind[0] if behind else statements[0] if statements else None


def _gives_default(scope: Scope, statement: nodes.BaseStatement) -> bool:
    """Whether a statement is `if act is None: act = ...` of another argument."""
    if not isinstance(statement, nodes.If) or statement.orelse is not None:
        return False
    name = re.fullmatch(r"(\w+) is None", scope.text(statement.test))
    return name is not None and any(b.kind == "parameter" for b in scope.bindings.get(name[1], ()))


def _calls_super(scope: Scope, statement: nodes.BaseStatement, name: str) -> bool:
    """Whether a statement is `super().__init__(...)`, without the argument."""
    if not re.match(r"super\([^()]*\)\.__init__\(", scope.text(statement)):
        return False
    return not any(isinstance(node, nodes.Name) and node.value == name for node in walk(statement))


def _applicability(scope: Scope, param: nodes.Param, default: nodes.BaseExpression) -> Applicability:
    return "safe" if _draws_nothing(scope, default) and not _may_be_none(scope, param) else "unsafe"


def _draws_nothing(scope: Scope, default: nodes.BaseExpression) -> bool:
    if not isinstance(default, nodes.Call):
        return False
    name = scope.qualified(default.func)
    if name in PARAMETER_CLASSES and default.args:
        inner = default.args[0].value
        return isinstance(inner, nodes.Call) and scope.qualified(inner.func) in UNDRAWN_TENSORS
    return name in UNDRAWN_MODULES


def _may_be_none(scope: Scope, param: nodes.Param) -> bool:
    """Whether the code knows what to do when it is handed `None`, so that `None` must not mean the default."""
    name = param.name.value
    if param.annotation is not None and re.search(r"\b(?:Optional|None)\b", scope.text(param.annotation.annotation)):
        return True
    unit = scope.cls.outline.unit if scope.cls is not None else scope.unit
    text = scope.file.source.lines(unit.first, unit.last)
    asked = re.compile(
        rf"\b{name}\s+(?:is|is not|==|!=)\s+None\b"
        rf"|\b(?:if|elif|while|not|and|or)\s+(?:self\.)?{name}\b"
        rf"|\b(?:self\.)?{name}\s+(?:and|or|if)\b"
        rf"|\b(?:isinstance|callable)\(\s*(?:self\.)?{name}\b"
    )
    return asked.search(text) is not None


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for found in model.held_by_classes:
        if found.through == "default argument":
            shared = "its parameters" if found.is_module else "it"
            message = f"the default of `{found.attribute}` is built once, so all instances share {shared}"
            yield found.proof(message, shared=model.shared_with_twin[:8])
