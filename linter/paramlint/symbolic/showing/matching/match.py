"""What `paramlint match` does: build a class from its source as it would be called, and compare it with a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paramlint.source.checkpoints.header import Checkpoint, Shape, StateDict
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.calls import default_of, parameters_of
from paramlint.symbolic.showing.matching.causes import causes
from paramlint.symbolic.showing.matching.comparison import Comparison, compare, fitting
from paramlint.symbolic.showing.matching.expected import Expected
from paramlint.symbolic.showing.matching.match_document import Match
from paramlint.symbolic.showing.matching.own_loading import own_loading
from paramlint.symbolic.showing.matching.prefixes import Cured, find_prefix
from paramlint.symbolic.showing.matching.renamed_parts import folded, renamed_parts
from paramlint.symbolic.showing.matching.solved_arguments import solved
from paramlint.symbolic.showing.show import show
from paramlint.symbolic.showing.show_targets import Subject, TargetError, split, subjects
from paramlint.symbolic.values import Constant, Function

#: How often arguments are read off the checkpoint: one that is known may show the next one.
_ROUNDS = 3
_MAX_COUNTS = 5


@dataclass(frozen=True)
class Matched:
    """The answer, and what is said beside it.

    Attributes:
        match: the answer.
        state: the state dict that was compared.
        causes: why it does not load, a line each.
        arguments: those that were read off the checkpoint, since they have no default.
        fitting: arguments with which it would load, each with the value that the model is built with.
        own_loading: classes with code of their own for loading, which may do what is not said here.
        after: what loading says without the prefix, where one was found.
    """

    match: Match
    state: StateDict
    causes: tuple[str, ...]
    arguments: Mapping[str, object]
    fitting: Mapping[str, tuple[object, object]]
    own_loading: tuple[str, ...]
    after: Comparison


def match(program: Program, target: str, path: str, checkpoint: Checkpoint, arguments: Mapping[str, object]) -> Matched:
    """Compare a class, called with these arguments and else its defaults, with a checkpoint.

    Arguments that are neither given nor have a default are those that the checkpoint shows.

    Raises:
        TargetError: there is no such class or argument.
    """
    built = _Builder(program, target, arguments)
    state, expected, read = _best(built, checkpoint)
    if not checkpoint.is_optimizer:
        expected, read = _with_renamed_loops(built, expected, _cured(expected, state), read)
    raw = compare(expected, state)
    cured = find_prefix(expected, state) if not checkpoint.is_optimizer else None
    after = raw if cured is None else compare(expected, cured.state)
    renames = _renames(expected, after, cured.state if cured is not None else state)
    filled = {new for _, _, pairs in renames for _, new in pairs}
    parts = folded([(old, new) for old, new, _ in renames])
    own = own_loading(built.subject(), {**arguments, **read}) if raw.loads is False else []
    found = Match(
        target=target,
        checkpoint=path,
        loads=None if own else raw.loads,
        missing=tuple(raw.missing),
        unexpected=tuple(raw.unexpected),
        shape=tuple(raw.shape),
        prefix=cured.prefix if cured is not None else None,
        renamed=parts,
        kept_at_init=tuple(raw.kept_at_init),
        unknown=tuple(raw.unknown),
    )
    said = causes(checkpoint, expected, state, raw, after, found.prefix, parts)
    return Matched(
        match=found,
        state=state,
        causes=tuple(said),
        arguments=read,
        fitting=_fitting(built, cured, state, read) if after.loads is False and not filled else {},
        own_loading=tuple(own),
        after=after,
    )


class _Builder:
    """Builds the class of a target with some arguments."""

    def __init__(self, program: Program, target: str, arguments: Mapping[str, object]) -> None:
        self._program, self._target, self.given = program, target, arguments
        if not split(target)[1]:
            raise TargetError(f"`{target}` names no class or function: write `{target}:name`")
        self.names, self.defaults = _signature(self.subject())

    def subject(self) -> Subject:
        """What the target stands for, looked up anew: a run is used up by what it builds."""
        return next(subjects(self._program, self._target))

    def expected(self, more: Mapping[str, object] | None = None, *, defaults: bool = True) -> Expected:
        """What the model expects, with more arguments than those that were given."""
        return Expected.of(show(self.subject(), {**(more or {}), **self.given}, defaults=defaults))

    def missing(self) -> list[str]:
        """Arguments that have no value."""
        return [name for name in self.names if name not in self.given and name not in self.defaults]

    def open(self) -> list[str]:
        """Arguments that were not given."""
        return [name for name in self.names if name not in self.given]


def _signature(subject: Subject) -> tuple[list[str], dict[str, object]]:
    """The names of the arguments of a class or function; and the defaults, None where one is no plain value."""
    value, run = subject.value, subject.run
    function = classes.member(run, value, "__init__") if isinstance(value, ClassValue) else value
    if not isinstance(function, Function):
        return [], {}
    positional, only, _, _ = parameters_of(function.node)
    parameters = [*positional[1 if isinstance(value, ClassValue) else 0 :], *only]
    defaults: dict[str, object] = {}
    for parameter in parameters:
        if parameter.default is not None:
            default = default_of(run, function, parameter)
            defaults[parameter.name.value] = default.value if isinstance(default, Constant) else None
    return [parameter.name.value for parameter in parameters], defaults


def _best(built: _Builder, checkpoint: Checkpoint) -> tuple[StateDict, Expected, dict[str, object]]:
    """The state dict of a checkpoint that is most like the model, with the model as the arguments in it make it."""
    plain = built.expected()
    state = max(checkpoint.state_dicts, key=lambda one: fitting(plain, _cured(plain, one).tensors))
    return state, *_read(built, plain, _cured(plain, state))


def _cured(expected: Expected, state: StateDict) -> StateDict:
    cured = find_prefix(expected, state)
    return cured.state if cured is not None else state


def _read(built: _Builder, expected: Expected, state: StateDict) -> tuple[Expected, dict[str, object]]:
    """The model with those arguments that have no default read off a state dict."""
    known: dict[str, object] = {}
    for _ in range(_ROUNDS):
        wanted = [name for name in built.missing() if name not in known]
        more = solved(expected, state.tensors, wanted) if wanted else {}
        if not more:
            break
        known |= more
        expected = built.expected(known)
    return expected, known


def _with_renamed_loops(
    built: _Builder, expected: Expected, state: StateDict, known: dict[str, object]
) -> tuple[Expected, dict[str, object]]:
    """The model with as many rounds of a loop as the file has of what the model calls otherwise."""
    found = compare(expected, state)
    wanted = [
        n for n in built.missing() if n not in known and any(f"{{{n}}}" in row.row.name for _, row in expected.patterns)
    ]
    if len(wanted) != 1 or not found.unexpected:
        return expected, known
    for count in sorted(_numbered(found.unexpected), reverse=True)[:_MAX_COUNTS]:
        tried = built.expected({**known, wanted[0]: count})
        after = compare(tried, state)
        renamed = {new for _, _, pairs in _renames(tried, after, state) for _, new in pairs}
        if after.missing and renamed.issuperset(after.missing):
            return tried, {**known, wanted[0]: count}
    return expected, known


def _numbered(names: list[str]) -> set[int]:
    """How many numbers from 0 on stand behind the same beginnings of names."""
    numbers: dict[str, set[int]] = {}
    for name in names:
        parts = name.split(".")
        for place, part in enumerate(parts):
            if part.isdecimal():
                numbers.setdefault(".".join(parts[:place]), set()).add(int(part))
    return {len(found) for found in numbers.values() if found == {*range(len(found))}}


def _renames(expected: Expected, found: Comparison, state: StateDict) -> list[tuple[str, str, list[tuple[str, str]]]]:
    missing: dict[str, Shape | None] = {}
    for name in found.missing:
        sizes = expected.rows[name][0].row.shape
        whole = tuple(size for size in sizes or () if isinstance(size, int))
        missing[name] = whole if sizes is not None and len(whole) == len(sizes) else None
    unexpected = {name: state.tensors[name] for name in found.unexpected if name in state.tensors}
    return renamed_parts(unexpected, missing, [*found.filled, *(one.name for one in found.shape)])


def _fitting(
    built: _Builder, cured: Cured | None, state: StateDict, read: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """Arguments with which the model has the names and shapes of the file, beside those that it has."""
    tensors = cured.state.tensors if cured is not None else state.tensors
    found = solved(built.expected(defaults=False), tensors, built.open())
    used = {**built.defaults, **read}
    other = {name: value for name, value in found.items() if name not in used or used[name] != value}
    if not other or compare(built.expected({**read, **other}), cured.state if cured else state).loads is False:
        return {}
    given = {**used, **built.given}
    return {name: (value, given.get(name)) for name, value in other.items()}
