"""An init function is applied to every module, but initialises another one each time.

`net.apply(f)` calls `f` with each module. Where `f` only tests its argument, or never says it, and writes
`net[0].weight`, the first layer is drawn again and again and all others keep the values that they had. A loop
`for m in self.modules()` whose body writes `self.fc` is the same mistake.

Bad:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def init_normal(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(net[0].weight, std=0.01)

    net.apply(init_normal)

Good:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def init_normal(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.01)

    net.apply(init_normal)

Leave it: the function is applied to a model with one such layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.init_calls import InitCall, write_call
from paramlint.facts.type_tests import TypeTest, alternatives, case_test
from paramlint.knowledge import WRITE_NAMES
from paramlint.rule import Calls, Finding, Rule
from paramlint.syntax.walk import walk

rule = Rule("PRM221", "init-ignores-argument", group="bug", doc=__doc__, triggers=(Calls(*WRITE_NAMES, "apply"),))

_EACH = re.compile(r"\.(?:modules|children|named_modules|named_children)\(\)$")


@rule.static(nodes.If)
def check(node: nodes.If, scope: Scope) -> Iterator[Finding]:
    yield from _ignored(scope, node, alternatives(scope, node.test), node.body)


@rule.static(nodes.MatchCase)
def check_case(node: nodes.MatchCase, scope: Scope) -> Iterator[Finding]:
    test = case_test(scope, node)
    if test is not None:
        yield from _ignored(scope, node, [test], node.body)


def _ignored(scope: Scope, node: nodes.Node, tests: list[TypeTest], body: nodes.Node) -> Iterator[Finding]:
    """What is done for the modules of a class, and always to the same one."""
    given = _module_tested(scope, node, tests)
    if given is None:
        return
    module, round_ = given
    writes = [w for n in walk(body) if isinstance(n, nodes.Call) and (w := write_call(scope, n)) is not None]
    elsewhere = [w.target for w in writes if _is_elsewhere(w, round_) and not _says(w.target, module)]
    if not elsewhere or not _used_parts(scope, body, module).isdisjoint({"", *map(_part, elsewhere)}):
        return
    target = scope.text(elsewhere[0])
    yield Finding(elsewhere[0], f"`{target}` is initialised for each `{module}`, which itself is not initialised")


@rule.static(nodes.Call)
def check_unused(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """`net.apply(lambda m: init(net.fc))`: a function that never says its argument does the same in each turn."""
    func, given = node.func, node.args[0].value if len(node.args) == 1 and not node.args[0].star else None
    if not isinstance(func, nodes.Attribute) or func.attr.value != "apply" or given is None:
        return
    where, function = _function_of(scope, given)
    module = _one_argument(where, function)
    if function is None or module is None or _says(function.body, module):
        return
    inner = [n for n in walk(function.body) if isinstance(n, nodes.Call)]
    if any(_ALL.search(where.text(n.func)) for n in inner):
        return  # each turn does all there is to do
    target = next((w.target for n in inner if (w := write_call(where, n)) is not None), None)
    act = target if target is not None else next((n for n in inner if _initialises(where, n)), None)
    if act is not None:
        does = "initialised" if act is target else "called"
        message = f"`{where.text(act)}` is {does} for each `{module}`, which itself is not initialised"
        yield Finding(act if where is scope else given, message)


#: What goes through all of a model.
_ALL = re.compile(r"(?:modules|parameters|state_dict|apply)$|reset")


def _function_of(scope: Scope, given: nodes.BaseExpression) -> tuple[Scope, nodes.Lambda | nodes.FunctionDef | None]:
    """The lambda or function that an expression names, with the scope that its code belongs to."""
    if isinstance(given, nodes.Lambda):
        return scope, given
    if isinstance(given, nodes.Name):
        bound = scope.bindings.get(given.value, [])
        if bound:
            local = bound[0].value if bound[0].kind == "assign" else bound[0].node
            return scope, local if len(bound) == 1 and isinstance(local, (nodes.Lambda, nodes.FunctionDef)) else None
    own = scope.self_attribute(given)
    found = scope.cls.method(own) if own is not None and scope.cls is not None else scope.resolve(given)
    if isinstance(found, Scope) and isinstance(found.node, nodes.FunctionDef):
        return found, found.node
    return scope, None


def _one_argument(scope: Scope, function: nodes.Lambda | nodes.FunctionDef | None) -> str | None:
    """The name of the only argument that a function takes, behind `self`; None where there are others or a default."""
    if function is None or isinstance(function.params.star_arg, nodes.Param) or function.params.star_kwarg is not None:
        return None
    params = [*function.params.posonly_params, *function.params.params]
    if function is scope.node and params and params[0].name.value == scope.self_name:
        params = params[1:]
    return params[0].name.value if len(params) == 1 and params[0].default is None else None


def _initialises(scope: Scope, node: nodes.Call) -> bool:
    """Whether a call of a function initialises what it is given."""
    where, function = _function_of(scope, node.func)
    if not node.args or not isinstance(function, nodes.FunctionDef) or node.func.__class__ is not nodes.Name:
        return False
    params = {param.name.value for param in function.params.params}
    writes = (w for n in walk(function.body) if isinstance(n, nodes.Call) and (w := write_call(where, n)) is not None)
    return any(_says(write.target, name) for write in writes for name in params)


def _says(node: nodes.Node, name: str) -> bool:
    return any(isinstance(n, nodes.Name) and n.value == name for n in walk(node))


def _part(target: nodes.BaseExpression) -> str:
    return target.attr.value if isinstance(target, nodes.Attribute) else ""


def _used_parts(scope: Scope, code: nodes.Node, module: str) -> set[str]:
    """The attributes of a module that some code mentions; empty text for the module itself."""
    uses = [n for n in walk(code) if isinstance(n, nodes.Name) and n.value == module]
    above = [(use, scope.parent(use)) for use in uses]
    return {a.attr.value if isinstance(a, nodes.Attribute) and a.value is use else "" for use, a in above}


def _module_tested(scope: Scope, node: nodes.Node, tests: list[TypeTest]) -> tuple[str, nodes.Node] | None:
    """The name whose class a condition asks for, where it is each module in turn, and the code of one turn."""
    tested = {t.subject.value for t in tests if isinstance(t.subject, nodes.Name)}
    if len(tested) != 1:
        return None
    name = tested.pop()
    for ancestor in (*scope.ancestors(node), scope.node):
        if isinstance(ancestor, nodes.For):
            targets = {n.value for n in walk(ancestor.target) if isinstance(n, nodes.Name)}
            if name in targets:
                return (name, ancestor) if _EACH.search(scope.text(ancestor.iter)) else None
        elif isinstance(ancestor, nodes.FunctionDef):
            params = [p.name.value for p in ancestor.params.params]
            return (name, ancestor) if name in params[:2] and _is_applied(scope, ancestor) else None
    return None


def _is_applied(scope: Scope, function: nodes.FunctionDef) -> bool:
    """Whether `apply` calls a function of this file with every module."""
    pattern = rf"\.apply\(\s*(?:self\.)?{re.escape(function.name.value)}\s*\)"
    return re.search(pattern, scope.file.source.text) is not None


def _is_elsewhere(write: InitCall, round_: nodes.Node) -> bool:
    """Whether a layer's parameter is written that does not depend on the turn."""
    target = write.target
    if not isinstance(target, nodes.Attribute) or target.attr.value not in ("weight", "bias"):
        return False
    bound = [n.target for n in walk(round_) if isinstance(n, (nodes.AssignTarget, nodes.For, nodes.NamedExpr))]
    if isinstance(round_, nodes.For):
        bound.append(round_.target)
    names = {n.value for t in bound for n in walk(t) if isinstance(n, nodes.Name)}
    return not any(isinstance(n, nodes.Name) and n.value in names for n in walk(target))
