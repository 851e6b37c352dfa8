"""Many paths made one: what they agree on is kept, and the rest is unknown from there, never unwritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    # Nearly all memory is from before the paths parted: it is compared at once.
    same = set(first.cells.items()).intersection(*(other.cells.items() for other in paths[1:]))
    parted = set().union(*(known.cells for known in paths)) - {cell for cell, _ in same}
    path.cells = dict(sorted([*same, *((cell, _same_cell(cell, paths)) for cell in parted)]))
    decided = set(first.decided.items()).intersection(*(other.decided.items() for other in paths[1:]))
    path.decided = dict(sorted(decided))
    path.names = {name: _either([p.names.get(name) for p in paths], path) for name in _keys(p.names for p in paths)}
    attributes = _keys(p.attributes for p in paths)
    path.attributes = {name: _either([p.attributes.get(name) for p in paths], path) for name in attributes}
    path.result = _either([p.result for p in paths], path)
    return path


def _keys(tables: Iterable[dict[str, Value]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))


def _same_cell(cell: int, paths: list[Path]) -> Cell:
    """What is known of memory on the paths that allocate it: on the others there is nothing to be written."""
    states: list[Cell] = [path.cells[cell] for path in paths if cell in path.cells]
    return states[0] if states.count(states[0]) == len(states) else "unknown"


def _either(values: Sequence[Value], path: Path) -> Value:
    """One of several values; where the module or a function is among them, anything may be written through it."""
    first = values[0]
    if all(value is first or value == first for value in values):
        return first
    if any(isinstance(value, Function) or holds_instance(value) for value in values):
        path.write_all(certain=False)
    cells = frozenset(cell for value in values for cell in cells_in(value))
    return Tensor(cells) if cells else None
