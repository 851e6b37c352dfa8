"""A rule that is known by what the list of all rules says of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from paramlint.finding import Group
from paramlint.knowledge.frameworks import TORCH, Framework
from paramlint.rule import FixKind, Rule, Trigger

#: What only the rule's own file says.
_IN_ITS_FILE = frozenset(
    ("doc", "node_checks", "scope_checks", "class_checks", "questions", "readings", "verifiers", "trainers", "refuters")
)


class RuleOnDemand(Rule):
    """A rule whose file is imported when one of its detectors or its documentation is asked for.

    Args:
        module: where it stands in this package.
        code, name, group, fix, triggers, only_with, frameworks, asked_of: as of `Rule`, and as its file has them.
    """

    def __init__(
        self,
        module: str,
        code: str,
        name: str,
        group: Group,
        fix: FixKind = "none",
        triggers: tuple[Trigger, ...] = (),
        only_with: frozenset[str] = frozenset(),
        frameworks: frozenset[Framework] = TORCH,
        asked_of: frozenset[Framework] = frozenset(),
    ) -> None:
        self.module = module
        self.code, self.name, self.group, self.fix = code, name, group, fix
        self.triggers, self.only_with = triggers, only_with
        self.frameworks, self.asked_of = frameworks, asked_of
        self.codes.add(code)

    def __getattr__(self, name: str) -> Any:
        """Only what is not there yet is asked here."""
        if name not in _IN_ITS_FILE:
            raise AttributeError(f"a rule has no {name!r}")
        own: Rule = import_module(f"{__package__}.{self.module}").rule
        for part in _IN_ITS_FILE:
            setattr(self, part, getattr(own, part))
        return getattr(own, name)
