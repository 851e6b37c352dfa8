"""An init function is given an argument that it does not have, or a value that it does not know.

`normal_(w, stddev=0.02)` is TensorFlow's spelling; PyTorch calls it `std` and raises a `TypeError`. In a branch that is
rarely taken, such as the one for a classification head, nobody notices for long. `kaiming_normal_` and
`calculate_gain` know a few activations only: `"gelu"` and `"silu"` are not among them and raise a `ValueError`.

Bad:
    nn.init.normal_(self.head.weight, stddev=0.02)

Good:
    nn.init.normal_(self.head.weight, std=0.02)

Fix: safe. The call raises as it is.
Leave it: never; it cannot run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.init_calls import init_function
from paramlint.knowledge import DEPRECATED_INIT, INIT_FUNCTIONS
from paramlint.knowledge.initializers import FAN_MODES, METHOD_ARGUMENTS, NONLINEARITIES, USUAL_MISTAKES
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM215",
    "unknown-init-argument",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Calls(*INIT_FUNCTIONS, *DEPRECATED_INIT, "calculate_gain"),),
)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if scope.qualified(node.func) == "torch.nn.init.calculate_gain":
        yield from _values(node, "calculate_gain", 0, scope)
        return
    name, known, args = _called(node, scope)
    for arg in args:
        if arg.keyword is not None and arg.keyword.value not in known:
            yield _unknown(arg.keyword, name, known)
    placed = [arg for arg in args if arg.keyword is None]
    if len(placed) > len(known) and not any(arg.star for arg in placed):
        extra = placed[len(known)]
        count = f"{len(known)} argument{'s' if len(known) != 1 else ''}"
        yield Finding(extra, f"`{name}` takes {count}, so the call raises a TypeError")
    if "nonlinearity" in known and node.args:
        yield from _values(node, name, known.index("nonlinearity"), scope)


def _called(node: nodes.Call, scope: Scope) -> tuple[str, tuple[str, ...], list[nodes.Arg]]:
    """The init function or method that is called or bound by `functools.partial`, its arguments, what it is given."""
    func, args = node.func, list(node.args)
    if scope.qualified(func) in ("functools.partial", "partial") and args:
        func, args = args[0].value, args[1:]
    function = init_function(scope, func)
    if function is not None:
        name = DEPRECATED_INIT.get(function, function)
        return name, INIT_FUNCTIONS[name], args
    if isinstance(func, nodes.Attribute) and func.attr.value in METHOD_ARGUMENTS and _is_tensor(func, scope):
        return func.attr.value, METHOD_ARGUMENTS[func.attr.value], args
    return "", (), []


def _is_tensor(func: nodes.Attribute, scope: Scope) -> bool:
    owner = func.value
    known = scope.type(owner)
    if known is not None:
        return known.kind in ("parameter", "buffer", "tensor")
    return isinstance(owner, nodes.Attribute) and owner.attr.value in ("data", "weight", "bias")


def _unknown(keyword: nodes.Name, name: str, known: tuple[str, ...]) -> Finding:
    written = keyword.value
    meant = USUAL_MISTAKES.get(written)
    if meant not in known:
        close = difflib.get_close_matches(written, known, 1, 0.6)
        meant = close[0] if close else None
    fix = Fix(f"Write `{meant}`", (Change(keyword, keyword, meant),), "safe") if meant is not None else None
    return Finding(keyword, f"`{name}` has no argument `{written}`, so the call raises a TypeError", fix)


def _values(node: nodes.Call, name: str, place: int, scope: Scope) -> Iterator[Finding]:
    """Values of `nonlinearity` and `mode` that the function does not know."""
    for index, arg in enumerate(node.args):
        argument = arg.keyword.value if arg.keyword is not None else {place: "nonlinearity", 2: "mode"}.get(index)
        choices = {"nonlinearity": NONLINEARITIES, "mode": FAN_MODES}.get(argument or "")
        if choices is None or not isinstance(arg.value, nodes.SimpleString):
            continue
        value = arg.value.evaluated_value
        if isinstance(value, str) and value not in choices and not (argument == "mode" and value.lower() in choices):
            yield Finding(arg.value, f"`{name}` does not know the {argument} {scope.text(arg.value)} and raises")
