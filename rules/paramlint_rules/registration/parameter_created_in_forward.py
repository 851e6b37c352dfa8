"""A parameter or layer that `forward` makes is new at every call.

It starts from fresh random values each time, no optimizer knows it, and it is not saved. What looks like a layer is
noise. Parameters belong into `__init__`; where their shape is known only from the data, there are lazy modules.

Bad:
    class Net(nn.Module):
        def forward(self, x):
            return nn.Linear(x.shape[-1], 8)(x)

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.LazyLinear(8)

        def forward(self, x):
            return self.linear(x)

Leave it: the layer's weights are replaced right after, or random features are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope, owns_parameters
from paramlint.knowledge import PARAMETER_CLASSES, PARAMETER_MODULES
from paramlint.rule import Defines, Finding, Proof, Rule

_NAMES = {name.rpartition(".")[2] for name in (*PARAMETER_CLASSES, *PARAMETER_MODULES)}
if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM407",
    "parameter-created-in-forward",
    group="bug",
    doc=__doc__,
    triggers=(Defines("forward", text=_NAMES),),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    if scope.name != "forward" or scope.cls is None or not scope.cls.is_module:
        return
    for call in scope.find(nodes.Call):
        written = (scope.dotted(call.func) or "").rpartition(".")[2]
        if written not in _NAMES or _is_made_once(scope, call):
            continue
        known = scope.type(call)
        if known is None or not owns_parameters(known) or _needs_no_gradient(scope, call):
            continue
        what = "a parameter" if known.is_parameter else "a layer"
        yield Finding(call.func, f"`{scope.text(call.func)}` makes {what} anew at every call, so it is not trained")


def _needs_no_gradient(scope: Scope, call: nodes.Call) -> bool:
    """Whether it says that it is not trained: a constant under another name."""
    return any(
        arg.keyword is not None and arg.keyword.value == "requires_grad" and scope.text(arg.value) == "False"
        for arg in call.args
    )


def _is_made_once(scope: Scope, call: nodes.Call) -> bool:
    """Whether it stands under a condition and is kept: made at the first call, or only when something is missing."""
    ancestors = list(scope.ancestors(call))
    is_conditional = any(isinstance(node, (nodes.If, nodes.IfExp, nodes.Try, nodes.Lambda)) for node in ancestors)
    is_nested = any(isinstance(node, nodes.FunctionDef) and node is not scope.node for node in ancestors)
    is_tested = any(isinstance(node, nodes.Call) and _is_test(node) for node in ancestors)
    return is_tested or is_nested or (is_conditional and _is_kept(scope, ancestors))


def _is_test(node: nodes.Call) -> bool:
    return isinstance(node.func, nodes.Name) and node.func.value in ("isinstance", "issubclass", "type")


def _is_kept(scope: Scope, ancestors: list[nodes.Node]) -> bool:
    for node in ancestors:
        if isinstance(node, nodes.Assign):
            names = {target.target.value for target in node.targets if isinstance(target.target, nodes.Name)}
            return len(names) < len(node.targets) or any(_is_stored(scope, name) for name in names)
        if isinstance(node, nodes.Call) and scope.self_attribute(node.func) is not None:
            return True
    return False


def _is_stored(scope: Scope, name: str) -> bool:
    """Whether what a local name stands for is kept in an attribute or a container."""
    return any(
        isinstance(node.value, nodes.Name) and node.value.value == name and not isinstance(target.target, nodes.Name)
        for node in scope.find(nodes.Assign)
        for target in node.targets
    )


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.forward is None:
        return
    for name in dict.fromkeys(model.forward.created):
        what = f"`{name}` is created anew" if name else "a parameter is created"
        yield model.proof_at(name, f"{what} at each call of forward, so no optimizer ever holds it")
    for name in model.forward.registered_late:
        if name not in model.forward.created:
            message = f"`{name}` is created in the first call of forward, so an optimizer made before does not hold it"
            yield model.proof_at(name, message)
