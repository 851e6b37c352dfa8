"""Which rules run: the one list, what is off by default and why, and selection by code, prefix or name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, get_args

from paramlint.config.nearest import nearest
from paramlint.engine import packs
from paramlint.engine.filters.unused_noqa import rule as unused_suppression
from paramlint.engine.packs import PackError
from paramlint.finding import Group
from paramlint.rule import Rule, names
from paramlint_rules import RULES

if TYPE_CHECKING:
    from paramlint.config.settings import Settings

__all__ = ["CATALOGUE", "PREVIEW", "RULES", "UnknownRuleError", "by_name", "catalogue", "configured_rules", "select"]

GROUPS: tuple[Group, ...] = get_args(Group)
#: Rules whose reports on code are still on trial, with their record on code that they had not seen: off until twenty
#: were judged and three in four of them are not false. What they prove on a live model is no part of that.
PREVIEW: dict[str, str] = {
    "PRM302": "55 reports on unseen code were judged, 36 of them false; most of those are mended",
    "PRM310": "1 report on unseen code was judged, and right",
    "PRM411": "4 reports on unseen code were judged, and right",
    "PRM413": "8 reports on unseen code were judged, 5 of them false; they are mended",
    "PRM414": "none of its reports on unseen code was judged yet",
    "PRM503": "8 reports on unseen code were judged, and false; four of them are mended",
    "PRM603": "27 reports on unseen code were judged, 18 of them false, 14 by one mistake; they are mended but for two",
    "PRM605": "none of its reports on unseen code was judged yet",
    "PRM606": "5 reports on unseen code were judged, and false; they are mended",
    "PRM607": "none of its reports on unseen code was judged yet",
    "PRM709": "16 reports on unseen code were judged, 15 of them false; every kind of those is mended",
    "PRM716": "22 reports on unseen code were judged, 17 of them false; every kind of those but one is mended",
    "PRM717": "1 report on unseen code was judged, and false; it is mended",
    "PRM722": "13 reports on unseen code were judged, 11 of them false; all but one are mended",
    "PRM723": "3 reports on unseen code were judged, 2 of them false; they are mended",
    "PRM724": "3 reports on unseen code were judged: one right, and harmless there; two false, which are mended",
    "PRM802": "4 reports on unseen code were judged, and right, all in one class",
    "PRM803": "none of its reports on unseen code was judged yet",
    "PRM804": "none of its reports on unseen code was judged yet",
    "PRM805": "7 reports on unseen code were judged, and right, all in one package",
    "PRM806": "3 reports on unseen code were judged, 2 false; that is mended",
    "PRM807": "5 reports on unseen code were judged, 2 false: the code was for Keras 2; that is mended",
    "PRM808": "23 reports on unseen code were judged, and right, but in five classes",
    "PRM809": "none of its reports on unseen code was judged yet",
    "PRM810": "none of its reports on unseen code was judged yet",
    "PRM812": "none of its reports on unseen code was judged yet",
    "PRM813": "none of its reports on unseen code was judged yet",
    "PRM814": "none of its reports on unseen code was judged yet",
    "PRM815": "1 report on unseen code was judged, and false",
    "PRM816": "none of its reports on unseen code was judged yet",
    "PRM817": "3 reports on unseen code were judged, 2 false; that is mended",
    "PRM818": "none of its reports on unseen code was judged yet",
    "PRM819": "none of its reports on unseen code was judged yet",
    "PRM820": "9 reports on unseen code were judged, 2 false: the code was for Keras 2; that is mended",
    "PRM822": "none of its reports on unseen code was judged yet",
    "PRM823": "none of its reports on unseen code was judged yet",
    "PRM901": "none of its reports on unseen code was judged yet",
    "PRM902": "none of its reports on unseen code was judged yet",
    "PRM903": "none of its reports on unseen code was judged yet",
    "PRM904": "none of its reports on unseen code was judged yet",
    "PRM905": "none of its reports on unseen code was judged yet",
    "PRM906": "none of its reports on unseen code was judged yet",
    "PRM907": "none of its reports on unseen code was judged yet",
    "PRM908": "none of its reports on unseen code was judged yet",
    "PRM909": "none of its reports on unseen code was judged yet",
    "PRM910": "none of its reports on unseen code was judged yet",
    "PRM911": "none of its reports on unseen code was judged yet",
}


#: All rules of our own: those about code, and those about the comments that silence them.
CATALOGUE: tuple[Rule, ...] = (unused_suppression, *RULES)


class UnknownRuleError(Exception):
    """A selection names no rule."""


def catalogue() -> tuple[Rule, ...]:
    """Everything that can be selected: our own rules, and those of the packs that this process runs with.

    Raises:
        PackError: a pack cannot be loaded, or has a rule with the code or name of another one.
    """
    return _with_packs(packs.named())


@cache
def _with_packs(named: tuple[str, ...]) -> tuple[Rule, ...]:
    taken = {name: "paramlint" for rule in CATALOGUE for name in (rule.code, rule.name)}
    found = list(CATALOGUE)
    for pack in named:
        for rule in packs.rules(pack):
            for name in (rule.code, rule.name):
                if name in taken:
                    raise PackError(f"rule pack {pack!r} has a rule {name!r}, and so has {taken[name]}")
                taken[name] = f"rule pack {pack!r}"
            found.append(rule)
    return tuple(found)


def is_on(rule: Rule, preview: bool = False) -> bool:
    """Whether a rule is in the default set, or in that with the rules on trial."""
    return rule.group != "pedantic" and (preview or rule.code not in PREVIEW)


def select(
    select: Iterable[str] = (),
    extend: Iterable[str] = (),
    ignore: Iterable[str] = (),
    default: Iterable[Rule] | None = None,
    preview: bool = False,
) -> list[Rule]:
    """The rules that a selection names, in the order of their codes.

    Args:
        select: instead of the default set; `ALL`, a group, a code, a prefix of codes or a rule's name.
        extend: beside the selected ones.
        ignore: taken away again, unless `select` or `extend` names them more exactly. A group is no part of a code
            and no whole either: only a rule that is named by itself stays when its group is ignored.
        default: what runs without `select`; the default set when it is not given.
        preview: rules on trial are among the default ones, and among those of a group; a code, a prefix of codes, a
            name or `ALL` selects them anyway.

    Raises:
        UnknownRuleError: a name that matches no rule; the message suggests what was meant.
    """
    on = (rule for rule in catalogue() if is_on(rule, preview))
    chosen: dict[Rule, int] = dict.fromkeys(on if default is None else default, 0)
    wanted = list(select)
    if wanted:
        chosen = {}
    for selector in [*wanted, *extend]:
        for rule in by_name(selector):
            if preview or rule.code not in PREVIEW or not _is_group(selector):
                chosen[rule] = max(chosen.get(rule, 0), _strength(selector, rule))
    for selector in ignore:
        for rule in by_name(selector):
            strength = len(rule.code) - 1 if _is_group(selector) else _strength(selector, rule)
            if rule in chosen and chosen[rule] <= strength:
                del chosen[rule]
    return [rule for rule in catalogue() if rule in chosen]


def by_name(selector: str) -> list[Rule]:
    """The rules that a selector names.

    Raises:
        UnknownRuleError: it names none.
    """
    found = [rule for rule in catalogue() if names(selector, rule.code, rule.name, rule.group)]
    if not found:
        known = [name for rule in catalogue() for name in (rule.code, rule.name)]
        meant = nearest(selector.strip(), [*known, *GROUPS])
        hint = f"; did you mean {meant}?" if meant else "; `paramlint rules` lists them"
        raise UnknownRuleError(f"no rule is called {selector!r}{hint}")
    return found


def configured_rules(settings: Settings, preview: bool | None = None) -> list[Rule]:
    """The rules that settings choose; `preview` comes before what they say about the rules on trial.

    Raises:
        ConfigError: they name one that there is not.
    """
    for file, selector in settings.selectors:
        try:
            by_name(selector)
        except UnknownRuleError as error:
            raise file.error(file.row_of_text(selector), str(error)) from None
    table = settings.table
    with_preview = table.preview if preview is None else preview
    return select(table.select or (), table.extend_select, table.ignore, preview=bool(with_preview))


def _strength(selector: str, rule: Rule) -> int:
    """A more exact selector of a rule wins over a less exact one: all or a group, then longer prefixes, then its code
    or name."""
    given = selector.strip()
    if given.upper() == "ALL" or _is_group(selector):
        return 0
    return len(rule.code) if given.lower() == rule.name else len(given)


def _is_group(selector: str) -> bool:
    return selector.strip().lower() in GROUPS


def group_of(code: str) -> Group:
    """The group of a rule that is known by its code."""
    found: list[Group] = [rule.group for rule in catalogue() if rule.code == code]
    return found[0] if found else "bug"
