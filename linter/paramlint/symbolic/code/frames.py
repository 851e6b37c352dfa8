"""Calls and rounds of loops that are under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.program import Place
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.values import Arguments, Instance, Value


@dataclass
class Frame:
    """A call, or the round of a loop, that is under way.

    Attributes:
        node: the function.
        place: where its code is.
        call: from where it was called.
        alive: where the function has neither returned nor raised; None where it has for sure.
        entry: the guard under which it began.
        returns: what was returned, under which guards.
        yields: what a generator has given.
        is_entry: whether it only stands around what an entry point calls.
        unbroken: where no `break` has left the loop that is under way.
        unskipped: where no `continue` has ended the round that is under way.
        given: what it was given.
        arguments: the same of a function that is no method.
        wraps: the function in whose place it was called.
        builds: the module whose constructor it is.
        begun: how many objects and events there were when it began; None where it cannot be left before its end.
    """

    node: Any
    place: Place
    call: SourceSite | None
    entry: Guard
    alive: Guard | None = ALWAYS
    returns: list[tuple[Guard, Value]] = field(default_factory=list)
    yields: Any = None
    stack: tuple[SourceSite, ...] = ()
    is_entry: bool = False
    unbroken: Guard | None = ALWAYS
    unskipped: Guard | None = ALWAYS
    given: Arguments | None = None
    arguments: Arguments | None = None
    wraps: Any = None
    builds: Instance | None = None
    begun: tuple[int, int] | None = None

    @property
    def rest(self) -> Guard | None:
        """Where what follows is still reached."""
        if self.alive is None or self.unbroken is None or self.unskipped is None:
            return None
        joined = self.alive & self.unbroken
        return joined & self.unskipped if joined is not None else None
