"""A method that would initialise parameters is defined, and nobody calls it.

The parameters are allocated empty, `reset_parameters` (or `init_weights`) would give them values, but neither
`__init__` nor any other code calls it: `nn.Module` does not. They stay whatever was in memory. Where the method is for
torch's own layers, as `_initialize_weights` often is, they keep torch's values in place of those that were meant.

Bad:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Good:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))
            self.reset_parameters()

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Fix: unsafe. `__init__` ends with the call, so the parameters start from other values.
Leave it: code outside the project calls the method.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.heirs import heirs_of
from paramlint.facts.init_events import init_events
from paramlint.facts.package import package_of
from paramlint.facts.paths.allocations import ALLOCATORS
from paramlint.facts.type_tests import alternatives
from paramlint.facts.unwritten_memory import fate_of, fates_of, is_uncalled, is_unmentioned
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.model.questions.empty_memory import written_by_nobody
from paramlint.rule import Asks, Calls, Change, Classes, Finding, Fix, Rule
from paramlint.syntax.walk import walk

_PLAIN = {"torch.nn.Module", "torch.nn.modules.module.Module"}
_CONSTANTS = {"zeros_", "zero_", "ones_", "constant_", "fill_"}

#: Names of methods that a class has for itself alone.
_OWN = re.compile(
    r"__?(?:init|initiali[sz]e|reset|xavier|kaiming)_?(?:weights?|params?|parameters?|layers?|init)?_?"
    r"|__?(?:init|initiali[sz]e)_\w+"
)
#: Names of methods that a caller could be meant to call.
_OPEN = re.compile(
    r"(?:init|initiali[sz]e|reset)_?(?:weights?|params?|parameters)_?|weights?_init(?:ialization)?"
    r"|init|initiali[sz]e|(?:init|initiali[sz]e)_\w+"
)
_NAMES = tuple(
    f"{under}{verb}{noun}"
    for under in ("", "_", "__")
    for verb in ("init_", "initialize_", "initialise_", "reset_")
    for noun in ("weight", "weights", "param", "params", "parameters", "layers")
)

#: What goes through all parameters of the instance.
_PARAMETERS = re.compile(r"\bself\.(?:named_)?parameters\(\)$")

_NAMED_AFTER_WEIGHTS = ("weight_init", "weights_init", "weight_initialization", "weights_initialization")

rule = Rule(
    "PRM205",
    "init-never-called",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(
        Asks(*ALLOCATORS, entries=("class",)),
        Calls(*ALLOCATORS),
        Classes(*_NAMES, *_NAMED_AFTER_WEIGHTS, "_init", "init"),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    found: dict[str, list[tuple[Tensor, Event]]] = {}
    for tensor, name, write in written_by_nobody(model):
        found.setdefault(name, []).append((tensor, write))
    for name, writes in found.items():
        shown = ", ".join(f"`{tensor}`" for tensor, _ in writes[:3])
        verb = "starts" if len(writes) == 1 else "start"
        site = writes[0][1].site
        method = site.definition
        if method is not None and method.name.value == name:
            message = f"`{name}` is never called, so {shown} {verb} as garbage"
            yield Claim(said(True), site, message, node=method.name)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    fate = fate_of(scope, node)
    method = fate.uncalled if fate is not None else None
    if method is None or scope.cls is None or method.cls is not scope.cls:
        return
    assert isinstance(method.node, nodes.FunctionDef)
    names = [f.parameter.name for f in fates_of(scope.cls) if f.uncalled is method]
    shown = ", ".join(f"`self.{name}`" for name in names[:3])
    verb = "starts" if len(names) == 1 else "start"
    message = f"`{method.name}` is never called, so {shown} {verb} as garbage"
    yield Finding(method.node.name, message, _fix(scope.cls, method.name))


@rule.static_class
def check_layers(cls: Class) -> Iterator[Finding]:
    """A method for torch's layers in a class that nobody inherits from."""
    if not cls.is_module or any(base not in _PLAIN for base in cls.bases):
        return
    allocated = {f.uncalled for f in fates_of(cls)}
    for name in cls.outline.methods:
        if not (_OWN.fullmatch(name) or _OPEN.fullmatch(name)):
            continue
        method = cls.own_method(name)
        if method is None or method in allocated or not isinstance(method.node, nodes.FunctionDef):
            continue
        is_own = _OWN.fullmatch(name) is not None or _is_built_here(cls)
        if _is_for_apply(method):
            if is_unmentioned(method) and _writes_layers(method):
                message = f"`{name}` is never applied, so the layers of `{cls.outline.name}` keep torch's values"
                yield Finding(method.node.name, message)
        elif is_own and is_uncalled(method) and _writes_layers(method):
            message = f"`{name}` is never called, so the layers of `{cls.outline.name}` keep torch's values"
            yield Finding(method.node.name, message, _fix(cls, name))


@rule.static_class
def check_heirs(cls: Class) -> Iterator[Finding]:
    """A method that a base leaves to its heirs to call, which others do and one does not."""
    heirs = heirs_of(cls) if cls.is_module else []
    last = [heir for heir in heirs if not heirs_of(heir)]
    if len(last) < 2:
        return
    for name in cls.outline.methods:
        method = cls.own_method(name) if _OWN.fullmatch(name) or _OPEN.fullmatch(name) else None
        if method is None or not isinstance(method.node, nodes.FunctionDef) or not _writes_layers(method):
            continue
        family = [cls, *heirs]
        if _is_said(cls, name) or _is_called_on_others(method, family):
            continue
        callers = [heir for heir in last if any(_is_said(one, name) for one in heir.mro if one in family)]
        others = [heir for heir in last if heir not in callers and _makes_layers(heir, name)]
        if len(others) == 1 and callers and len(callers) + 1 == len(last):
            left = others[0].outline.name
            message = f"`{name}` is called by the other heirs and not by `{left}`, whose layers keep torch's values"
            yield Finding(method.node.name, message)


def _text(cls: Class) -> str:
    return cls.file.source.lines(cls.outline.unit.first, cls.outline.unit.last)


def _is_said(cls: Class, name: str) -> bool:
    """Whether a class speaks of its own method anywhere but where it defines it."""
    return re.search(rf"(?<!def )\b{re.escape(name)}\b", _text(cls)) is not None


def _is_called_on_others(method: Scope, family: list[Class]) -> bool:
    """Whether code outside of some classes says the name of a method: it may call it for all of them."""
    mention = rf"\b{re.escape(method.name)}\b"
    inside = sum(len(re.findall(mention, _text(cls))) for cls in family)
    if len(re.findall(mention, method.file.source.text)) > inside:
        return True
    package = package_of(method.file)
    paths = package.paths_with(method.file, method.name) if package is not None else []
    called = re.compile(rf"(?<!def )(?<!\bself\.)(?<!super\(\)\.){mention}".encode())
    own = (method.file.path, method.file.source.path)
    return package is not None and any(called.search(package.text(path)) for path in paths if path not in own)


def _makes_layers(cls: Class, name: str) -> bool:
    """Whether a class has a constructor that makes layers, and no such method of its own."""
    init = cls.own_method("__init__")
    if init is None or name in cls.outline.methods:
        return False
    types = [init.type(a.value) for _, a in init.assignments if a.value is not None]
    return any(known is not None and known.is_module and known.owns is not False for known in types)


def _is_for_apply(method: Scope) -> bool:
    """Whether a method asks for the class of the one module that it is given, as one for `apply` does."""
    if not isinstance(method.node, nodes.FunctionDef):
        return False
    decorators = [method.text(one.decorator) for one in method.node.decorators]
    names = [param.name.value for param in method.node.params.params]
    if decorators not in ([], ["staticmethod"]) or len(names) != 2 - len(decorators):
        return False
    tests = [t for branch in method.find(nodes.If) for t in alternatives(method, branch.test)]
    return any(isinstance(t.subject, nodes.Name) and t.subject.value == names[-1] for t in tests)


def _is_built_here(cls: Class) -> bool:
    """Whether the class's own file builds it, and so could have called the method, and has no subclass of it."""
    text, name = cls.file.source.text, re.escape(cls.outline.name)
    is_base = re.search(rf"\bclass \w+\([^)]*\b{name}\b", text) is not None
    return not is_base and re.search(rf"(?<!class )\b{name}\(", text) is not None


def _writes_layers(method: Scope) -> bool:
    """Whether a method draws the weight of a layer, directly or in a loop over its layers or their parameters."""
    if any(method.text(call.func) == "self.apply" for call in method.find(nodes.Call)):
        return True
    over = [loop for loop in method.find(nodes.For) if _PARAMETERS.search(method.text(loop.iter)) is not None]
    each = {name.value for loop in over for name in walk(loop.target) if isinstance(name, nodes.Name)}
    for event in init_events(method):
        target = event.target
        is_weight = isinstance(target, nodes.Attribute) and target.attr.value == "weight"
        if event.function not in _CONSTANTS and (
            is_weight or (isinstance(target, nodes.Name) and target.value in each)
        ):
            return True
    return False


def _fix(cls: Class, method: str) -> Fix | None:
    scope = cls.own_method("__init__")
    if scope is None or not isinstance(scope.node, nodes.FunctionDef):
        return None
    last = scope.node.body.body[-1]
    change = Change(last, last, f"{scope.self_name}.{method}()", "after")
    return Fix(f"Call `{method}` at the end of `__init__`", (change,), "unsafe")
