"""Plain containers that a module keeps: how they read in a message, and what registers their items instead."""

from __future__ import annotations

from typing import Literal

from paramlint import nodes
from paramlint.finding import Change, Fix
from paramlint.model.objects import Place
from paramlint.nodes.assigned import assigned


def described(place: Place, what: Literal["module", "parameter"]) -> str:
    """What is wrong with a plain container that a module keeps, in words."""
    if _trailing_comma(place) is not None:
        return f"`self.{place.key}` is a tuple because of a trailing comma, so its {what} is not trained"
    return f"`self.{place.key}` is a plain {place.container}, so its {what}s are not trained"


def registering(place: Place, what: Literal["Module", "Parameter"]) -> Fix | None:
    """An `nn.ModuleList`, `nn.ParameterDict`... in the place of a container; `None` where that would not hold the same.

    Args:
        place: where one of its items is held.
        what: of what kind they are.
    """
    site, value = place.since.site, _value(place)
    bare = _trailing_comma(place)
    if value is not None and bare is not None:
        return Fix("Remove the trailing comma", (Change(value, value, site.text(bare)),))
    if not place.is_flat:
        return None
    if isinstance(value, (nodes.List, nodes.ListComp, nodes.Tuple)):
        kind, text = f"{what}List", site.text(value)
    elif isinstance(value, nodes.Call) and site.text(value.func) in ("list", "tuple"):
        kind, text = f"{what}List", "".join(site.text(arg.value) for arg in value.args)
    elif isinstance(value, nodes.Dict) and all(_has_text_key(entry) for entry in value.elements):
        kind, text = f"{what}Dict", site.text(value)
    else:
        return None
    text = "" if text in ("[]", "{}", "()") else text
    name = f"torch.nn.{kind}"
    title = f"Wrap the {place.container} in `nn.{kind}`"
    return Fix(title, (Change(value, value, f"{site.spell(name)}({text})"),), "unsafe", (name,))


def target(place: Place) -> nodes.Node | None:
    """What the container is assigned to; `None` where that is not written in one assignment."""
    return next((target for target, _ in _given(place)), None)


def gives_by_call(place: Place) -> bool:
    """Whether each item of a container is what a call gives."""
    value = _value(place)
    return isinstance(value, nodes.ListComp) and isinstance(value.elt, nodes.Call)


def _value(place: Place) -> nodes.BaseExpression | None:
    return next((place.since.site.maker(value) for _, value in _given(place)), None)


def _given(place: Place) -> list[tuple[nodes.BaseExpression, nodes.BaseExpression]]:
    """The target and the value of the assignment that keeps a container, where there is one of each."""
    given = assigned(place.since.site.statement)
    if len(given) > 1:
        given = [one for one in given if isinstance(one[0], nodes.Attribute) and one[0].attr.value == place.key]
    return given if len(given) == 1 else []


def _trailing_comma(place: Place) -> nodes.BaseExpression | None:
    """The one value that a comma behind it has made a tuple."""
    value = _value(place)
    if isinstance(value, nodes.Tuple) and len(value.elements) == 1 and not place.since.site.parentheses(value):
        return value.elements[0].value
    return None


def _has_text_key(entry: nodes.BaseDictElement) -> bool:
    return isinstance(entry, nodes.DictElement) and isinstance(entry.key, (nodes.SimpleString, nodes.FormattedString))
