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
from paramlint.model import Claim, Event, Model, Tensor
from paramlint.rule import Asks, Change, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel

_EXPANDING = ("expand", "expand_as", "broadcast_to")

rule = Rule(
    "PRM310",
    "overlapping-memory",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks(*_EXPANDING),),
)
#: Views behind an expansion that are followed.
_DEEPEST = 6


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for parameter in model.parameters:
        made = parameter.made
        if made is None or made.author != "user" or not parameter.known or parameter.trains.no:
            continue
        data = next((part for part in parameter.made_from if isinstance(part, Tensor)), None)
        for _ in range(_DEEPEST):
            if data is None or not data.view:
                break
            if data.view == "expand" and _repeats(data):
                given = _given(made)
                text = made.site.text(given) if given is not None else str(parameter)
                message = f"`{text}` repeats one memory, so elements of the parameter that should differ cannot"
                fix = _fix(given, text) if given is not None else None
                yield Claim(parameter.trains, made.site, message, parameter, given, fix)
                break
            data = data.base


def _given(made: Event) -> nodes.BaseExpression | None:
    """What is written between the parentheses of `nn.Parameter(...)`."""
    call = made.site.node
    first = call.args[0] if isinstance(call, nodes.Call) and call.args else None
    return first.value if first is not None and not first.star else None


def _repeats(data: Tensor) -> bool:
    """Whether an expansion may have a size that what it expands has not: nobody expands to the sizes that are there."""
    before = data.base.shape if data.base is not None else None
    if before is None or data.shape is None:
        return True
    added = len(data.shape) - len(before)
    return any(size != 1 for size in data.shape[:added]) or any(
        old == 1 and new != 1 for old, new in zip(before, data.shape[added:], strict=False)
    )


def _fix(data: nodes.BaseExpression, text: str) -> Fix | None:
    if not isinstance(data, (nodes.Name, nodes.Attribute, nodes.Call)):
        return None
    return Fix("Give each element memory of its own", (Change(data, data, f"{text}.clone()"),), "unsafe")


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for one in model.parameters:
        if one.repeats_memory:
            yield one.proof(f"elements of `{one.name}` stand on one memory, so they cannot differ")
