"""Which parameters of a class are written before use: always, on some paths, never, or it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from paramlint.facts.classes import Class
from paramlint.facts.memo import remember
from paramlint.facts.paths.allocations import Allocation
from paramlint.facts.paths.constructor import Construction, TooManyStepsError
from paramlint.facts.paths.values import Cell, Path, cells_in

if TYPE_CHECKING:
    from paramlint.facts.scopes import Scope

Written = Literal["always", "sometimes", "partly", "never", "unknown"]


@dataclass(frozen=True)
class EmptyParameter:
    """A parameter whose memory the constructor allocates without values.

    Attributes:
        name: the attribute.
        allocation: the call that allocates it.
        written: whether the constructor writes it before it ends.
        conditions: those that hold on every path on which it does not, and on no other; text and truth.
    """

    name: str
    allocation: Allocation
    written: Written
    conditions: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Initialization:
    """What the construction of a class leaves behind."""

    parameters: tuple[EmptyParameter, ...] = ()
    #: The functions that construction enters.
    entered: frozenset[Scope] = field(default_factory=frozenset)


def initialization_of(cls: Class) -> Initialization:
    """Walk through the constructor of a module class; of a class that cannot be followed, nothing is said."""
    return remember(cls, "initialization", lambda: _walked(cls))


def _walked(cls: Class) -> Initialization:
    method = cls.method("__init__")
    if method is None:
        return Initialization()
    walk = Construction(cls)
    try:
        paths = walk.run(method)
    except TooManyStepsError:
        return Initialization()
    holders = [_holders(path) for path in paths]
    found = [_judge(walk, cell, paths, holders) for cell in sorted(walk.parameters)]
    return Initialization(tuple(p for p in found if p is not None), frozenset(walk.entered))


def _judge(walk: Construction, cell: int, paths: list[Path], holders: list[dict[int, str]]) -> EmptyParameter | None:
    held = [(names[cell], path) for path, names in zip(paths, holders, strict=True) if cell in names]
    if not held:
        return None
    name = held[0][0]
    states: list[Cell] = [path.cells[cell] for _, path in held]
    written = _verdict(states)
    if written == "sometimes" and walk.is_joined:  # which of the paths there are is not known any more
        written = "unknown"
    conditions = _distinguishing([path for _, path in held], cell) if written == "sometimes" else ()
    return EmptyParameter(name, walk.allocations[cell], written, conditions)


def _holders(path: Path) -> dict[int, str]:
    """The attribute that refers to each allocation, the first of several."""
    found: dict[int, str] = {}
    for name, value in path.attributes.items():
        for cell in cells_in(value):
            found.setdefault(cell, name)
    return found


def _verdict(states: list[Cell]) -> Written:
    if "unknown" in states:
        return "unknown"
    if all(state == "written" for state in states):
        return "always"
    if any(state == "written" for state in states):
        return "sometimes"
    return "partly" if all(states) else "never"


def _distinguishing(paths: list[Path], cell: int) -> tuple[tuple[str, bool], ...]:
    """What every path that leaves the memory unwritten decides, and no other path decides so."""
    bad = [p.decided.items() for p in paths if p.cells[cell] != "written"]
    good = [p.decided for p in paths if p.cells[cell] == "written"]
    shared = set(bad[0]).intersection(*bad[1:])
    telling = {(c, truth) for c, truth in shared if not any(d.get(c) == truth for d in good)}
    return tuple(sorted(c for c in telling if (f"{c[0]} is None", not c[1]) not in telling))  # the rest follows
