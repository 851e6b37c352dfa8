"""The same parameters are in two groups of an optimizer.

`model.parameters()` already holds what `model.head.parameters()` gives. An optimizer refuses a parameter that is in
two groups, and steps twice a round with one that is twice in the same group.

Bad:
    groups = [{"params": model.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Good:
    groups = [{"params": model.body.parameters()}, {"params": model.head.parameters(), "lr": 1.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1)

Leave it: one of the modules overrides `parameters()` and leaves the other's out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.memo import remember
from paramlint.facts.optimizers import OPTIMIZER_NAMES, group_value, groups, optimizer_calls, parameter_paths
from paramlint.knowledge.frameworks import LIVE
from paramlint.model import Claim, Group, Model, said
from paramlint.model.questions.training import WORDS, below, spoken
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM708",
    "parameter-in-two-groups",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*OPTIMIZER_NAMES), Asks(*WORDS)),
    asked_of=LIVE,
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for optimizer in model.optimizers:
        groups = [group for group in optimizer.groups if group.sure]
        again = next((g for g in groups if len(set(map(id, g.sure))) < len(g.sure)), None)
        pairs = [(one, other) for one, other in combinations(groups, 2) if _overlap_for_sure(model, one, other)]
        if pairs or again is not None:
            group = pairs[0][1] if pairs else again
            assert group is not None
            what = group.module or group.sure[0]
            message = f"`{what}` is in `{spoken(optimizer)}` twice, so an optimizer refuses it or steps it twice"
            yield Claim(said(True), group.site, message, about=group)


def _overlap_for_sure(model: Model, one: Group, other: Group) -> bool:
    return one.guard.is_known_to_fit(other.guard) and bool(_covered(model, one) & _covered(model, other))


def _covered(model: Model, group: Group) -> set[int]:
    """The parameters that are surely in a group; of a module that is not known those of all that it holds."""
    found = {id(t) for t in group.sure}
    for module in model.modules:
        mine = [t for t in module.parameters if not t.known]
        if mine and id(mine[-1]) in found and "parameters" not in module.methods:
            inner = [m for m in model.modules if m.name.startswith(f"{module.name}.")]
            found |= {id(t) for m in (module, *below(module), *inner) for t in (*m.tensors, *m.parameters)}
    return found


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for call, given in optimizer_calls(scope):
        seen: list[tuple[str, bool]] = []
        for group in [*groups(scope, given), *_added(scope, call)]:
            for path in parameter_paths(scope, group):
                other = next((s for s in seen if _overlap(s, path)), None)
                if other is not None:
                    message = f"`{path[0]}` is in two groups, for `{other[0]}` holds the same parameters"
                    yield Finding(group, message, attribute=path[0])
                    break
                seen.append(path)


def _overlap(a: tuple[str, bool], b: tuple[str, bool]) -> bool:
    """Whether two paths have a parameter in common: they are the same, or one is a module that holds the other."""
    return a[0] == b[0] or (a[1] and b[0].startswith(a[0] + ".")) or (b[1] and a[0].startswith(b[0] + "."))


def _added(scope: Scope, call: nodes.Call) -> Iterator[nodes.BaseExpression]:
    """What `add_param_group` adds to the optimizer that a call builds, where that has a name of its own."""
    assign = scope.parent(call)
    name = scope.dotted(assign.targets[0].target) if isinstance(assign, nodes.Assign) else None
    if name is None or len(scope.bindings.get(name, [assign])) != 1:
        return
    yield from remember(scope, "added groups", lambda: _groups_by_name(scope)).get(name, ())


def _groups_by_name(scope: Scope) -> dict[str, list[nodes.BaseExpression]]:
    """What `add_param_group` adds in a scope, by the name of the optimizer."""
    found: dict[str, list[nodes.BaseExpression]] = {}
    for call in scope.find(nodes.Call):
        if isinstance(call.func, nodes.Attribute) and call.func.attr.value == "add_param_group" and call.args:
            value, name = group_value(call.args[0].value), scope.dotted(call.func.value)
            if value is not None and name is not None:
                found.setdefault(name, []).append(value)
    return found


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for names in model.coverage.repeated if model.coverage else ():
        both = " and ".join(f"`{name}`" for name in dict.fromkeys(names))
        message = f"the memory of {both} is in the optimizer more than once, so each step changes it twice"
        yield model.by_name[names[0]].proof(message, names=names)
