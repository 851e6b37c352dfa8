"""Which names of two versions are the same, and which may be: names are patterns where they cannot be told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from paramlint.symbolic.comparing.built_table import Built, Missing, Row
from paramlint.symbolic.comparing.formulas_compared import Verdict, compared, is_larger
from paramlint.symbolic.library.registry import TOO_MANY
from paramlint.symbolic.showing.places import USED_UP

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ANY = "\0"


@dataclass
class Pairing:
    """The names of two versions.

    Attributes:
        both: for each name that both have, its rows in both.
        only_old, only_new: the rows of names that the other version certainly does not have, by name.
        longer, shorter: rows of loops that certainly have more, or fewer, rounds in the newer version.
        unsure: names of which it cannot be told whether both have them, with the reason.
    """

    both: list[tuple[list[Row], list[Row]]] = field(default_factory=list)
    only_old: dict[str, list[Row]] = field(default_factory=dict)
    only_new: dict[str, list[Row]] = field(default_factory=dict)
    longer: list[tuple[Row, Row]] = field(default_factory=list)
    shorter: list[tuple[Row, Row]] = field(default_factory=list)
    unsure: dict[str, str] = field(default_factory=dict)


def paired(old: Built, new: Built, arguments: Collection[str]) -> Pairing:
    """Pair the names of two versions.

    Args:
        old, new: the versions.
        arguments: the names that stand for the same value in both.
    """
    found = Pairing()
    before, after = _by_name(old.rows), _by_name(new.rows)
    for name in [name for name in before if name in after]:
        found.both.append((before.pop(name), after.pop(name)))
    _pair_patterns(found, before, after, arguments)
    foreign_old = [one for one in old.missing if not _is_same_unknown(one, new.missing)]
    foreign_new = [one for one in new.missing if not _is_same_unknown(one, old.missing)]
    for rows, other, missing, only in (
        (before, new, foreign_new, found.only_old),
        (after, old, foreign_old, found.only_new),
    ):
        others = other.rows
        patterns = [row.name for row in others if "{" in row.name]
        for name, several in rows.items():
            why = _may_be_there(name, [row.name for row in others], patterns, missing)
            if name in other.open_names:
                why = why or "it may be an argument"
            if other.is_cut_short:
                why = USED_UP
            if why:
                found.unsure[name] = why
            else:
                only[name] = several
    return found


def _by_name(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return found


def _pair_patterns(
    found: Pairing, before: dict[str, list[Row]], after: dict[str, list[Row]], arguments: Collection[str]
) -> None:
    """Pair names that differ only in how they say what is not told: `blocks.{depth}` and `blocks.{layers}`."""
    skeletons: dict[str, tuple[list[str], list[str]]] = {}
    for place, names in enumerate((before, after)):
        for name in names:
            skeletons.setdefault(skeleton(name), ([], []))[place].append(name)
    for key, (olds, news) in skeletons.items():
        if _ANY not in key or len(olds) != 1 or len(news) != 1:
            continue
        rows, others = before.pop(olds[0]), after.pop(news[0])
        counts = list(zip(_PLACEHOLDER.findall(olds[0]), _PLACEHOLDER.findall(news[0]), strict=True))
        verdicts = [compared(_count(one), _count(other), arguments) for one, other in counts]
        found.both.append((rows, others))
        if Verdict.UNKNOWN in verdicts:
            found.unsure[news[0]] = f"it was `{olds[0]}`"
        elif Verdict.DIFFERENT in verdicts:
            larger = {is_larger(b, a) for (a, b), v in zip(counts, verdicts, strict=True) if v is Verdict.DIFFERENT}
            if larger == {True}:
                found.longer.append((rows[0], others[0]))
            elif larger == {False}:
                found.shorter.append((rows[0], others[0]))
            else:
                found.unsure[news[0]] = f"it was `{olds[0]}`"


def _count(said: str) -> str:
    return said.replace("·", ".")


def skeleton(name: str) -> str:
    """A name without what stands in its braces."""
    return _PLACEHOLDER.sub(_ANY, name)


def _is_same_unknown(one: Missing, others: Sequence[Missing]) -> bool:
    """Whether the other version lacks the same knowledge: what is behind it is then the same in both."""
    return one in others and one.why not in (USED_UP, TOO_MANY)


def _may_be_there(name: str, names: Sequence[str], patterns: Sequence[str], missing: Sequence[Missing]) -> str:
    """Why a name that was not found may be there all the same; empty where it cannot."""
    for one in missing:
        if may_be_one(one.name, name):
            return one.why or "it cannot be told"
    candidates = names if "{" in name else patterns
    for other in candidates:
        if may_be_one(other, name):
            return f"it may be one of `{other}`"
    return ""


def may_be_one(pattern: str, name: str) -> bool:
    """Whether two patterns may stand for one name."""
    return _fits(skeleton(pattern).split("."), skeleton(name).split("."))


def _fits(one: list[str], other: list[str]) -> bool:
    for first, second in zip(one, other, strict=False):
        if "**" in (first, second):
            return True
        if not _is_one_part(first, second):
            return False
    rest = one[len(other) :] or other[len(one) :]
    return not rest or rest[0] == "**"


def _is_one_part(first: str, second: str) -> bool:
    if _ANY not in first and _ANY not in second:
        return first == second
    starts, ends = (first.split(_ANY)[0], second.split(_ANY)[0]), (first.split(_ANY)[-1], second.split(_ANY)[-1])
    is_start = starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])
    is_end = ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
    return is_start and is_end
