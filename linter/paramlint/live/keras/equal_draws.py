"""Variables that start from the same random numbers, up to a factor, since one seed was drawn from for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from paramlint.live.keras.creations import VariableMade
from paramlint.live.keras.initial_values import initializer_name, initializer_of, is_random
from paramlint.live.tensor import LiveTensor

#: Elements that are compared, and of which there must be some for equality to be no chance.
MOST, FEWEST = 1 << 12, 4
#: How far two draws of one seed may differ, relative to the larger one, once they are scaled to each other.
TOLERANCE = 1e-4

Drawn = tuple[LiveTensor, VariableMade]


@dataclass(frozen=True, eq=False)
class EqualDraw:
    """Variables with the same random numbers.

    Attributes:
        first, others: the variables, in the order in which they were made.
        initializer: as Keras writes it.
        seed: the one that was given for all of them; None where they have one initialiser, or copies of it.
    """

    first: LiveTensor
    others: tuple[LiveTensor, ...]
    initializer: str
    seed: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all."""
        return (self.first.name, *(other.name for other in self.others))


def equal_draws(drawn: Iterable[Drawn]) -> Iterator[EqualDraw]:
    """The variables of one initialiser or of copies of it, and those of others with one seed, with the same numbers."""
    by_instance: dict[int, list[Drawn]] = {}
    by_seed: dict[tuple[int, int | None], list[Drawn]] = {}
    for tensor, made in drawn:
        initializer = initializer_of(made)
        if isinstance(made.initializer, str) or not is_random(initializer) or not tensor.is_drawn:
            continue
        by_instance.setdefault(id(initializer), []).append((tensor, made))
        given = getattr(initializer, "_init_seed", initializer.seed)
        by_seed.setdefault((initializer.seed, given), []).append((tensor, made))
    told: set[str] = set()
    for together in by_instance.values():
        for one in _equal(together, None):
            told.update(one.names)
            yield one
    for (_, given), together in by_seed.items():  # a copy of an initialiser that drew its seed has the same one
        yield from _equal([one for one in together if one[0].name not in told], given)


def _equal(together: list[Drawn], seed: int | None) -> Iterator[EqualDraw]:
    left = list(together)
    while len(left) > 1:
        (first, made), *left = left
        same = [tensor for tensor, _ in left if are_same_numbers(first, tensor)]
        if same:
            left = [one for one in left if one[0] not in same]
            yield EqualDraw(first, tuple(same), initializer_name(initializer_of(made)), seed)


def are_same_numbers(one: LiveTensor, other: LiveTensor) -> bool:
    """Whether the values of two tensors are the same in order, as far as both go, but for a factor above zero."""
    if one.array is None or other.array is None:
        return False
    first, second = (np.ravel(t.array)[:MOST].astype("float64") for t in (one, other))  # type: ignore[arg-type]
    size = min(len(first), len(second))
    first, second = first[:size], second[:size]
    if size < FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return False
    first, second = first / np.abs(first).max(), second / np.abs(second).max()
    return bool(np.abs(first - second).max() < TOLERANCE)
