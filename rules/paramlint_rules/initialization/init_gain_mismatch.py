"""The gain of an initialisation belongs to another activation than the one that follows.

Kaiming initialisation for ReLU doubles the variance, because ReLU takes half of it away. In front of a `tanh` the same
weights saturate the units; with the gain of `tanh` in front of ReLU the signal shrinks from layer to layer. `a=0` and
`nonlinearity="leaky_relu"` are the defaults of the Kaiming functions, so they mean ReLU unless told otherwise. Their
`a` is the slope of a leaky ReLU: a gain that is given there makes the weights smaller.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")

        def forward(self, x):
            return torch.tanh(self.fc(x))

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            nn.init.xavier_normal_(self.fc.weight, gain=nn.init.calculate_gain("tanh"))

        def forward(self, x):
            return torch.tanh(self.fc(x))

Leave it: the layers are few, or a normalisation stands between the layer and its activation.
Source: He et al. 2015, "Delving deep into rectifiers"; Glorot and Bengio 2010.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.init_calls import InitCall, init_call
from paramlint.rule import Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM213",
    "init-gain-mismatch",
    group="pedantic",
    doc=__doc__,
    triggers=(Calls("kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "xavier_uniform_", "orthogonal_"),),
)

#: Activations by the gain that suits them; those of the first group differ too little to matter.
_FAMILIES = {
    "relu": "relu", "ReLU": "relu", "ReLU6": "relu", "relu6": "relu", "leaky_relu": "relu", "LeakyReLU": "relu",
    "tanh": "tanh", "Tanh": "tanh",
    "selu": "selu", "SELU": "selu",
}  # fmt: skip
_PREFIXES = ("torch.", "torch.nn.", "torch.nn.functional.")

#: The gain that each activation needs: `torch.nn.init.calculate_gain`.
GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leakyrelu": math.sqrt(2 / (1 + 0.01**2)),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 0.75,
}
#: How far the two may be apart, relative to the one needed.
TOLERANCE = 0.1


@rule.static(nodes.Call)
def check_slope(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """A gain in the place of the slope of a leaky ReLU."""
    found = init_call(scope, node)
    if found is None or not found.function.startswith("kaiming_") or "a" not in found.arguments:
        return
    given = found.arguments["a"]
    if _is_gain(scope, given):
        text = scope.text(given)
        yield Finding(given, f"`{text}` is a gain, but the `a` of `{found.function}` is the slope of a leaky ReLU")


def _is_gain(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether an expression is what `calculate_gain` gives, or a name that is given that somewhere."""
    if isinstance(node, nodes.Name):
        values = [b.value for b in scope.bindings.get(node.value, []) if b.kind == "assign"]
        return any(isinstance(value, nodes.Call) and _is_gain(scope, value) for value in values if value is not None)
    return isinstance(node, nodes.Call) and scope.qualified(node.func) == "torch.nn.init.calculate_gain"


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = init_call(scope, node)
    if found is None or scope.cls is None:
        return
    declared = _declared(found)
    if declared is None or not isinstance(found.target, nodes.Attribute):
        return
    name = scope.self_attribute(found.target.value)
    follows = _after(scope.cls, name) if name is not None else set()
    if follows and all(family != _FAMILIES[declared] for family in follows):
        text, actual = scope.text(found.target), " and ".join(sorted(follows))
        message = f"`{text}` has the gain of {declared}, but {actual} follows it"
        yield Finding(node, message, attribute=text)


def _declared(found: InitCall) -> str | None:
    """The activation that the gain of a call is for."""
    if found.function.startswith("kaiming"):
        given = found.arguments.get("nonlinearity")
        if given is None:
            return "leaky_relu" if "a" not in found.arguments else None
    else:
        gain = found.arguments.get("gain")
        if not isinstance(gain, nodes.Call) or found.scope.qualified(gain.func) != "torch.nn.init.calculate_gain":
            return None
        given = gain.args[0].value if gain.args else None
    name = given.evaluated_value if isinstance(given, nodes.SimpleString) else None
    return name if isinstance(name, str) and name in _FAMILIES else None


def _after(cls: Class, name: str) -> set[str]:
    """The families of what is applied to the result of `self.name(...)`; empty where one use is not clear."""
    found: set[str] = set()
    for scope in cls.scopes_with(name):
        for call in scope.find(nodes.Call):
            if scope.self_attribute(call.func) != name:
                continue
            family = _family(scope, call)
            if family is None:
                return set()
            found.add(family)
    return found


def _family(scope: Scope, call: nodes.Call) -> str | None:
    argument = scope.parent(call)
    outer = scope.parent(argument) if isinstance(argument, nodes.Arg) else None
    if not isinstance(outer, nodes.Call) or outer.args[0] is not argument:
        return None
    function = scope.qualified(outer.func)
    if function is None:
        known = scope.type(outer.func)
        function = known.name if known is not None and known.is_module else ""
    prefix, _, last = function.rpartition(".")
    return _FAMILIES.get(last) if f"{prefix}." in _PREFIXES else None


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        init = parameter.init
        if init is None or init.module != "torch.nn.init" or not init.by_user or parameter.attribute != "weight":
            continue
        activation = model.activation_after(parameter.name.rpartition(".")[0])
        meant = _gain_meant(init.call, init.arguments)
        wanted = GAINS.get(activation)
        if meant is None or wanted is None or abs(meant / wanted - 1) < TOLERANCE:
            continue
        message = f"`{parameter.name}` has a gain of {meant:.2f}, but `{activation}` follows, which needs {wanted:.2f}"
        yield parameter.proof(message, init, gain=meant, expected_gain=wanted, activation=activation)


def _gain_meant(call: str, arguments: Mapping[str, object]) -> float | None:
    """The gain that a call of Xavier's or Kaiming's initialisation applies."""
    if call in ("xavier_uniform_", "xavier_normal_", "orthogonal_"):
        gain = arguments.get("gain", 1.0)
        return float(gain) if isinstance(gain, (int, float)) and gain != 1 else None  # the default says nothing
    if call not in ("kaiming_uniform_", "kaiming_normal_"):
        return None
    slope = arguments.get("a", 0.0)
    if arguments.get("nonlinearity", "leaky_relu") == "leaky_relu" and isinstance(slope, (int, float)):
        return math.sqrt(2 / (1 + slope**2))
    return GAINS.get(str(arguments["nonlinearity"]), 1.0)
