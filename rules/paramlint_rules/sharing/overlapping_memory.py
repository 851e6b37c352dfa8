"""A parameter made of an expanded tensor has many elements on one number.

`expand`, `expand_as` and `broadcast_to` repeat without copying: all rows are the same memory. A parameter of such a
tensor looks as large as it should be, and each step that writes it in place writes the one row once for every row that
stands on it. `load_state_dict` keeps what it copied last, and saving and loading makes rows out of it that part.

Bad:
    self.queries = nn.Parameter(torch.randn(1, 16).expand(8, 16))

Good:
    self.queries = nn.Parameter(torch.randn(1, 16).repeat(8, 1))

Fix: unsafe. The rows get memory of their own and are trained apart.
Leave it: the parameter is frozen and never written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.knowledge import PARAMETER_CLASSES
from paramlint.model import Claim, Model, Tensor
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

_EXPANDING = ("expand", "expand_as", "broadcast_to")

rule = Rule(
    "PRM310",
    "overlapping-memory",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(
        Calls(*(name.rpartition(".")[2] for name in PARAMETER_CLASSES)),
        Asks(*_EXPANDING, entries=("class",)),
    ),
)
#: Views behind an expansion that are followed.
_DEEPEST = 6
#: What gives a view of the same memory, however often it stands behind an expansion.
_VIEWS = (
    "t",
    "transpose",
    "permute",
    "unsqueeze",
    "squeeze",
    "detach",
    "requires_grad_",
    "view",
    "float",
    "to",
    "data",
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A parameter of an expansion that was made somewhere else."""
    for parameter in model.parameters:
        made = parameter.made
        if made is None or made.author != "user" or not parameter.known or parameter.trains.no:
            continue
        data = next((part for part in parameter.made_from if isinstance(part, Tensor)), None)
        for _ in range(_DEEPEST):
            if data is None or not data.view:
                break
            if data.view == "expand" and _repeats(data):
                message = f"`{parameter}` repeats one memory, so elements of the parameter that should differ cannot"
                yield Claim(parameter.trains, made.site, message, about=parameter)
                break
            data = data.base


def _repeats(data: Tensor) -> bool:
    """Whether an expansion has a size that what it expands has not."""
    before = data.base.shape if data.base is not None else None
    if before is None or data.shape is None:
        return False
    added = len(data.shape) - len(before)
    return any(size != 1 for size in data.shape[:added]) or any(
        old == 1 and new != 1 for old, new in zip(before, data.shape[added:], strict=False)
    )


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) not in PARAMETER_CLASSES or not node.args or node.args[0].star:
        return
    if any(a.keyword is not None and scope.text(a) == "requires_grad=False" for a in node.args):
        return
    value = node.args[0].value
    if not _is_expanded(scope, value):
        return
    fix = Fix("Give each element memory of its own", (Change(value, value, f"{scope.text(value)}.clone()"),), "unsafe")
    simple = isinstance(value, (nodes.Name, nodes.Attribute, nodes.Call)) and not scope.parentheses(value)
    message = f"`{scope.text(value)}` repeats one memory, so elements of the parameter that should differ cannot"
    yield Finding(value, message, fix if simple else None)


def _is_expanded(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether an expression is an expansion, or a view of one, of something that has fewer elements."""
    if depth > 4:
        return False
    if isinstance(node, nodes.Name):
        found = scope.bindings.get(node.value, [])
        value = found[0].value if len(found) == 1 and found[0].kind == "assign" else None
        return value is not None and _is_expanded(scope, value, depth + 1)
    if isinstance(node, nodes.Attribute):
        return node.attr.value in _VIEWS and _is_expanded(scope, node.value, depth + 1)
    if not isinstance(node, nodes.Call):
        return False
    if scope.qualified(node.func) == "torch.broadcast_to":
        return True
    if not isinstance(node.func, nodes.Attribute):
        return False
    if node.func.attr.value in _EXPANDING and (scope.qualified(node.func) or "").partition(".")[0] != "torch":
        return not _keeps_all(scope, node)
    return node.func.attr.value in _VIEWS and _is_expanded(scope, node.func.value, depth + 1)


def _keeps_all(scope: Scope, call: nodes.Call) -> bool:
    """Whether every size is kept: `expand(-1, -1)`, or one that only puts dimensions of one element in front."""
    sizes = [scope.text(arg.value) for arg in call.args]
    return bool(sizes) and all(size in ("-1", "1") for size in sizes)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for one in model.parameters:
        if one.repeats_memory:
            yield one.proof(f"elements of `{one.name}` stand on one memory, so they cannot differ")
