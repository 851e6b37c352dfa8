"""Two versions of one class, built with the same arguments and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.comparing.built_table import Built, Missing, Row, build
from paramlint.symbolic.comparing.change import KINDS, Change
from paramlint.symbolic.comparing.constructor_arguments import Given, same_arguments, signature
from paramlint.symbolic.comparing.equality.conditions_compared import is_never_met, needs_new_choice
from paramlint.symbolic.comparing.names_paired import Pairing, may_be_one, paired, skeleton
from paramlint.symbolic.comparing.renames import take_renamed
from paramlint.symbolic.comparing.rows_compared import RowComparison
from paramlint.symbolic.limits import MAX_COMPARED_STEPS
from paramlint.symbolic.showing.places import USED_UP

#: What a part that is not known begins with where an argument makes it.
_BY_ARGUMENT = re.compile(r"(?:made by )?([A-Za-z_]\w*)(?:\([^()]*\))?")


@dataclass(frozen=True)
class ComparedClass:
    """What became of a class.

    Attributes:
        old, new: its versions.
        changes: what certainly changed, in the order of the kinds and of the newer version's names.
        loads: whether a state dict of the older version loads strictly into the newer one.
        unknown: names of which something cannot be told, with what.
    """

    old: ClassValue
    new: ClassValue
    row: int
    changes: tuple[Change, ...]
    loads: bool | None
    unknown: Mapping[str, str]
    steps: int


def compare_class(old_program: Program, old: ClassValue, new_program: Program, new: ClassValue) -> ComparedClass:
    """Compare two versions of a class."""
    given = same_arguments(signature(old_program, old), signature(new_program, new))
    before = build(old_program, old, given.old, given.old_left_out, MAX_COMPARED_STEPS)
    place = new.place
    if before.is_cut_short:  # little is certain of it, so that there is nothing to compare with
        unknown = {one.name: one.why for one in before.missing} or {"**": USED_UP}
        return ComparedClass(old, new, place.row(place.node), (), None, unknown, before.steps)
    after = build(new_program, new, given.new, given.new_left_out, MAX_COMPARED_STEPS)
    found = _Found(before, after, given)
    changes, steps = list(found.changes), before.steps + after.steps
    loads = found.loads
    for names, where in _calls(given, is_open=bool(found.unsure)):
        one = build(old_program, old, given.old, {*given.old_left_out, *names}, MAX_COMPARED_STEPS)
        other = build(new_program, new, given.new, {*given.new_left_out, *names}, MAX_COMPARED_STEPS)
        steps += one.steps + other.steps
        left_out = _Found(one, other, replace(given, common=given.common - {*names}))
        for change in left_out.changes:
            if not any(_is_one(change, known) for known in changes):
                changes.append(replace(change, condition=_and(where, change.condition)))
                if change.breaks and not (before.translates or after.translates):
                    loads = False
    return ComparedClass(
        old=old,
        new=new,
        row=place.row(place.node),
        changes=tuple(sorted(changes, key=lambda change: KINDS.index(change.kind))),
        loads=loads,
        unknown=found.unknown,
        steps=steps,
    )


def _calls(given: Given, *, is_open: bool) -> Iterator[tuple[list[str], str]]:
    """Arguments to leave out, with what is then to be said: those with another default, and all, where that helps."""
    for name, (was, now) in given.changed.items():
        yield [name], f"{name} is left out: {was} becomes {now}"
    if is_open and given.optional:
        yield list(given.optional), "arguments have their defaults"


def _is_one(change: Change, known: Change) -> bool:
    return change.kind == known.kind and (
        may_be_one(change.name, known.name) or may_be_one(change.row.name, known.name)
    )


def _and(where: str, condition: str | None) -> str:
    return where if condition is None else f"{where}, and {condition}"


class _Found:
    """What the tables of two versions say."""

    def __init__(self, old: Built, new: Built, given: Given) -> None:
        self._old = old
        self._new = new
        self._given = given
        pairing = paired(old, new, given.common)
        known = {skeleton(row.pattern) for row in old.rows}
        patterns = [name for name in dict.fromkeys(skeleton(row.pattern) for row in new.rows) if name in known]
        compared = RowComparison(given.common, patterns, given.defaults)
        renamed = take_renamed(old, new, pairing, compared.same_shape)
        for olds, news in (*pairing.both, *renamed):
            compared.compare(olds, news)
        only = self._only(pairing)
        unread = {change.row.name: _where_cut_off(change) for change in only if _is_cut_off(change.condition)}
        changes = [*compared.found.changes, *map(_renamed, renamed)]
        changes += [change for change in only if not _is_cut_off(change.condition)]
        self.is_told = compared.found.is_told and not pairing.unsure and not unread
        self.unsure = {**pairing.unsure, **compared.found.unsure, **unread}
        self.unknown = {**self.unsure, **self._missing()}
        self.changes = [
            change for change in changes if not self._is_never_met(change) and not self._is_new_choice(change)
        ]

    def _only(self, pairing: Pairing) -> list[Change]:
        found: list[Change] = []
        rounds = [(None, row) for _, row in pairing.longer], [(row, None) for row, _ in pairing.shorter]
        one_sided = [(None, row) for rows in pairing.only_new.values() for row in rows]
        one_sided += [(row, None) for rows in pairing.only_old.values() for row in rows]  # type: ignore[misc]
        for gone, new in (*rounds[0], *rounds[1], *one_sided):
            row = new or gone
            assert row is not None
            shape = list(row.shape) if row.shape is not None else None
            condition = row.said.condition
            if new is not None:
                found.append(Change("added", row, row.name, None, shape, condition, row.is_saved))
            else:
                found.append(Change("removed", row, row.name, shape, None, condition, row.is_saved))
        return found

    def _is_never_met(self, change: Change) -> bool:
        """Whether no caller gives what a change needs: sizes are one or more, those of what is always there as well."""
        always = {
            size for row in (*self._old.rows, *self._new.rows) if row.said.condition is None for size in row.shape or ()
        }
        return is_never_met(
            change.condition, {*always, *(change.row.shape or ())}, (self._old.demanded, self._new.demanded)
        )

    def _is_new_choice(self, change: Change) -> bool:
        """Whether something is only new where an argument is what the older version does not know."""
        if change.kind != "added":
            return False
        rows = " ".join(str(row.said.condition) for row in self._old.rows)
        return needs_new_choice(change.condition, f"{self._old.cls.file.facts.source.text} {rows}", self._given.common)

    def _missing(self) -> dict[str, str]:
        """What is not known of either version, and is not what an argument brings along."""
        return {one.name: one.why for one in (*self._new.missing, *self._old.missing) if not self._is_given(one)}

    @property
    def loads(self) -> bool | None:
        """Whether a state dict of the older version loads strictly into the newer one."""
        breaks = {change.breaks for change in self.changes}
        is_translated = self._old.translates or self._new.translates
        if True in breaks:
            return None if is_translated else False
        unknown = [one for one in (*self._old.missing, *self._new.missing) if not self._is_given(one)]
        is_short = self._old.is_cut_short or self._new.is_cut_short
        if None in breaks or is_translated or unknown or is_short or not self.is_told or self._given.gone:
            return None
        return True

    def _is_given(self, one: Missing) -> bool:
        """Whether an argument makes what is not known, so that it is the same in both versions."""
        found = _BY_ARGUMENT.fullmatch(one.why)
        is_common = found is not None and found[1] in self._given.common
        return is_common and one in self._old.missing and one in self._new.missing


def _is_cut_off(condition: str | None) -> bool:
    """Whether a part of a condition is not said, so that nobody can tell where it holds, or whether it ever does."""
    return condition is not None and "..." in condition


def _where_cut_off(change: Change) -> str:
    return f"it {'was' if change.kind == 'removed' else 'is now'} there where `{str(change.condition).strip()}`"


def _renamed(pair: tuple[Sequence[Row], Sequence[Row]]) -> Change:
    olds, news = pair
    row = news[0]
    return Change("renamed", row, olds[0].name, olds[0].name, row.name, row.said.condition, row.is_saved)
