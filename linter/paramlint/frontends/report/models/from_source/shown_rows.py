"""The rows of a class that was built from source, in words: what tables of every form show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paramlint.frontends.report.models.from_source.shown import init_text, labels, shape_text
from paramlint.frontends.report.plain import plain
from paramlint.symbolic.showing.show_document import Init, Parameter, ShownClass, UnknownPart


@dataclass(frozen=True)
class WordedRow:
    """A row.

    Attributes:
        name: a pattern; `times` is how many names it stands for, 0 where that is not known.
        shape, init, place: in words.
        labels: what else is said of it, each with a kind: `condition`, `buffer`, `frozen`, `tied`.
        is_unknown: whether it says only what is not known.
    """

    name: str
    times: int
    shape: str
    init: str
    place: str
    labels: tuple[tuple[str, str], ...] = ()
    is_unknown: bool = False


@dataclass
class Branch:
    """A module in the tree of names: what is in it by name, and its own rows."""

    branches: dict[str, Branch] = field(default_factory=dict)
    leaves: list[tuple[str, WordedRow]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many rows are in it."""
        return len(self.leaves) + sum(branch.count for branch in self.branches.values())


_KINDS = {"yellow": "condition", "magenta": "buffer", "bright_blue": "frozen", "cyan": "tied"}


def worded_rows(shown: ShownClass) -> Iterator[WordedRow]:
    """All rows of a class, those of what is unknown last."""
    for row in (*shown.parameters, *shown.buffers):
        yield WordedRow(
            name=plain(row.name),
            times=row.count or 0,
            shape=shape_text(row.shape),
            init=init_text(row.init),
            place=_place(row.init or row),
            labels=tuple((label, _KINDS[style]) for label, style in labels(row)),
        )
    for part in shown.unknown:
        yield WordedRow(plain(part.name), 0, "", f"unknown: {plain(part.why)}", _place(part), is_unknown=True)


def tree_of(rows: Sequence[WordedRow]) -> Branch:
    """The modules of the names of rows; dots inside braces part nothing."""
    root = Branch()
    for row in rows:
        *above, last = _parts(row.name)
        branch = root
        for part in above:
            branch = branch.branches.setdefault(part, Branch())
        branch.leaves.append((last, row))
    return root


def _parts(name: str) -> list[str]:
    found, depth, part = [], 0, ""
    for letter in name:
        depth += (letter == "{") - (letter == "}")
        if letter == "." and not depth:
            found.append(part)
            part = ""
        else:
            part += letter
    return [*found, part]


def _place(made: Init | Parameter | UnknownPart) -> str:
    return plain(f"{Path(made.filename).name}:{made.row}")
