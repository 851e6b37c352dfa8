"""The page of classes as their source tells them: an index, and of each class a tree and a table of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paramlint.frontends.report.html.page import render
from paramlint.frontends.report.html.view import Tile
from paramlint.frontends.report.models.from_source.shown import size_text
from paramlint.frontends.report.models.from_source.shown_rows import Branch, WordedRow, tree_of, worded_rows
from paramlint.frontends.report.place import short
from paramlint.symbolic.showing.show_document import ShownClass
from paramlint.verify.judge.live_differences import Difference

#: Badges of the style for what is said of a row.
_BADGES = {"condition": "unclear", "buffer": "", "frozen": "frozen", "tied": "tied"}


@dataclass(frozen=True)
class Live:
    """Where the live model of a class differs: None where none was wanted, or where `failed` says why there is none."""

    differences: Sequence[Difference] | None = None
    failed: str = ""


@dataclass(frozen=True)
class _Class:
    number: int
    name: str
    place: str
    size: str
    rows: list[WordedRow]
    tree: Branch
    live: Live


def shown_page(
    title: str,
    classes: Sequence[ShownClass],
    live: Sequence[Live],
    command: str,
    created: str,
) -> str:
    """The page of some classes.

    Args:
        title: what was asked for.
        classes: the classes.
        live: for each class, where the live model differs.
        command: what gives the same again.
        created: when it was made, as it is shown.
    """
    shown = [_class(number, *one) for number, one in enumerate(zip(classes, live, strict=True))]
    return render(
        "show.html.jinja",
        title=title,
        tiles=list(_tiles(classes, live)),
        classes=shown,
        badges_of=_BADGES,
        command=command,
        created=created,
    )


def _class(number: int, shown: ShownClass, live: Live) -> _Class:
    rows = list(worded_rows(shown))
    place = f"{short(shown.filename)}:{shown.row}"
    return _Class(number, shown.name, place, size_text(shown), rows, tree_of(rows), live)


def _tiles(classes: Sequence[ShownClass], live: Sequence[Live]) -> list[Tile]:
    rows = [row for one in classes for row in one.parameters]
    conditions = sum(row.condition is not None for row in rows)
    tiles = [
        Tile("classes", f"{len(classes):,}"),
        Tile("rows of parameters", f"{len(rows):,}", f"{conditions:,} under a condition"),
        Tile("rows of buffers", f"{sum(len(one.buffers) for one in classes):,}"),
        Tile("unknown", f"{sum(len(one.unknown) for one in classes):,}", "rows"),
    ]
    built = [one.differences for one in live if one.differences is not None]
    if built:
        count = sum(map(len, built))
        tiles.append(Tile("live model", str(count), "differences", "bad" if count else "good"))
    return tiles
