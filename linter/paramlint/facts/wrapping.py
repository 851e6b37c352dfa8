"""The fix for a plain container on `self`: the container of torch that registers what it holds."""

from __future__ import annotations

from typing import Literal

from paramlint import nodes
from paramlint.facts.containers import PlainContainer
from paramlint.finding import Change, Fix


def wrap(container: PlainContainer, what: Literal["Module", "Parameter"]) -> Fix | None:
    """Make it an `nn.ModuleList`, `nn.ParameterDict`...; `None` where that would not hold the same items."""
    scope, value = container.first.scope, container.first.value
    assert value is not None
    if container.trailing_comma is not None:
        return Fix("Remove the trailing comma", (Change(value, value, scope.text(container.trailing_comma)),))
    if not container.is_flat or any(held.type.kind != what.lower() for held in container.held):
        return None
    if isinstance(value, (nodes.List, nodes.ListComp, nodes.Tuple)):
        kind, text = f"{what}List", scope.text(value)
    elif isinstance(value, nodes.Call) and scope.qualified(value.func) in ("list", "tuple"):
        kind, text = f"{what}List", "".join(scope.text(arg.value) for arg in value.args)
    elif isinstance(value, nodes.Dict) and all(_has_text_key(entry) for entry in value.elements):
        kind, text = f"{what}Dict", scope.text(value)
    else:
        return None
    text = "" if text in ("[]", "{}", "()") else text
    name = f"torch.nn.{kind}"
    change = Change(value, value, f"{scope.spell(name)}({text})")
    return Fix(f"Wrap the {container.kind} in `nn.{kind}`", (change,), "unsafe", (name,))


def _has_text_key(entry: nodes.BaseDictElement) -> bool:
    return isinstance(entry, nodes.DictElement) and isinstance(entry.key, (nodes.SimpleString, nodes.FormattedString))
