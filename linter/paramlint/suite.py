"""Which rules run: the one list, what is off by default and why, and selection by code, prefix or name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from paramlint.rule import Rule, names
from paramlint.unused import rule as unused_suppression
from paramlint_rules import RULES

__all__ = ["CATALOGUE", "OFF", "RULES", "UnknownRuleError", "by_name", "select"]

#: Rules of group bug or risk that are off all the same, with the measured reason.
OFF: dict[str, str] = {}


#: Everything that can be selected: the rules about code, and those about the comments that silence them.
CATALOGUE: tuple[Rule, ...] = (unused_suppression, *RULES)


class UnknownRuleError(Exception):
    """A selection names no rule."""


def is_on(rule: Rule) -> bool:
    """Whether a rule is in the default set."""
    return rule.group != "pedantic" and rule.code not in OFF


def select(
    select: Iterable[str] = (),
    extend: Iterable[str] = (),
    ignore: Iterable[str] = (),
    default: Iterable[Rule] | None = None,
) -> list[Rule]:
    """The rules that a selection names, in the order of their codes.

    Args:
        select: instead of the default set; `ALL`, a code, a prefix of codes or a rule's name.
        extend: beside the selected ones.
        ignore: taken away again, unless `select` or `extend` names them more exactly.
        default: what runs without `select`; the default set when it is not given.

    Raises:
        UnknownRuleError: a name that matches no rule; the message suggests what was meant.
    """
    chosen: dict[Rule, int] = dict.fromkeys(filter(is_on, CATALOGUE) if default is None else default, 0)
    wanted = list(select)
    if wanted:
        chosen = {}
    for selector in [*wanted, *extend]:
        for rule in by_name(selector):
            chosen[rule] = max(chosen.get(rule, 0), _strength(selector))
    for selector in ignore:
        for rule in by_name(selector):
            if rule in chosen and chosen[rule] <= _strength(selector):
                del chosen[rule]
    return [rule for rule in CATALOGUE if rule in chosen]


def by_name(selector: str) -> list[Rule]:
    """The rules that a selector names.

    Raises:
        UnknownRuleError: it names none.
    """
    found = [rule for rule in CATALOGUE if names(selector, rule.code, rule.name)]
    if not found:
        given, known = selector.strip(), [name for rule in CATALOGUE for name in (rule.code, rule.name)]
        close = difflib.get_close_matches(given, known, 1) or difflib.get_close_matches(given.upper(), known, 1)
        hint = f"; did you mean {close[0]}?" if close else "; `paramlint rules` lists them"
        raise UnknownRuleError(f"no rule is called {selector!r}{hint}")
    return found


def _strength(selector: str) -> int:
    """A more exact selector wins over a less exact one: all, then longer prefixes, then a code or name."""
    if selector.upper() == "ALL":
        return 0
    return len(selector) if "PRM".startswith(selector[:3].upper()) else len("PRM401")
