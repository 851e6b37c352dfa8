"""Rule packs: rules of other people, installed beside paramlint and named on the command line.

A pack is an entry point of the group `paramlint.rules` whose object is an iterable of rules:

    [project.entry-points."paramlint.rules"]
    acme = "acme_rules:RULES"

Loading a pack runs its code, so that only a person can ask for it, never a configuration file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from paramlint.config.nearest import nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from paramlint.rule import Rule

GROUP = "paramlint.rules"
#: Codes that begin with PRM are our own, so that a pack stays valid with later versions.
_CODE = re.compile(r"(?!PRM\d)[A-Z]{1,8}\d{3}")
_named: tuple[str, ...] = ()


class PackError(Exception):
    """A pack is not installed, or is none."""


def use(names: Iterable[str]) -> None:
    """Have this process run with these packs and no others; nothing is loaded yet."""
    global _named
    _named = tuple(dict.fromkeys(names))


def named() -> tuple[str, ...]:
    """The packs that this process runs with."""
    return _named


@cache
def rules(name: str) -> tuple[Rule, ...]:
    """The rules of a pack.

    Raises:
        PackError: no such pack is installed, several are, its code fails, or it holds something else than rules.
    """
    from paramlint.rule import Rule

    point = _find(name)
    shown = f"rule pack '{name}' ({point.value})"
    try:
        given = point.load()
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise PackError(f"{shown} cannot be loaded: {said}") from error
    if not isinstance(given, Iterable):
        raise PackError(f"{shown} is no list of rules, but of type {type(given).__name__}")
    found = tuple(given)
    for rule in found:
        if not isinstance(rule, Rule):
            raise PackError(f"{shown} holds something that is no rule, of type {type(rule).__name__}")
        if not _CODE.fullmatch(rule.code):
            raise PackError(f"{shown} has a rule {rule.code!r}; codes are upper-case letters but PRM, and three digits")
    return found


def _find(name: str) -> EntryPoint:
    from importlib.metadata import entry_points

    installed = entry_points(group=GROUP)
    found = {point.value: point for point in installed.select(name=name)}
    if not found:
        names = sorted(installed.names)
        meant = nearest(name, names)
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(names)}" if names else "there are none"
        raise PackError(f"no rule pack called {name!r} is installed; {hint}")
    if len(found) > 1:
        raise PackError(f"several rule packs called {name!r} are installed: {', '.join(sorted(found))}")
    return next(iter(found.values()))
