"""Many paths made one: what they agree on is kept, and the rest is unknown from there, never unwritten."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from paramlint.facts.paths.tables import joined_table
from paramlint.facts.paths.values import Cell, Function, Path, Tensor, Value, cells_in, holds_instance

#: Paths that are followed beside each other.
MAX_PATHS = 64


def joined(outcomes: Sequence[tuple[Value, Path]]) -> list[tuple[Value, Path]]:
    """One outcome for all those whose path ends in the same way."""
    found: list[tuple[Value, Path]] = []
    for exit_ in dict.fromkeys(path.exit for _, path in outcomes):
        group = [(value, path) for value, path in outcomes if path.exit == exit_]
        path = _one_path([path for _, path in group])
        found.append((_either([value for value, _ in group], path), path))
    return found


def joined_rows(rows: Sequence[tuple[tuple[Value, ...], Path]]) -> tuple[tuple[Value, ...], Path]:
    """The same of several values each, as many in every row."""
    path = _one_path([path for _, path in rows])
    return tuple([_either(column, path) for column in zip(*(values for values, _ in rows), strict=True)]), path


def _one_path(paths: list[Path]) -> Path:
    first = paths[0]
    path = Path(exit=first.exit)
    # What a path does not hold is not known to be there, so that it is one more value that there may be.
    every = len(paths)

    def either(values: list[Value]) -> tuple[Value]:
        return (_either(values if len(values) == every else [*values, None], path),)

    path.cells = joined_table([p.cells for p in paths], _same_cell)
    path.decided = joined_table([p.decided for p in paths], partial(_same_truth, every))
    path.names = joined_table([p.names for p in paths], either)
    path.attributes = joined_table([p.attributes for p in paths], either)
    path.result = _either([p.result for p in paths], path)
    return path


def _same_cell(states: list[Cell]) -> tuple[Cell]:
    """What is known of memory on the paths that allocate it: on the others there is nothing to be written."""
    return (states[0] if states.count(states[0]) == len(states) else "unknown",)


def _same_truth(paths: int, truths: list[bool]) -> tuple[bool, ...]:
    """What all paths take a condition for."""
    return (truths[0],) if truths.count(truths[0]) == paths else ()


def _either(values: Sequence[Value], path: Path) -> Value:
    """One of several values; where the module or a function is among them, anything may be written through it."""
    first = values[0]
    if all(value is first or value == first for value in values):
        return first
    if any(isinstance(value, Function) or holds_instance(value) for value in values):
        path.write_all(certain=False)
    cells = frozenset(cell for value in values for cell in cells_in(value))
    return Tensor(cells) if cells else None
