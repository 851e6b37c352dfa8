"""Where a scope loads trained weights into a model, and where it initialises a model as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts.init_events import InitEvent, conditions_of, init_events
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Calls that give a model with trained weights when told so by a literal `pretrained=True`.
_BUILDERS = re.compile(r"timm\.(?:\w+\.)*create_model|torchvision\.models\.[\w.]+|torch\.hub\.load")
#: What `from_pretrained` builds that is no model.
_NO_MODEL = re.compile(r"Token|Process|Config|Extractor|Scheduler|Pipeline|Generation|Vocab", re.I)
_INIT_NAME = re.compile(r"init_?weights?|weights?_?init|init(?:ialize)?_param|reset_param|xavier|kaiming", re.I)
_ALL_OF = {"modules", "named_modules", "parameters", "named_parameters"}


def loads(scope: Scope) -> Iterator[InitEvent]:
    """The statements that load trained weights, each with the model as its target."""
    for call in scope.find(cst.Call):
        target = _loaded(scope, call)
        if target is not None:
            yield _event(scope, call, "load", target)


def _loaded(scope: Scope, call: cst.Call) -> cst.BaseExpression | None:
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "load_state_dict":
        return call.func.value
    if not _is_pretrained(scope, call):
        return None
    parent = scope.parent(call)
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
        return target if isinstance(target, (cst.Name, cst.Attribute)) else None
    return None


def _is_pretrained(scope: Scope, call: cst.Call) -> bool:
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "from_pretrained":
        return _NO_MODEL.search(scope.text(call.func.value)) is None
    name = scope.qualified(call.func)
    if name is None or _BUILDERS.fullmatch(name) is None:
        return False
    given = {arg.keyword.value: scope.text(arg.value) for arg in call.args if arg.keyword is not None}
    return given.get("pretrained") == "True" or (
        name.startswith("torchvision.") and given.get("weights", "None") not in ("None", "weights")
    )


def whole_inits(scope: Scope) -> Iterator[InitEvent]:
    """The statements that initialise all modules or parameters of a model, each with the model as its target."""
    for event in init_events(scope):
        root = _root(event)
        if root is not None:
            yield _event(scope, event.node, event.function, root)
    for call in scope.find(cst.Call):
        target = _initialised_by(scope, call)
        if target is not None:
            yield _event(scope, call, scope.text(call.func), target)


def _root(event: InitEvent) -> cst.BaseExpression | None:
    """`m` where the event is in a loop over all of `m.modules()` or `m.parameters()`, whatever their names."""
    if any(quote in test for test in event.conditions for quote in "'\""):
        return None
    for ancestor in event.scope.ancestors(event.node):
        if isinstance(ancestor, cst.For) and isinstance(ancestor.iter, cst.Call):
            func = ancestor.iter.func
            variables = {n.value for n in walk(ancestor.target) if isinstance(n, cst.Name)}
            if isinstance(func, cst.Attribute) and func.attr.value in _ALL_OF and variables & event.names:
                return func.value
    return None


def _initialised_by(scope: Scope, call: cst.Call) -> cst.BaseExpression | None:
    """The model that a call initialises: `m.apply(init)`, `init_weights(m)`, `self._init_weights()`."""
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "apply":
        is_init = len(call.args) == 1 and _is_init_function(scope, call.args[0].value)
        return call.func.value if is_init else None
    if isinstance(call.func, cst.Attribute) and not call.args:
        method = _method(scope, call.func)
        return call.func.value if method is not None and method.self_name in _roots_of(method) else None
    function = scope.resolve(call.func)
    if len(call.args) == 1 and isinstance(function, scope.__class__):
        node = function.node
        if isinstance(node, cst.FunctionDef) and node.params.params:
            return call.args[0].value if node.params.params[0].name.value in _roots_of(function) else None
    return None


def _method(scope: Scope, func: cst.Attribute) -> Scope | None:
    """The project's method that `x.f` names, when its name says that it initialises."""
    if not re.search(r"init|reset", func.attr.value):
        return None
    known = scope.type(func.value)
    return known.cls.method(func.attr.value) if known is not None and known.cls is not None else None


def _roots_of(function: Scope) -> set[str]:
    """The names of what a function initialises as a whole."""
    found = {function.text(root) for event in init_events(function) if (root := _root(event)) is not None}
    for call in function.find(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "apply" and len(call.args) == 1:
            if _is_init_function(function, call.args[0].value):
                found.add(function.text(call.func.value))
    return found


def _is_init_function(scope: Scope, node: cst.BaseExpression) -> bool:
    """Whether an expression is a function that initialises the module that it is given."""
    name = scope.self_attribute(node)
    if name is not None:
        method = scope.cls.method(name) if scope.cls is not None else None
        return method is not None and bool(init_events(method))
    symbol = scope.resolve(node)
    if isinstance(symbol, scope.__class__):
        return bool(init_events(symbol))
    return isinstance(symbol, str) and _INIT_NAME.search(symbol.rpartition(".")[2]) is not None


def _event(scope: Scope, call: cst.Call, function: str, target: cst.BaseExpression) -> InitEvent:
    return InitEvent(scope, call, function, target, scope.text(target), conditions_of(scope, call))
