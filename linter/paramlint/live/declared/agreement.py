"""Does a model keep its contract? One breach for each entry that is broken, with what is expected and what is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from paramlint.config.name_patterns import captures, enumerated, filled, is_open, matches, suggestion
from paramlint.live.declared.contract import Contract, Entry, toml
from paramlint.live.declared.expectation import compare
from paramlint.live.declared.folding import INDEX, folded
from paramlint.live.laws.distribution import shown
from paramlint.live.laws.fit import Fit
from paramlint.live.laws.notation import parse_law

if TYPE_CHECKING:
    from paramlint.live.tensor import LiveTensor


@dataclass(frozen=True)
class Breach:
    """A broken entry, or parameters that a complete contract does not name.

    Attributes:
        name: the parameter that shows it, or the entry where there is none.
        tensor: that parameter, None where there is none.
        row: of the entry in the contract, 0 where it has none.
        expected, found: what differs, by key, as the contract writes it.
    """

    name: str
    message: str
    tensor: LiveTensor | None
    row: int = 0
    expected: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """A model against a contract; `undecided` are the parameters whose law could not be compared."""

    breaches: tuple[Breach, ...] = ()
    undecided: tuple[str, ...] = ()


class _Member(NamedTuple):
    """A parameter that an entry covers, by which of its names, and what the wildcards stand for in it."""

    tensor: LiveTensor
    name: str
    texts: tuple[str, ...]


Differences = dict[str, tuple[str, str]]


def agreement(contract: Contract, parameters: tuple[LiveTensor, ...]) -> Agreement:
    """Compare all parameters with all entries."""
    names = [name for tensor in parameters for name in tensor.names]
    known = frozenset(names)
    members = {pattern: list(_members(pattern, parameters, known)) for pattern in contract.entries}
    fits = compare(
        {
            (pattern, member.name): (member.tensor, parse_law(entry.init))
            for pattern, entry in contract.entries.items()
            if entry.init is not None
            for member in members[pattern]
        }
    )
    breaches = [_breach(contract, pattern, members[pattern], fits, names) for pattern in contract.entries]
    covered = {member.tensor for found in members.values() for member in found}
    rest = [tensor for tensor in parameters if tensor not in covered]
    unnamed = _unnamed(list(_ties(contract, members)), rest) if contract.complete else ()
    undecided = dict.fromkeys(name for (_, name), fit in fits.items() if fit.is_undecided)
    return Agreement((*(breach for breach in breaches if breach), *unnamed), tuple(undecided))


def _members(pattern: str, parameters: Iterable[LiveTensor], known: frozenset[str]) -> Iterator[_Member]:
    """What a pattern covers: where it is itself one of the names, as `scale.?` may be, that one and no other."""
    for tensor in parameters:
        for name in tensor.names:
            texts = captures(pattern, name) if name == pattern or pattern not in known else None
            if texts is not None:
                yield _Member(tensor, name, texts)
                break


def _breach(
    contract: Contract, pattern: str, members: list[_Member], fits: Mapping[tuple[str, str], Fit], names: list[str]
) -> Breach | None:
    """What is wrong with one entry: names that are not there, else what differs."""
    row = contract.rows[pattern]
    if missing := _missing(pattern, names):
        return _absent(pattern, missing, names, row)
    entry = contract.entries[pattern]
    by_member = {
        member: found
        for member in members
        if (found := dict(_differences(entry, member, contract.complete, fits.get((pattern, member.name)))))
    }
    return _differing(by_member, row) if by_member else None


def _missing(pattern: str, names: list[str]) -> list[str]:
    """The names, or open patterns, that an entry lists and the model does not have."""
    known = set(names)
    return [
        single
        for single in (enumerated(pattern) if pattern not in known else ())
        if single not in known and not (is_open(single) and any(matches(single, name) for name in names))
    ]


def _absent(pattern: str, missing: list[str], names: list[str], row: int) -> Breach:
    there = folded(name for name in names if matches(pattern, name))
    hint = "" if there else suggestion(pattern, names)
    message = f"`{missing[0]}`{_more(missing)} of the contract is no parameter of the model{hint}"
    return Breach(missing[0], message, None, row, {"parameters": toml([pattern])}, {"parameters": toml(there)})


def _differing(by_member: dict[_Member, Differences], row: int) -> Breach:
    """Of each key the first difference: in repeated blocks they are alike."""
    every: Differences = {}
    for differences in by_member.values():
        every = differences | every
    shown = {key: every[key] for key in Entry.__struct_fields__ if key in every}
    first, *others = by_member
    what = "; ".join(f"{key} is `{found}`, not `{expected}`" for key, (expected, found) in shown.items())
    return Breach(
        first.name,
        f"`{first.name}`{_more([first, *others])} {'break' if others else 'breaks'} the contract: {what}",
        first.tensor,
        row,
        {key: expected for key, (expected, _) in shown.items()},
        {key: found for key, (_, found) in shown.items()},
    )


def _differences(
    entry: Entry, member: _Member, complete: bool, fit: Fit | None
) -> Iterator[tuple[str, tuple[str, str]]]:
    """By key, what is expected and what is found."""
    tensor = member.tensor
    if entry.shape is not None and entry.shape != tensor.shape:
        yield "shape", (toml(entry.shape), toml(tensor.shape))
    if entry.dtype is not None and entry.dtype != tensor.dtype:
        yield "dtype", (toml(entry.dtype), toml(tensor.dtype))
    if entry.init is not None and fit is not None and fit.verdict == "rejected":
        yield "init", (toml(entry.init), toml(_init_found(tensor, entry.init, fit)))
    frozen = False if entry.frozen is None and complete else entry.frozen
    if frozen is not None and frozen == tensor.requires_grad:
        yield "frozen", (toml(frozen), toml(not frozen))
    tied = () if entry.tied is None and complete else entry.tied
    others = [name for name in tensor.names if name != member.name]
    if tied is not None and not _are_tied(tied, others, member.texts):
        yield "tied", (toml(tied), toml(folded(others)))


def _init_found(tensor: LiveTensor, expected: str, fit: Fit) -> str:
    """The law that the call names, where it is another one; else what the values say."""
    written = tensor.expected
    is_other = written is not None and written.law != parse_law(expected).text
    return shown(written.law) if written is not None and is_other else fit.reason


def _are_tied(tied: Iterable[str], others: list[str], texts: tuple[str, ...]) -> bool:
    wanted = [single for pattern in tied for single in enumerated(filled(pattern, texts))]
    return all(any(matches(p, name) for name in others) for p in wanted) and all(
        any(matches(p, name) for p in wanted) for name in others
    )


def _ties(contract: Contract, members: Mapping[str, list[_Member]]) -> Iterator[str]:
    """The names that are expected as second ones; where a tie is gone, it is reported there."""
    for pattern, entry in contract.entries.items():
        for member in members[pattern]:
            for tied in entry.tied or ():
                yield from enumerated(filled(tied, member.texts))


def _unnamed(patterns: list[str], parameters: Iterable[LiveTensor]) -> Iterator[Breach]:
    """Parameters that none of the patterns covers, repeated blocks once."""
    groups: dict[str, list[LiveTensor]] = {}
    for tensor in parameters:
        if not any(matches(pattern, name) for pattern in patterns for name in tensor.names):
            groups.setdefault(INDEX.sub("*", tensor.name), []).append(tensor)
    for group in groups.values():
        found = {"parameters": toml(folded(tensor.name for tensor in group))}
        verb = "are" if len(group) > 1 else "is"
        message = f"`{group[0].name}`{_more(group)} {verb} not in the contract, which is complete"
        yield Breach(group[0].name, message, group[0], 0, {"parameters": "[]"}, found)


def _more(things: Iterable[object]) -> str:
    count = len(list(things)) - 1
    return f" and {count} more" if count else ""
