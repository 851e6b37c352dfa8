"""The fix for a flag that is not saved: a buffer of one bool or number in its place."""

from __future__ import annotations

from paramlint import nodes
from paramlint.facts.assignments import Assignment
from paramlint.facts.classes import Class
from paramlint.facts.scopes import Scope
from paramlint.facts.super_init import initializer_calls
from paramlint.finding import Change, Fix
from paramlint.nodes import operators


def buffer_for_flag(cls: Class, name: str, start: Assignment) -> Fix | None:
    """Register the flag as a buffer; `None` where it is used as only a plain value can be, or told by a base.

    What is given later is written into the buffer, so that it stays where the module was moved.
    """
    others = [a for a in cls.assignments(name) if a.node is not start.node]
    if any(a.scope.file is not cls.file or a.scope.cls is not cls for a in (start, *others)):
        return None
    if start.how != "assign" or not _stands_alone(start) or not _is_behind_super(start):
        return None
    if not all(_is_asked(scope, node) for scope in cls.scopes for node in _reads(scope, name)):
        return None
    place, value = start.scope.text(start.target or start.node), start.scope.text(start.value or start.node)
    owner = place.rpartition(".")[0]
    made = f'{owner}.register_buffer("{name}", {start.scope.spell("torch.tensor")}({value}))'
    changes = [Change(start.node, start.node, made)]
    for later in others:
        if later.how == "augmented":
            continue
        if later.how != "assign" or not _stands_alone(later) or later.value is None or later.target is None:
            return None
        written = f"{later.scope.text(later.target)}.fill_({later.scope.text(later.value)})"
        changes.append(Change(later.node, later.node, written))
    return Fix("Register it as a buffer", tuple(changes), "unsafe", ("torch.tensor",))


def _stands_alone(assignment: Assignment) -> bool:
    """Whether it is `self.flag = value` and nothing else."""
    node = assignment.node
    if not isinstance(node, nodes.Assign) or len(node.targets) != 1:
        return False
    return node.targets[0].target is assignment.target and node.value is assignment.value


def _is_behind_super(start: Assignment) -> bool:
    """Whether the module is set up where the flag is made: before that it takes no buffer."""
    calls = initializer_calls(start.scope)
    return bool(calls) and start.scope.order(calls[0]) < start.scope.order(start.node)


def _reads(scope: Scope, name: str) -> list[nodes.Attribute]:
    if name not in scope.words:
        return []
    return [node for node in scope.find(nodes.Attribute) if scope.self_attribute(node) == name]


def _is_asked(scope: Scope, node: nodes.Attribute) -> bool:
    """Whether a use is a test that a tensor of one value answers alike, or gives it a value."""
    above = scope.parent(node)
    if isinstance(above, (nodes.AssignTarget, nodes.BooleanOperation, nodes.If, nodes.IfExp, nodes.While)):
        return True
    if isinstance(above, nodes.AugAssign):
        return above.target is node
    if isinstance(above, nodes.UnaryOperation):
        return isinstance(above.operator, operators.Not)
    if isinstance(above, nodes.ComparisonTarget):
        return not isinstance(above.operator, (operators.Is, operators.IsNot, operators.In, operators.NotIn))
    if isinstance(above, nodes.Comparison):
        kinds = (operators.Is, operators.IsNot, operators.In, operators.NotIn)
        return not any(isinstance(target.operator, kinds) for target in above.comparisons)
    return False
