"""From a live model to the document: counts, statistics, findings of rules that go wrong, values on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.finding import Proof  # noqa: E402
from paramlint.live.construct import live_model  # noqa: E402
from paramlint.live.live_model import LiveModel  # noqa: E402
from paramlint.rule import Rule  # noqa: E402
from paramlint.verify.document.schema import Summary  # noqa: E402
from paramlint.verify.job import Plan  # noqa: E402
from paramlint.verify.judge.summarize import BINS, counts_by_bin, summarize  # noqa: E402


def summary_of(factory: Callable[[], nn.Module], *rules: Rule, limit: int = 1 << 30, **options: Any) -> Summary:
    example = options.pop("example", None)
    model = live_model(factory, limit=limit, example=example)
    summary = summarize(model, Plan(**options), rules)
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary
    return summary


def rule(verify: Callable[[LiveModel], Iterator[Proof]]) -> Rule:
    made = Rule("PRM999", "some-fault", group="bug", doc="Some fault.")
    made.runtime(verify)
    return made


def test_counts() -> None:
    def model() -> nn.Module:
        tied = nn.Linear(4, 4, bias=False)
        frozen = nn.Linear(4, 2).requires_grad_(False)
        raw = nn.ParameterList([nn.Parameter(torch.empty(3, dtype=torch.float64))])
        aliased = nn.ParameterList([nn.Parameter(tied.weight.detach().view(16))])
        return nn.ModuleList([tied, tied, frozen, raw, aliased])

    counts = summary_of(model).summary
    assert (counts.parameters, counts.elements, counts.trainable) == (5, 16 + 8 + 2 + 3 + 16, 16 + 3 + 16)
    assert counts.bytes == 4 * (16 + 8 + 2 + 16) + 8 * 3
    assert (counts.tied, counts.aliased, counts.unwritten, counts.findings) == (1, 2, 1, 0)


def test_lazy_parameters_have_no_elements() -> None:
    summary = summary_of(lambda: nn.LazyBatchNorm1d())
    assert (summary.summary.parameters, summary.summary.elements, summary.summary.bytes) == (2, 0, 0)
    assert {p.status for p in summary.parameters} == {"lazy"}


def test_statistics_are_of_the_real_values() -> None:
    real = summary_of(lambda: nn.Linear(300, 300)).parameters[0]
    assert real.std == pytest.approx(real.expected_std, rel=0.02)
    assert sum(real.histogram) == 90_000
    virtual = summary_of(lambda: nn.Linear(300, 300), limit=0).parameters[0]
    assert (virtual.std, virtual.histogram, virtual.expected_std) == (None, (), real.expected_std)


def test_aliases_and_ties_are_named() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(3, 3, bias=False)
            self.b = nn.Linear(3, 3, bias=False)
            self.c = nn.Linear(3, 3, bias=False)
            self.b.weight = self.a.weight
            self.c.weight.data = self.a.weight.data

    a, c = summary_of(Model).parameters
    assert (a.name, a.tied_with, a.aliases) == ("a.weight", ("b.weight",), ("c.weight",))
    assert (c.name, c.tied_with, c.aliases) == ("c.weight", (), ("a.weight",))


def test_a_finding() -> None:
    odd = rule(lambda m: iter([Proof("weight", "`weight` is odd", filename="f.py", row=3, evidence={"std": 1})]))
    (found,) = summary_of(lambda: nn.Linear(2, 2), odd).findings
    assert (found.code, found.name, found.parameter, found.message) == (
        *("PRM999", "some-fault", "weight", "`weight` is odd"),
    )
    assert (found.filename, found.location.row, found.verdict, found.evidence) == ("f.py", 3, "confirmed", {"std": 1})


def test_a_finding_that_is_likely_only() -> None:
    likely = rule(lambda m: iter([Proof("weight", "odd", evidence={"confirmed": False})]))
    assert summary_of(lambda: nn.Linear(2, 2), likely).findings[0].verdict is None


def test_a_rule_that_fails_is_noted_and_the_others_are_asked() -> None:
    def fails(model: LiveModel) -> Iterator[Proof]:
        yield Proof("weight", "half an answer")
        raise KeyError("gone")

    summary = summary_of(lambda: nn.Linear(2, 2), rule(fails), rule(lambda m: iter([Proof("bias", "odd")])))
    assert summary.degraded == ("PRM999 could not be asked: KeyError: 'gone'",)
    assert [found.parameter for found in summary.findings] == ["bias"]


def test_values_are_confirmed_where_they_can_be() -> None:
    def model() -> nn.Module:
        return nn.ModuleDict(
            {
                "large": nn.Linear(100, 100),
                "small": nn.Linear(2, 2),
                "coarse": nn.Linear(100, 100, bias=False).half(),
                "computed": nn.ParameterList([nn.Parameter(torch.linspace(0, 1, 500))]),
            }
        )

    fits = {p.name: p.fit and p.fit.verdict for p in summary_of(model, confirm=True).parameters}
    assert fits["large.weight"] == "follows"
    assert fits["small.weight"] == "too small to test"
    assert fits["coarse.weight"] == "not testable"
    assert fits["computed.0"] is None


def test_values_that_were_changed_where_torch_could_not_see_it() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(50, 50))
            self.weight.detach().numpy()[:] *= 2

    (weight,) = summary_of(Model, confirm=True).parameters
    assert weight.law == "normal(std=1)"
    assert weight.fit is not None
    assert weight.fit.verdict == "rejected"


def test_what_is_shown() -> None:
    shown = summary_of(
        lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
        show=("0.*", "1.running_mean"),
        example=lambda: torch.ones(5, 3),
    ).shown
    assert [s.name for s in shown] == ["0.weight", "0.bias", "1.running_mean"]
    assert set(shown[0].statistics) == {"mean", "std", "min", "max", "finite", "zeros"}
    # The pass that gives the gradient leaves the model as it was built.
    assert shown[2].statistics["zeros"] == 1
    assert shown[0].values.count("[") == 3
    assert shown[0].gradient.count("[") == 3
    assert shown[2].gradient == ""


def test_an_example_that_fails_is_noted() -> None:
    summary = summary_of(lambda: nn.Linear(3, 2), show=("weight",), example=lambda: torch.ones(4))
    assert len(summary.degraded) == 1
    assert summary.degraded[0].startswith("the example failed: RuntimeError: ")
    assert (summary.shown[0].name, summary.shown[0].gradient) == ("weight", "")


def test_nothing_is_shown_of_a_model_that_is_too_large() -> None:
    (shown,) = summary_of(lambda: nn.Linear(300, 300, bias=False), limit=0, show=("*",)).shown
    assert (shown.values, shown.statistics) == ("(not built for real)", {})


@pytest.mark.parametrize("seed", range(200))
def test_few_values_are_counted_as_numpy_counts_them(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = int(generator.integers(1, 60))
    scale = 10.0 ** generator.integers(-200, 10)
    for values in (
        generator.normal(size=size),
        generator.integers(-3, 9, size).astype(np.float64),  # on the edges of bins
        generator.integers(0, BINS + 1, size) / BINS * scale,
        generator.normal(size=size) * 1e-9 + 1,
        np.full(size, generator.normal()),
    ):
        assert counts_by_bin(values) == tuple(np.histogram(values, bins=BINS)[0].tolist())


def test_values_without_a_number_between_them_are_in_one_bin() -> None:
    middle = (0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0)
    assert counts_by_bin(np.ones(3)) == middle
    assert counts_by_bin(np.full(3, 1e20)) == middle
    assert counts_by_bin(np.array([0.0, 0.0, 5e-324])) == middle
