#!/usr/bin/env python3
"""Error and power of the test of values against laws: `python benchmarks/laws.py` writes docs/distributions.md.

Values come from torch's own initialisers, so float32's grain and torch's generators are part of what is measured.
Everything is seeded: the same versions give the same page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
import torch
from torch.nn import init

from paramlint.live.laws import laws
from paramlint.live.laws.distribution import Array, Distribution
from paramlint.live.laws.fit import LARGEST, LEVEL, SMALLEST, fit, fit_all
from paramlint.live.laws.laws import Law

Fill = Callable[[torch.Tensor], Any]
PAGE = Path(__file__).parents[1] / "docs" / "distributions.md"
MODELS, TENSORS = 100, 100
REPEATS = 200
SIZES = (64, 256, 1024, 4096, 20_000)
THRESHOLDS = (0.01, 0.001, 0.0001)


class Case(NamedTuple):
    """What is expected, how the values really come about, and what is wrong with them, if anything is."""

    law: Law
    fill: Fill
    fault: str = ""


def zeroed(w: torch.Tensor) -> None:
    """Large values only: each |w| < 5 becomes 0."""
    w.uniform_(-10, 10)
    w[w.abs() < 5] = 0


RIGHT = [
    Case(laws.normal(std=0.02), lambda w: w.normal_(0, 0.02)),
    Case(laws.uniform(-0.1, 0.1), lambda w: w.uniform_(-0.1, 0.1)),
    Case(laws.trunc_normal(std=0.02, a=-0.04, b=0.04), lambda w: init.trunc_normal_(w, 0, 0.02, -0.04, 0.04)),
    Case(laws.trunc_normal(std=0.02), lambda w: init.trunc_normal_(w, std=0.02)),
    Case(laws.kaiming_uniform(a=5**0.5), lambda w: init.kaiming_uniform_(w, a=5**0.5)),
    Case(laws.kaiming_normal(), init.kaiming_normal_),
    Case(laws.xavier_normal(), init.xavier_normal_),
    Case(laws.xavier_uniform(), init.xavier_uniform_),
    Case(laws.sparse(0.25), lambda w: init.sparse_(w, 0.25)),
    Case(laws.uniform(-10, 10).replaced(-5, 5), zeroed),
]
WRONG = [
    Case(laws.normal(), lambda w: w.normal_(0, 1.02), "std 2 % too large"),
    Case(laws.normal(), lambda w: w.normal_(0, 1.05), "std 5 % too large"),
    Case(laws.normal(), lambda w: w.normal_(0, 1.1), "std 10 % too large"),
    Case(laws.normal(), lambda w: w.normal_(0, 1.2), "std 20 % too large"),
    Case(laws.normal(), lambda w: w.normal_(0.1, 1), "mean off by 0.1 std"),
    Case(laws.normal(std=1 / math.sqrt(3)), lambda w: w.uniform_(-1, 1), "uniform of the same std"),
    Case(laws.normal(std=0.8796), init.trunc_normal_, "cut at two std, the same std"),
    Case(laws.trunc_normal(), lambda w: w.normal_(), "not cut"),
    Case(laws.kaiming_normal(), lambda w: init.kaiming_normal_(w, mode="fan_out"), "fan-out, n/4 × 4"),
    Case(laws.kaiming_normal(), init.xavier_normal_, "xavier_normal, n/4 × 4"),
    Case(laws.kaiming_normal(), lambda w: init.kaiming_normal_(w, nonlinearity="linear"), "gain 1, not √2"),
    Case(laws.uniform(-10, 10), zeroed, "each abs(w) < 5 is 0"),
    Case(laws.normal(std=5.4006), zeroed, "uniform, each abs(w) < 5 is 0, the same std"),
    Case(laws.like(init.normal_), lambda w: w.normal_(0, 1.1), "std 10 % too large"),
]


def drawn(fill: Fill, shape: tuple[int, int], seed: int) -> Array:
    """Values as torch fills a tensor."""
    torch.manual_seed(seed)
    tensor = torch.empty(shape)
    fill(tensor)
    return np.asarray(tensor.numpy())


def false_rejections() -> tuple[list[float], int]:
    """The p-value of every tensor of the right models, and how many of the models had any tensor rejected."""
    generator = np.random.default_rng(0)
    p_values: list[float] = []
    models = 0
    for model in range(MODELS):
        samples: dict[str, tuple[Array, Distribution]] = {}
        for index in range(TENSORS):
            case = RIGHT[index % len(RIGHT)]
            shape = (int(generator.choice([8, 16, 32, 64, 256])), int(generator.choice([10, 32, 64, 100])))
            values = drawn(case.fill, shape, model * TENSORS + index)
            samples[str(index)] = values, case.law.at(shape)
        fits = fit_all(samples)
        p_values += [fit.p_value for fit in fits.values() if fit.p_value is not None]
        models += any(fit.verdict == "rejected" for fit in fits.values())
    return p_values, models


def power(case: Case, size: int) -> float:
    """The share of wrong tensors of this size that are rejected, each on its own."""
    shape = (size // 4, 4)
    distribution = case.law.at(shape)
    fits = [fit(drawn(case.fill, shape, seed), distribution) for seed in range(REPEATS)]
    return sum(fit.verdict == "rejected" for fit in fits) / REPEATS


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page() -> str:
    """The whole page."""
    p_values, models = false_rejections()
    error = table(
        ["p below", "expected at most", "measured"],
        [[f"{t:g}", f"{t:.2%}", f"{sum(p < t for p in p_values) / len(p_values):.2%}"] for t in THRESHOLDS],
    )
    strength = table(
        ["expected", "in truth", *(f"{size:,}" for size in SIZES)],
        [[f"`{c.law}`", c.fault, *(f"{power(c, size):.0%}" for size in SIZES)] for c in WRONG],
    )
    listed = "\n".join(f"- `{case.law}`" for case in RIGHT)
    return f"""# How values are tested against a law

Written by `python benchmarks/laws.py` with torch {torch.__version__}, numpy {np.__version__} and scipy
{scipy.__version__}. All draws are seeded and come from torch's own initialisers in float32.

The law gives u = F(x), which is uniform if the values follow it. The mean and the variance of the normal scores of
u are tested exactly (normal and chi-squared), its shape by Kolmogorov-Smirnov with the exact distribution for the
sample size; p = min(1, 4 p_mean, 4 p_var, 2 p_KS). Bounds, atoms and structure (an orthogonal matrix, zeros in every
column) are checked first and without probability. At most {LARGEST:,} elements of a tensor enter, and at least
{SMALLEST}. Over a model, Holm's procedure keeps the probability of any false rejection at {LEVEL:.0%}. Half
precision is not tested: its grain alone would be found.

## Right values, rejected

{len(p_values):,} tensors of {MODELS} models, 80 to 25,600 elements each, of these laws:

{listed}

{error}

Models with any tensor rejected: {models} of {MODELS}; {LEVEL * MODELS:.0f} is expected at most, on average.

## Wrong values, rejected

The share of {REPEATS} tensors that is rejected at {LEVEL:.0%}, each tested on its own, by number of elements. In a
model of many tensors Holm's threshold is stricter, and the same fault needs more elements.

{strength}
"""


if __name__ == "__main__":
    torch.set_num_threads(1)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
