"""The names under which the tensors of a model are found, with all that leads there, and what is not known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.interpreter import Interpreter, one_of
from paramlint.symbolic.library import registry
from paramlint.symbolic.library.registry import TOO_MANY, Below, Held
from paramlint.symbolic.limits import MAX_ROWS, OverBudgetError
from paramlint.symbolic.showing.names_to_come import names_to_come
from paramlint.symbolic.values import Instance, Loop, TensorValue

#: Why something is not known where a run ended before it.
USED_UP = "the steps were used up"
#: Steps to go through all that was built, after those to build it.
_STEPS_TO_LOOK = 4 * MAX_ROWS

Roots = Sequence[tuple[Guard, Instance]]
"""The alternatives of a model, each under its guard."""


@dataclass(frozen=True)
class Place:
    """A name of a tensor.

    Attributes:
        name: a pattern.
        guards: the alternatives under which it is there.
        loops: those each of whose rounds gives a name of its own.
        tensor: what it is.
        root: the model.
        way: what is held by what on the way from the model, the tensor last.
    """

    name: str
    guards: tuple[Guard, ...]
    loops: tuple[Loop, ...]
    tensor: TensorValue
    root: Instance
    way: tuple[Held, ...]

    @property
    def context(self) -> Guard:
        """What holds wherever it is there."""
        return one_of(self.guards) or ALWAYS

    @property
    def holders(self) -> Iterator[Instance]:
        """The modules that lead to it, and alternatives of them."""
        yield self.root
        yield from (held.value for held in self.way if isinstance(held.value, Instance))


def look(run: Interpreter, roots: Roots) -> tuple[list[Place], list[Below]]:
    """All tensors at and below the roots, and what is not known.

    Layers that wait for it are built, as long as some more steps suffice; after these they are not known.
    """
    found = _Found()
    for gives_up in (False, True):
        if gives_up:
            for instance in run.instances:
                if instance.build is not None:
                    instance.build = None
                    instance.forget(USED_UP)
        run.budget = run.steps + _STEPS_TO_LOOK
        found = _Found()
        try:
            for guard, root in roots:
                found.add(run, guard, root)
        except OverBudgetError:
            continue
        return found.places, found.missing
    return found.places, [*found.missing, Below("**", ALWAYS, (), None, USED_UP)]


class _Found:
    def __init__(self) -> None:
        self.places: list[Place] = []
        self.missing: list[Below] = []

    def add(self, run: Interpreter, guard: Guard, root: Instance) -> None:
        """What is below a root."""
        modules: dict[str, list[Held]] = {}
        known: dict[tuple[str, int], int] = {(p.name, p.tensor.number): i for i, p in enumerate(self.places)}
        for below in registry.below(run, root, guard=guard):
            held = below.held
            if held is None:
                self.missing.append(below)
                if below.name == "**" and below.why in (USED_UP, TOO_MANY):
                    self.missing += [replace(below, name=name) for name in names_to_come(run, root)]
            elif isinstance(held.value, Instance):
                modules.setdefault(below.name, []).append(held)
            elif isinstance(held.value, TensorValue):
                index = known.setdefault((below.name, held.value.number), len(self.places))
                if index < len(self.places):
                    guard = self.places[index].context | below.guard
                    self.places[index] = replace(self.places[index], guards=(guard,))
                else:
                    way = [module for name in _prefixes(below.name) for module in modules.get(name, ())]
                    place = Place(below.name, (below.guard,), below.loops, held.value, root, (*way, held))
                    self.places.append(place)


def _prefixes(name: str) -> Iterator[str]:
    """What may be the names of the modules that lead to a name."""
    return (name[:index] for index, letter in enumerate(name) if letter == ".")
