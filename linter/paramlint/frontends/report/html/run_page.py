"""The page of a watched run: findings with their figures, and a row a parameter with its steps as small charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from paramlint.frontends.report.html.page import render
from paramlint.frontends.report.html.svg_path import path
from paramlint.frontends.report.html.view import Tile, evidence_text, figure
from paramlint.frontends.report.units import count, dimensions
from paramlint.verify.document.run_schema import RunDocument, RunRow

WIDTH, HEIGHT = 120, 28


@dataclass(frozen=True)
class Chart:
    """A line over the steps: the `d` of a path, the last figure, and where the line begins and ends in words."""

    line: str
    dots: tuple[tuple[float, float], ...]
    last: str
    title: str


@dataclass(frozen=True)
class ShownRow:
    """A row of the table."""

    row: RunRow
    shape: str
    gradient: Chart | None
    ratio: Chart | None
    zeros: Chart | None


def run_page(document: RunDocument, created: str) -> str:
    """The report of one run."""
    rows = sorted(document.parameters, key=lambda row: not row.codes)
    return render(
        "run.html.jinja",
        title=f"{document.target}: {count(len(document.findings), 'finding')}",
        document=document,
        tiles=_tiles(document),
        cards=[(finding, _evidence(finding.evidence)) for finding in document.findings],
        numbers={finding.code: number for number, finding in reversed(list(enumerate(document.findings, 1)))},
        rows=[_shown(row) for row in rows],
        created=created,
    )


def chart(values: Sequence[float | None], name: str, logarithmic: bool = True) -> Chart | None:
    """A line by orders of magnitude, or of shares from 0 to 1; a gap where a step has no figure."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    levels = [_level(value, logarithmic) for value in values]
    there = [level for level in levels if level is not None]
    low, high = (min(there), max(there)) if there and logarithmic else (0.0, 1.0)
    middle, span = (low + high) / 2, max(high - low, 1.0)
    step = WIDTH / max(1, len(values) - 1)
    points = [
        None if level is None else (i * step, HEIGHT / 2 - (level - middle) / span * (HEIGHT - 6))
        for i, level in enumerate(levels)
    ]
    around = [None, *points, None]
    alone = [p for i, p in enumerate(points) if p and not around[i] and not around[i + 2]]
    title = f"{name} from {figure(known[0])} to {figure(known[-1])} in {count(len(values), 'step')}"
    return Chart(path(points), tuple(alone), figure(known[-1]), title)


def _level(value: float | None, logarithmic: bool) -> float | None:
    if value is None or (logarithmic and value <= 0):
        return None
    return math.log10(value) if logarithmic else value


def _shown(row: RunRow) -> ShownRow:
    return ShownRow(
        row,
        dimensions(row.shape),
        chart(row.gradients, "gradient norm"),
        chart(row.ratios, "ratio of update and weight"),
        chart(row.zeros, "share of zeros in the gradient", logarithmic=False),
    )


def _tiles(document: RunDocument) -> list[Tile]:
    optimizers = ", ".join(f"{name} {steps}" for name, steps in document.optimizers.items())
    frozen = sum(not row.requires_grad for row in document.parameters)
    return [
        Tile("findings", str(len(document.findings)), "", "bad" if document.findings else "good"),
        Tile("steps", str(document.steps), optimizers or "no optimizer"),
        Tile("parameters", str(len(document.parameters)), f"{frozen} frozen" if frozen else "none frozen"),
    ]


def _evidence(evidence: dict[str, object]) -> list[tuple[str, str]]:
    return [(name, evidence_text(value)) for name, value in evidence.items()]
