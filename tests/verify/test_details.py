"""Histograms beside the law's density, and the rest of what only a report with pictures needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import stats

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.live.construct import live_model  # noqa: E402
from paramlint.live.laws.laws import constant, kaiming_uniform, normal, sparse, trunc_normal, uniform  # noqa: E402
from paramlint.verify.document.details import details  # noqa: E402
from paramlint.verify.document.histogram import BINS, histogram  # noqa: E402
from paramlint.verify.document.schema import Details, Histogram, Summary  # noqa: E402
from paramlint.verify.job import Job  # noqa: E402
from paramlint.verify.judge.summarize import summarize  # noqa: E402
from paramlint.verify.process.targets import Target  # noqa: E402

from .models import Good  # noqa: E402

SHAPE = (300, 300)


def details_of(factory: Callable[[], nn.Module], limit: int = 1 << 30) -> Details:
    found = details(live_model(factory, limit=limit))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Details) == found
    return found


DRAWN = [
    (normal(std=0.02), stats.norm(0, 0.02)),
    (uniform(-3, 1), stats.uniform(-3, 4)),
    (kaiming_uniform(), stats.uniform(-(0.02**0.5), 2 * 0.02**0.5)),
    (trunc_normal(std=2.0), stats.truncnorm(-1, 1, scale=2)),
]


@pytest.mark.parametrize(("law", "drawn"), DRAWN, ids=[str(law) for law, _ in DRAWN])
def test_values_of_a_law_have_its_density(law, drawn) -> None:
    sample = drawn.rvs(90_000, random_state=0)
    found = histogram(sample, law.at(SHAPE))
    assert found is not None
    assert len(found.counts) == len(found.expected) == BINS
    assert sum(found.counts) + found.outside == sample.size
    assert sum(found.expected) == pytest.approx(1, abs=1e-3)
    shares = np.array(found.counts) / sample.size
    assert np.abs(shares - found.expected).max() < 0.004


def test_tensors_of_one_law_have_the_same_bins() -> None:
    law = normal(std=0.02).at(SHAPE)
    first, second = (histogram(np.random.default_rng(seed).normal(0, 0.02, 5000), law) for seed in (1, 2))
    assert first is not None
    assert second is not None
    assert (first.low, first.high) == (second.low, second.high)
    assert first.counts != second.counts


def test_a_wall_is_seen() -> None:
    found = histogram(np.random.default_rng(0).uniform(-1, 1, 10_000), uniform(-1, 1).at(SHAPE))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(-8 / 7), pytest.approx(8 / 7))
    assert found.counts[:2] == found.counts[-2:] == (0, 0)
    assert min(found.counts[2:-2]) > 250


def test_values_of_another_law_are_all_seen() -> None:
    found = histogram(np.random.default_rng(0).normal(0, 1, 10_000), normal(std=0.02).at(SHAPE))
    assert found is not None
    assert found.outside == 0
    assert found.high > 3
    assert max(found.expected) > 0.4


def test_a_few_far_values_are_counted_and_do_not_stretch_the_picture() -> None:
    sample = np.append(np.random.default_rng(0).normal(0, 0.02, 10_000), [1e30, -5.0])
    found = histogram(sample, normal(std=0.02).at(SHAPE))
    assert found is not None
    assert found.high == pytest.approx(0.08 * 32 / 28)
    assert found.outside == 2


def test_one_value_is_a_point() -> None:
    assert histogram(np.ones(50), constant(1.0).at((50,))) == Histogram(low=1.0, high=1.0, counts=(50,))


@pytest.mark.parametrize(
    "sample",
    [np.array([]), np.array([np.nan, np.inf]), np.array([1.0, 1.0 + 2**-52]), np.array([-1.7e308, 1.7e308])],
    ids=["empty", "not finite", "too near", "too far"],
)
def test_what_cannot_be_drawn(sample) -> None:
    assert histogram(sample, None) is None


def test_without_values_the_density_is_left() -> None:
    found = histogram(None, normal(std=1.0).at(SHAPE))
    assert found is not None
    assert found.counts == ()
    assert sum(found.expected) == pytest.approx(1, abs=1e-3)
    assert histogram(None, None) is None
    assert histogram(None, constant(0.0).at((3,))) is None


def test_a_sparse_law_has_no_density_for_all_elements() -> None:
    found = histogram(np.append(np.zeros(900), np.random.default_rng(0).normal(0, 0.01, 100)), sparse(0.9).at(SHAPE))
    assert found is not None
    assert found.expected == ()


def test_the_details_of_a_model() -> None:
    found = details_of(Good)
    assert found.modules == {
        "": "Good",
        "embed": "Embedding",
        "blocks": "ModuleList",
        **{f"blocks.{i}": "Linear" for i in range(3)},
        "head": "Linear",
    }
    assert set(found.histograms) == {
        "embed.weight",
        *(f"blocks.{i}.{name}" for i in range(3) for name in ("weight", "bias")),
    }
    environment = found.environment
    source = Path(__file__).with_name("models.py")
    assert (environment.torch, environment.has_values) == (torch.__version__, True)
    assert environment.source == str(source)
    assert environment.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_details_of_a_model_without_values() -> None:
    found = details_of(lambda: nn.Linear(400, 400), limit=0)
    assert not found.environment.has_values
    assert {name: h.counts for name, h in found.histograms.items()} == {"weight": (), "bias": ()}


def test_modules_without_parameters_are_left_out() -> None:
    found = details_of(lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.Dropout())))
    assert set(found.modules) == {"", "0"}


def test_details_are_there_when_asked_for_only() -> None:
    model = live_model(lambda: nn.Linear(2, 2))
    job = Job(target=Target("m:f", "m", "f"))
    assert b'"details"' not in msgspec.json.encode(summarize(model, job))
    wanted = summarize(model, msgspec.structs.replace(job, details=True))
    assert msgspec.json.decode(msgspec.json.encode(wanted), type=Summary) == wanted
    assert isinstance(wanted.details, Details)
