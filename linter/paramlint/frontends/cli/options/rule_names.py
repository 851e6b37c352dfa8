"""Options whose values name rules: with commas, and completed in the shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem


def split(_: click.Context, __: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    """The callback: `--select PRM1,PRM2` is two selectors."""
    return tuple(part.strip() for value in values for part in value.split(","))


def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes, names and groups that continue what is typed, after the last comma."""
    from paramlint.engine.catalogue import CATALOGUE, GROUPS

    before, _comma, begun = incomplete.rpartition(",")
    before += _comma
    found = [(rule.code, rule.summary) for rule in CATALOGUE] + [(rule.name, rule.summary) for rule in CATALOGUE]
    found += [(group, f"all rules of the group {group}") for group in GROUPS] + [("ALL", "all rules")]
    begins = begun.lower()
    return [CompletionItem(before + name, help=text) for name, text in found if name.lower().startswith(begins)]


#: What a declaration of such an option has in common with the others.
RULES: dict[str, Any] = {"multiple": True, "callback": split, "metavar": "RULES", "shell_complete": complete}
