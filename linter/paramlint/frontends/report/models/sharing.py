"""Which names lead to one parameter, and which parameters lie in one memory, with repeated blocks folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paramlint.frontends.report.models.fold import INDEX, fold, folded_name
from paramlint.verify.document.schema import Document, Parameter


@dataclass(frozen=True)
class Shared:
    """One parameter of a group.

    Attributes:
        parameter: it, or the first of several alike.
        names: its names, each with how many it stands for in one group.
    """

    parameter: Parameter
    names: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Sharing:
    """Parameters in one memory, or a single one of several names; `times` says how many such groups there are."""

    parameters: tuple[Shared, ...]
    times: int


def sharings(document: Document) -> list[Sharing]:
    """All groups of names that share, in the order of the model."""
    groups: dict[tuple[object, ...], list[list[Parameter]]] = {}
    for group in _groups(document.parameters):
        groups.setdefault(_pattern(group), []).append(group)
    return [_sharing(alike) for alike in groups.values()]


def _groups(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Parameters connected by memory, directly or through others; those that share nothing are left out."""
    by_name = {parameter.name: parameter for parameter in parameters}
    found: list[list[Parameter]] = []
    seen: set[str] = set()
    for parameter in parameters:
        group: list[Parameter] = []
        waiting = [parameter.name]
        while waiting:
            name = waiting.pop(0)
            if name not in seen and name in by_name:
                seen.add(name)
                group.append(by_name[name])
                waiting += by_name[name].aliases
        if len(group) > 1 or any(one.tied_with for one in group):
            found.append(group)
    return found


def _columns(parameter: Parameter) -> list[list[str]]:
    """The names of a parameter, those that differ in a number only together."""
    return [names for _, names in fold((parameter.name, *parameter.tied_with), str, lambda _: None)]


def _pattern(group: list[Parameter]) -> tuple[object, ...]:
    return tuple((p.shape, tuple((INDEX.sub("*", names[0]), len(names)) for names in _columns(p))) for p in group)


def _sharing(alike: list[list[Parameter]]) -> Sharing:
    return Sharing(tuple(_shared(same) for same in zip(*alike, strict=True)), len(alike))


def _shared(same: Sequence[Parameter]) -> Shared:
    columns = zip(*map(_columns, same), strict=True)
    return Shared(
        same[0],
        tuple((folded_name([name for names in column for name in names]), len(column[0])) for column in columns),
    )
