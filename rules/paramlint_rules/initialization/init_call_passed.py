"""`apply` is given the result of calling the init function instead of the function.

`net.apply(f)` calls `f` on every submodule. `net.apply(f(net))` calls `f` once, on the module at the top, and passes on
what that returned: usually None, so `apply` raises, and no submodule is initialised.

Setup:
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)

Bad:
    model.apply(init_weights(model))

Good:
    model.apply(init_weights)

Fix: safe. The call raises as it is; with the fix every submodule is initialised.
Leave it: the function returns another function that does the work; that is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.init_calls import init_call
from paramlint.facts.usage import is_module
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule("PRM208", "init-call-passed", group="bug", fix="safe", doc=__doc__, triggers=(Calls("apply"),))

_INIT = re.compile(r"init|weight|reset", re.I)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "apply":
        return
    if len(node.args) != 1 or node.args[0].star or not isinstance(node.args[0].value, nodes.Call):
        return
    passed = node.args[0].value
    function = _function(scope, passed)
    if function is None and init_call(scope, passed) is None:
        return
    if function is not None and (_returns_something(function) or not _is_on_module(scope, node.func.value, function)):
        return
    text, result = scope.text(passed.func), "None" if function is not None else "a tensor"
    message = f"`{text}` is called here, so `apply` is given {result} and initialises nothing"
    is_alone = function is not None and len(passed.args) <= 1
    fix = Fix(f"Pass `{text}` itself", (Change(passed, passed, text),), "safe") if is_alone else None
    yield Finding(passed, message, fix)


def _function(scope: Scope, call: nodes.Call) -> Scope | None:
    """The function or method of the project that is called."""
    if any(arg.star for arg in call.args):
        return None
    name = scope.self_attribute(call.func)
    if name is not None:
        return scope.cls.method(name) if scope.cls is not None else None
    symbol = scope.resolve(call.func)
    return symbol if isinstance(symbol, Scope) else None


def _returns_something(function: Scope) -> bool:
    if not isinstance(function.node, nodes.FunctionDef) or function.node.decorators:
        return True
    kinds = (nodes.Return, nodes.Yield)
    return any(not isinstance(n, nodes.Return) or n.value is not None for n in function.find(*kinds))


def _is_on_module(scope: Scope, receiver: nodes.BaseExpression, function: Scope) -> bool:
    """Whether `apply` is that of a module: by the receiver, or by a function that is plainly about weights."""
    known = scope.type(receiver)
    if known is not None:
        return known.is_module
    if isinstance(scope.resolve(receiver), (Class, str)):
        return False
    return is_module(scope, receiver) or _INIT.search(function.name) is not None
