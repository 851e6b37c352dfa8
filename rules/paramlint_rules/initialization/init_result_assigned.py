"""What an init function returns is assigned, but it works in place and returns None.

`layer.bias = fill_zero(layer.bias)` fills the bias and then replaces it by None: the parameter is gone, the layer
computes without it, and nothing says so. With a layer in place of a bias the next call of it raises.

Setup:
    def fill_zero(tensor):
        if tensor is not None:
            nn.init.zeros_(tensor)

Bad:
    self.mix = nn.Linear(8, 8)
    self.mix.bias = fill_zero(self.mix.bias)

Good:
    self.mix = nn.Linear(8, 8)
    fill_zero(self.mix.bias)

Fix: unsafe. What was assigned is None; with the fix the tensor is initialised and stays, so that outputs change and
checkpoints gain a key.
Leave it: the parameter has to go; then assign None itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model
from paramlint.model.questions.written_code import set_by_call
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM226",
    "init-result-assigned",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("nn", "Module", entries=("class",)), Asks("weight", "bias", made=False)),
)


@rule.question
def check(model: Model) -> Iterator[Claim]:
    for bound in model.events("bound"):
        statement = bound.site.statement
        call = _assigned(statement)
        if call is None:
            continue
        if getattr(bound.get("value"), "value", model) is not None:
            continue
        if any(kept.site.node is bound.site.node for kept in model.events("registered")):
            continue  # another alternative
        write = next((w for w in model.events("written") if _is_made_by(w, call)), None)
        if write is not None:
            name = f"{bound.of}.{bound.get('name')}"
            yield Claim(
                Answer("yes", (bound,), bound.guard),
                bound.site,
                f"the call initialises `{write.of}` in place and returns None, so `{name}` is None from here on",
                about=bound.of,
                node=statement.targets[0].target if isinstance(statement, nodes.Assign) else statement.value,
                fix=_fix(bound, statement, call),
            )


def _assigned(statement: nodes.Node | None) -> nodes.Call | None:
    """The call whose result is assigned: `layer.bias = init(...)`, `setattr(layer, name, init(...))`."""
    setting = set_by_call(statement)
    value = statement.value if isinstance(statement, nodes.Assign) else setting.args[2].value if setting else None
    return value if isinstance(value, nodes.Call) else None


def _fix(bound: Event, statement: nodes.Node, call: nodes.Call) -> Fix | None:
    """Only the call, where what it is given is what was assigned to."""
    if not isinstance(statement, nodes.Assign):
        return None
    site, target = bound.site, statement.targets[0].target
    if len(statement.targets) > 1 or site.text(target) not in [site.text(arg.value) for arg in call.args]:
        return None
    return Fix("Call the function only", (Change(statement, statement, site.text(call)),))


def _is_made_by(write: Event, call: nodes.Call) -> bool:
    """Whether a call leads to a write, in a function that never returns anything."""
    sites = write.way
    return any(site.node is call and not inner.gives_back for site, inner in pairwise(sites))
