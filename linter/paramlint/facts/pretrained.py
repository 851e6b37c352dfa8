"""Where a scope loads trained weights into a model, and where it initialises a model as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.init_events import InitEvent, conditions_of, init_events
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

#: Calls that give a model with trained weights when told so by a literal `pretrained=True`.
_BUILDERS = re.compile(r"timm\.(?:\w+\.)*create_model|torchvision\.models\.[\w.]+|torch\.hub\.load")
#: Functions of the project that build a model by its name.
_MAKERS = re.compile(r"(?:build|make|create|get)_(?:backbone|encoder|model|trunk|network|net)$")
#: What `from_pretrained` builds that is no model.
_NO_MODEL = re.compile(r"Token|Process|Config|Extractor|Scheduler|Pipeline|Generation|Vocab", re.I)
_INIT_NAME = re.compile(r"init_?weights?|weights?_?init|init(?:ialize)?_param|reset_param|xavier|kaiming", re.I)
_ALL_OF = {"modules", "named_modules", "parameters", "named_parameters"}


def loads(scope: Scope) -> Iterator[InitEvent]:
    """The statements that load trained weights, each with the model as its target."""
    for call in scope.find(nodes.Call):
        target = _loaded(scope, call)
        if target is not None:
            yield _event(scope, call, "load", target)
            if isinstance(target, nodes.Name):
                yield from (_event(scope, call, "load", part) for part in _kept_parts(scope, target.value))


def _kept_parts(scope: Scope, name: str) -> Iterator[nodes.BaseExpression]:
    """The attributes of the instance that a local model, or layers of it, become."""
    for _, assignment in scope.assignments:
        value, target = assignment.value, assignment.target
        if assignment.how != "assign" or value is None or not isinstance(target, nodes.Attribute):
            continue
        if isinstance(value, nodes.Call) and scope.qualified(value.func) == "torch.nn.Sequential":
            parts = list(walk(value))
        else:
            parts = [_head(value)]
        is_part = any(isinstance(part, nodes.Name) and part.value == name for part in parts)
        if is_part and _is_run(scope, target.attr.value):
            yield target


def _is_run(scope: Scope, attribute: str) -> bool:
    """Whether the class calls an attribute or goes through it, as it does with layers."""
    pattern = re.compile(rf"\bself\.{re.escape(attribute)}(?:\(|\.(?:modules|children)\()|\bin self\.{attribute}\b")
    return scope.cls is not None and any(pattern.search(method.source) for method in scope.cls.scopes)


def _head(node: nodes.BaseExpression) -> nodes.BaseExpression:
    """The name at which a chain of attributes and indices begins."""
    while isinstance(node, (nodes.Attribute, nodes.Subscript)):
        node = node.value
    return node


def _loaded(scope: Scope, call: nodes.Call) -> nodes.BaseExpression | None:
    if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "load_state_dict":
        return call.func.value
    if not _is_pretrained(scope, call):
        return None
    parent = scope.parent(call)
    if isinstance(parent, nodes.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
        return target if isinstance(target, (nodes.Name, nodes.Attribute)) else None
    return None


def _is_pretrained(scope: Scope, call: nodes.Call) -> bool:
    if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "from_pretrained":
        return _NO_MODEL.search(scope.text(call.func.value)) is None
    name = scope.qualified(call.func) or ""
    if _BUILDERS.fullmatch(name) is None and not _is_from_registry(scope, call):
        return False
    given = {arg.keyword.value: scope.text(arg.value) for arg in call.args if arg.keyword is not None}
    asked = given.get("pretrained")
    return (
        asked == "True"
        or (asked is not None and _is_true_by_default(scope, asked))
        or (name.startswith("torchvision.") and given.get("weights", "None") not in ("None", "weights"))
    )


def _is_from_registry(scope: Scope, call: nodes.Call) -> bool:
    """`BACKBONES[name](pretrained=True)`, `build_backbone("small", pretrained=True)`."""
    is_looked_up = isinstance(call.func, nodes.Subscript)
    return is_looked_up or _MAKERS.match(scope.text(call.func).rpartition(".")[2]) is not None


def _is_true_by_default(scope: Scope, name: str) -> bool:
    """Whether a value is an argument of the function that is true unless somebody says otherwise."""
    bindings = scope.bindings.get(name, ())
    defaults = [b.node.default for b in bindings if isinstance(b.node, nodes.Param) and b.node.default is not None]
    return len(bindings) == len(defaults) == 1 and scope.text(defaults[0]) == "True"


def whole_inits(scope: Scope) -> Iterator[InitEvent]:
    """The statements that initialise all modules or parameters of a model, each with the model as its target."""
    for event in init_events(scope):
        root = _root(event)
        if root is not None:
            yield _event(scope, event.node, event.function, root)
    for call in scope.find(nodes.Call):
        target = _initialised_by(scope, call)
        if target is not None:
            yield _event(scope, call, scope.text(call.func), target)


def _root(event: InitEvent) -> nodes.BaseExpression | None:
    """`m` where the event is in a loop over all of `m.modules()` or `m.parameters()`, whatever their names."""
    if any(quote in test for test in event.conditions for quote in "'\""):
        return None
    for ancestor in event.scope.ancestors(event.node):
        if isinstance(ancestor, nodes.For) and isinstance(ancestor.iter, nodes.Call):
            func = ancestor.iter.func
            variables = {n.value for n in walk(ancestor.target) if isinstance(n, nodes.Name)}
            if isinstance(func, nodes.Attribute) and func.attr.value in _ALL_OF and variables & event.names:
                return None if any(_picks(test, variables) for test in event.conditions) else func.value
    return None


def _picks(test: str, variables: set[str]) -> bool:
    """Whether a condition says which ones of those that a loop comes to are meant: `m is last`, `p in chosen`."""
    names = "|".join(map(re.escape, sorted(variables)))
    return re.search(rf"(?<![\w.])(?:{names}) (?:is|in|is not|not in|==|!=) (?!None\b)", test) is not None


def _initialised_by(scope: Scope, call: nodes.Call) -> nodes.BaseExpression | None:
    """The model that a call initialises: `m.apply(init)`, `init_weights(m)`, `self._init_weights()`."""
    if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "apply":
        is_init = len(call.args) == 1 and _is_init_function(scope, call.args[0].value)
        return call.func.value if is_init else None
    if isinstance(call.func, nodes.Attribute) and not call.args:
        method = _method(scope, call.func)
        return call.func.value if method is not None and method.self_name in _roots_of(method) else None
    function = scope.resolve(call.func)
    if len(call.args) == 1 and isinstance(function, scope.__class__):
        node = function.node
        if isinstance(node, nodes.FunctionDef) and node.params.params:
            return call.args[0].value if node.params.params[0].name.value in _roots_of(function) else None
    return None


def _method(scope: Scope, func: nodes.Attribute) -> Scope | None:
    """The project's method that `x.f` names, when its name says that it initialises."""
    if not re.search(r"init|reset", func.attr.value):
        return None
    known = scope.type(func.value)
    return known.cls.method(func.attr.value) if known is not None and known.cls is not None else None


def _roots_of(function: Scope) -> set[str]:
    """The names of what a function initialises as a whole."""
    found = {function.text(root) for event in init_events(function) if (root := _root(event)) is not None}
    for call in function.find(nodes.Call):
        if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "apply" and len(call.args) == 1:
            if _is_init_function(function, call.args[0].value):
                found.add(function.text(call.func.value))
    return found


def _is_init_function(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression is a function that initialises the module that it is given."""
    name = scope.self_attribute(node)
    if name is not None:
        method = scope.cls.method(name) if scope.cls is not None else None
        return method is not None and bool(init_events(method))
    symbol = scope.resolve(node)
    if isinstance(symbol, scope.__class__):
        return bool(init_events(symbol))
    return isinstance(symbol, str) and _INIT_NAME.search(symbol.rpartition(".")[2]) is not None


def _event(scope: Scope, call: nodes.Call, function: str, target: nodes.BaseExpression) -> InitEvent:
    return InitEvent(scope, call, function, target, scope.text(target), conditions_of(scope, call))
