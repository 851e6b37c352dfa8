"""Laws against numpy's and torch's own samplers, and the test of values against them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from paramlint.live.laws import distribution, fan, laws
from paramlint.live.laws.distribution import Array
from paramlint.live.laws.fit import LARGEST, fit, fit_all, holm
from paramlint.live.laws.laws import Law
from paramlint.live.laws.provenance import CALLS, law_of_call

torch = pytest.importorskip("torch")

#: Every law with a shape and what torch's own initialiser, called with the same arguments, is named.
SAME_NAME: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("normal", {"mean": 0.5, "std": 0.02}, (40, 50)),
    ("normal", {"mean": 2.0, "std": 0.0}, (40, 50)),
    ("uniform", {"a": -10.0, "b": 10.0}, (40, 50)),
    ("uniform", {"a": 3.0, "b": 3.0}, (4, 5)),
    ("trunc_normal", {"std": 0.02, "a": -0.04, "b": 0.04}, (60, 70)),
    ("trunc_normal", {"std": 0.02, "a": -2.0, "b": 2.0}, (60, 70)),
    ("trunc_normal", {"mean": 1.0, "std": 2.0, "a": 0.0, "b": 4.0}, (60, 70)),
    ("trunc_normal", {"std": 1.0, "a": 1.0, "b": 4.0}, (60, 70)),
    ("trunc_normal", {"std": 1.0, "a": -4.0, "b": -1.0}, (60, 70)),
    ("xavier_uniform", {"gain": 0.2}, (40, 50)),
    ("xavier_uniform", {}, (40, 10, 3, 3)),
    ("xavier_normal", {}, (40, 50)),
    ("kaiming_uniform", {"a": 5**0.5}, (40, 50)),
    ("kaiming_uniform", {"mode": "fan_out", "nonlinearity": "relu"}, (40, 10, 3, 3)),
    ("kaiming_normal", {"nonlinearity": "tanh"}, (40, 50)),
    ("kaiming_normal", {"nonlinearity": "selu"}, (40, 50)),
    ("constant", {"val": 0.1}, (3, 4)),
    ("zeros", {}, (7,)),
    ("ones", {}, (7,)),
    ("eye", {}, (4, 6)),
    ("dirac", {}, (3, 16, 5, 5)),
    ("dirac", {"groups": 3}, (3, 24, 5)),
    ("orthogonal", {}, (20, 30)),
    ("orthogonal", {"gain": 2.0}, (30, 4, 2)),
    ("sparse", {"sparsity": 0.1}, (50, 40)),
]


def ids(case: tuple[str, dict[str, Any], tuple[int, ...]]) -> str:
    return f"{case[0]}-{'-'.join(map(str, case[1].values()))}-{'x'.join(map(str, case[2]))}"


def filled(name: str, arguments: dict[str, Any], shape: tuple[int, ...], seed: int = 0) -> Array:
    """What torch's initialiser of this name writes."""
    torch.manual_seed(seed)
    tensor = torch.empty(shape)
    getattr(torch.nn.init, f"{name}_")(tensor, **arguments)
    return np.asarray(tensor.numpy())


def zeroed_uniform(w: Any) -> None:
    """A tutorial's own initialiser: large values only."""
    w.uniform_(-10, 10)
    w[w.abs() < 5] = 0


def values_of(fill: Callable[[Any], object], shape: tuple[int, ...] = (100, 200)) -> Array:
    torch.manual_seed(0)
    tensor = torch.empty(shape)
    fill(tensor)
    return np.asarray(tensor.numpy())


@pytest.mark.parametrize("case", SAME_NAME, ids=ids)
def test_torchs_own_initialiser_follows_its_law(case: tuple[str, dict[str, Any], tuple[int, ...]]) -> None:
    name, arguments, shape = case
    law: Law = getattr(laws, name)(**arguments)
    values = filled(name, arguments, shape)
    assert fit(values, law.at(shape)).verdict == "follows"


@pytest.mark.parametrize("case", SAME_NAME, ids=ids)
def test_moments_and_bounds_are_those_of_the_values(
    case: tuple[str, dict[str, Any], tuple[int, ...]],
) -> None:
    name, arguments, shape = case
    d = getattr(laws, name)(**arguments).at(shape)
    samples = np.stack([filled(name, arguments, shape, seed) for seed in range(20)]).astype(np.float64)
    assert samples.std() == pytest.approx(d.std, rel=0.02, abs=1e-8)
    assert samples.mean() == pytest.approx(d.mean, abs=5 * d.std / math.sqrt(samples.size) + 1e-6)
    assert samples.min() >= d.low - 1e-6
    assert samples.max() <= d.high + 1e-6


@pytest.mark.parametrize("case", SAME_NAME, ids=ids)
def test_the_call_names_the_law_that_the_constructor_names(
    case: tuple[str, dict[str, Any], tuple[int, ...]],
) -> None:
    name, arguments, shape = case
    from_call = law_of_call(f"torch.nn.init.{name}_", arguments, shape)
    assert from_call is not None
    assert from_call.law == getattr(laws, name)(**arguments).text


@pytest.mark.parametrize(
    ("call", "arguments", "law"),
    [
        ("Tensor.uniform_", {"from": -2, "to": 2}, laws.uniform(-2, 2)),
        ("Tensor.uniform_", {}, laws.uniform(0, 1)),
        ("Tensor.normal_", {"mean": 0, "std": 0.02, "generator": None}, laws.normal(std=0.02)),
        ("Tensor.fill_", {"value": 2}, laws.constant(2)),
        ("torch.full", {"size": (3,), "fill_value": 2.5}, laws.constant(2.5)),
        ("torch.randn", {}, laws.normal()),
        ("trunc_normal_tf_", {"mean": 1.0, "std": 0.5}, laws.trunc_normal(1.0, 0.5, 0.0, 2.0)),
        ("variance_scaling_", {"scale": 2.0, "mode": "fan_in"}, laws.normal(std=math.sqrt(2 / 50))),
    ],
)
def test_calls_under_other_names(call: str, arguments: dict[str, Any], law: Law) -> None:
    found = law_of_call(call, arguments, (40, 50))
    assert found is not None
    assert found.law == law.text


@pytest.mark.parametrize(
    ("call", "arguments", "shape"),
    [
        ("copy_", {}, (4, 5)),
        ("kaiming_uniform_", {}, (5,)),
        ("kaiming_uniform_", {}, (0, 5)),
        ("fill_", {}, (5,)),
        ("normal_", {"std": -1}, (5,)),
        ("normal_", {"std": "large"}, (5,)),
        ("kaiming_normal_", {"nonlinearity": "gelu"}, (5, 5)),
    ],
)
def test_what_is_not_known_gives_no_law(call: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    assert law_of_call(call, arguments, shape) is None


def test_every_known_call_gives_a_law_for_a_matrix_or_a_kernel() -> None:
    arguments = {"val": 1.0, "value": 1.0, "fill_value": 1.0, "sparsity": 0.5, "p": 0.5, "lambd": 1.0, "std": 1.0}
    arguments |= {"mean": 0.0, "median": 0.0, "sigma": 1.0, "from": 0, "to": 4, "low": 0, "high": 4}
    unknown = [
        name for name in CALLS if all(law_of_call(name, arguments, shape) is None for shape in [(4, 6), (4, 6, 3)])
    ]
    assert unknown == []


def test_gains_are_torchs() -> None:
    for nonlinearity, gain in fan.GAINS.items():
        assert torch.nn.init.calculate_gain(nonlinearity) == pytest.approx(gain)
    assert torch.nn.init.calculate_gain("leaky_relu", 0.3) == pytest.approx(fan.gain_of("leaky_relu", 0.3))


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 2), (3, 5, 2, 4)])
def test_fans_are_torchs(shape: tuple[int, ...]) -> None:
    assert fan.fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


WRONG: list[tuple[str, Law, Callable[[Any], object]]] = [
    ("std 10 % off", laws.normal(std=0.02), lambda w: w.normal_(0, 0.022)),
    ("mean off", laws.normal(std=0.02), lambda w: w.normal_(0.002, 0.02)),
    ("normal for uniform of the same std", laws.normal(std=1 / math.sqrt(3)), lambda w: w.uniform_(-1, 1)),
    ("fan-out for fan-in", laws.kaiming_normal(), lambda w: torch.nn.init.kaiming_normal_(w, mode="fan_out")),
    ("not truncated", laws.trunc_normal(std=1.0), lambda w: w.normal_()),
    ("truncated", laws.normal(), torch.nn.init.trunc_normal_),
    ("half of it zero", laws.uniform(-1, 1), lambda w: w.uniform_(-1, 1)[:50].zero_()),
    ("not orthogonal", laws.orthogonal(), lambda w: w.normal_(0, 1 / math.sqrt(200))),
    ("orthogonal with a gain", laws.orthogonal(), lambda w: torch.nn.init.orthogonal_(w, gain=1.01)),
    ("one zero too few", laws.sparse(0.1), lambda w: torch.nn.init.sparse_(w, 0.11)),
    ("one element off", laws.zeros(), lambda w: w.zero_()[3].fill_(1e-30)),
    ("dense", laws.eye(), lambda w: w.fill_(1)),
    ("outside by one element", laws.uniform(-1, 1), lambda w: w.uniform_(-1, 1)[0, 0].fill_(1.01)),
    ("not a number", laws.normal(), lambda w: w.normal_()[0, 0].fill_(math.nan)),
    ("another reference", laws.like(lambda w: w.normal_(0, 1.2)), lambda w: w.normal_()),
    (
        "left between",
        laws.uniform(-10, 10).replaced(-5, 5),
        lambda w: (zeroed_uniform(w), w[0, 0].fill_(4.0)),
    ),
]


@pytest.mark.parametrize(("law", "fill"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_law_is_rejected_with_a_reason(law: Law, fill: Callable[[Any], object]) -> None:
    values = values_of(fill)
    result = fit(values, law.at(values.shape))
    assert result.verdict == "rejected"
    assert result.reason


@pytest.mark.parametrize(("mean", "std"), [(0.1, 1.0), (0.0, 1.1)], ids=["mean", "std"])
def test_moments_are_seen_where_the_shape_alone_would_pass(mean: float, std: float) -> None:
    law = laws.normal().at((1000,))
    for seed in range(3):
        values = np.random.default_rng(seed).normal(size=1000)
        # Standardised, so that the moments are off by what is asked and by nothing else.
        values = mean + std * (values - values.mean()) / values.std()
        assert stats.kstest(values, "norm").pvalue > 0.005
        assert fit(values, law).verdict == "rejected"


def test_the_two_tails_of_a_truncated_normal_are_mirror_images() -> None:
    upper, lower = laws.trunc_normal(a=7, b=9).at(()), laws.trunc_normal(a=-9, b=-7).at(())
    assert upper.mean == pytest.approx(-lower.mean, rel=1e-12)
    assert upper.std == pytest.approx(lower.std, rel=1e-12)
    assert upper.cdf is not None
    assert lower.cdf is not None
    x = np.linspace(7, 9, 50)
    np.testing.assert_allclose(upper.cdf(x), 1 - lower.cdf(-x), atol=1e-12)
    np.testing.assert_allclose(upper.cdf(x), stats.truncnorm(7, 9).cdf(x), atol=1e-9)


def test_a_uniform_with_small_values_zeroed_follows_its_own_law_and_no_other() -> None:
    values = values_of(zeroed_uniform)
    composed = laws.uniform(-10, 10).replaced(-5, 5)
    by_cdf = laws.custom(
        lambda x: np.clip((np.minimum(x, -5) + 10) / 20, 0, 1) + np.clip((x - 5) / 20, 0, 0.25) + (x >= 0) / 2
    )
    for law in (composed, by_cdf, laws.like(zeroed_uniform)):
        assert fit(values, law.at(values.shape)).verdict == "follows", law
    others = (
        laws.normal(std=float(values.std())),
        laws.uniform(-10, 10),
        laws.uniform(-10, 10).replaced(-4, 4),
    )
    for law in others:
        assert fit(values, law.at(values.shape)).verdict == "rejected", law


def test_moments_of_a_replaced_law() -> None:
    # By hand: half of the mass stays, |w| uniform on [5, 10]: mean square 0.5 * (5^2 + 5 * 10 + 10^2) / 3.
    assert laws.uniform(-10, 10).replaced(-5, 5).at((2, 2)).std == pytest.approx(math.sqrt(0.5 * 175 / 3))
    # Two thirds of a uniform on [0, 3] become 6: the mean is 2/3 * 6 + 1/3 * 2.5.
    moved = laws.uniform(0, 3).replaced(-1, 2, 6.0).at((2, 2))
    assert moved.mean == pytest.approx(4 + 2.5 / 3)
    assert (moved.low, moved.high) == (2, 6)
    # Cutting a normal at both sides of 1 to 0 keeps the mean square of the truncated middle.
    middle = laws.trunc_normal(a=-1, b=1).at(()).std
    inside = math.erf(1 / math.sqrt(2))
    cut = laws.normal().replaced(-math.inf, -1).replaced(1, math.inf).at(())
    assert middle is not None
    assert cut.std == pytest.approx(middle * math.sqrt(inside), rel=1e-6)


METHODS: list[tuple[Law, Callable[[Any], Any]]] = [
    (laws.exponential(2), lambda w: w.exponential_(2)),
    (laws.log_normal(0.5, 0.3), lambda w: w.log_normal_(0.5, 0.3)),
    (laws.geometric(0.3), lambda w: w.geometric_(0.3)),
    (laws.bernoulli(0.2), lambda w: w.bernoulli_(0.2)),
    (laws.integers(-3, 10), lambda w: w.random_(-3, 10)),
    (laws.bernoulli(0.5).scaled(0.2).shifted(-0.1), lambda w: w.bernoulli_(0.5).mul_(0.2).sub_(0.1)),
    (laws.normal().clamped(-0.3, 1.1), lambda w: w.normal_().clamp_(-0.3, 1.1)),
    (laws.normal(std=0.02).clamped(low=0), lambda w: w.normal_(std=0.02).clamp_(min=0)),
    (laws.uniform(-1, 1).clamped(-5, 0.25).scaled(-3), lambda w: w.uniform_(-1, 1).clamp_(-5, 0.25).mul_(-3)),
    (laws.exponential().clamped(high=2), lambda w: w.exponential_().clamp_(max=2)),
]


@pytest.mark.parametrize(("law", "fill"), METHODS, ids=[law.text for law, _ in METHODS])
def test_methods_of_tensors_and_what_is_done_to_them(law: Law, fill: Callable[[Any], Any]) -> None:
    values, expected = values_of(fill), law.at((100, 200))
    assert fit(values, expected).verdict == "follows"
    assert float(values.astype(np.float64).mean()) == pytest.approx(expected.mean, abs=4 * float(values.std()) / 141)
    assert float(values.astype(np.float64).std()) == pytest.approx(expected.std, rel=0.03)
    assert fit(values * 1.2, expected).verdict == "rejected"


def test_a_cauchy_law_has_neither_mean_nor_std() -> None:
    law = laws.cauchy(1, 0.5).at((100, 200))
    assert (law.mean, law.std) == (None, None)
    assert fit(values_of(lambda w: w.cauchy_(1, 0.5)), law).verdict == "follows"
    assert fit(values_of(lambda w: w.cauchy_(1, 0.6)), law).verdict == "rejected"
    # Moments of what was moved already are not integrated over the atom.
    twice = laws.normal().replaced(-1, 1).clamped(-2, 2).at((100, 200))
    assert (twice.mean, twice.std) == (None, None)
    assert fit(values_of(lambda w: w.normal_().masked_fill_(w.abs() < 1, 0).clamp_(-2, 2)), twice).verdict == "follows"


def test_a_scaled_law() -> None:
    values = values_of(lambda w: w.uniform_(0, 1).mul_(-3))
    law = laws.uniform(0, 1).scaled(-3)
    assert fit(values, law.at(values.shape)).verdict == "follows"
    assert (law.at(()).low, law.at(()).high, law.at(()).mean) == (-3, 0, -1.5)
    assert law.text == "uniform(0, 1).scaled(-3)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: laws.uniform(2, 1),
        lambda: laws.normal(std=-1),
        lambda: laws.trunc_normal(std=0),
        lambda: laws.trunc_normal(a=1, b=1),
        lambda: laws.kaiming_normal(nonlinearity="gelu"),
        lambda: laws.kaiming_normal(mode="fan"),  # type: ignore[arg-type]
        lambda: laws.exponential(0),
        lambda: laws.cauchy(sigma=-1),
        lambda: laws.bernoulli(1.5),
        lambda: laws.integers(3, 3),
        lambda: laws.normal().clamped(1, 0).at((4, 5)),
        lambda: laws.orthogonal().clamped(0, 1).at((4, 5)),
        lambda: laws.kaiming_normal().at((5,)),
        lambda: laws.orthogonal().at((5,)),
        lambda: laws.eye().at((5,)),
        lambda: laws.dirac(2).at((3, 4, 5)),
        lambda: laws.sparse(0.5).at((5,)),
        lambda: laws.orthogonal().scaled(2).at((4, 5)),
        lambda: laws.sparse(0.5).replaced(0, 1).at((4, 5)),
        lambda: laws.normal().replaced(1, 0).at((4, 5)),
        lambda: laws.trunc_normal(a=50, b=60).at((4, 5)),
    ],
)
def test_a_law_that_makes_no_sense_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()


def test_the_text_of_a_law_leaves_defaults_out() -> None:
    assert laws.normal(std=0.02).text == "normal(std=0.02)"
    assert laws.kaiming_uniform(a=5**0.5, nonlinearity="relu").text == (
        "kaiming_uniform(a=2.23606797749979, nonlinearity='relu')"
    )
    assert distribution.shown(laws.kaiming_uniform(a=5**0.5).text) == "kaiming_uniform(a=2.23607)"
    assert distribution.shown("uniform(-1.2345678e-05, 123456.789)") == "uniform(-1.23457e-05, 123457)"
    assert str(laws.xavier_uniform()) == "xavier_uniform()"


def test_few_elements_are_not_tested_but_their_bounds_are() -> None:
    assert fit(np.zeros(63, np.float32), laws.normal().at((63,))).verdict == "too small to test"
    assert fit(np.full(63, 9, np.float32), laws.uniform(0, 1).at((63,))).verdict == "rejected"
    assert fit(np.zeros(0, np.float32), laws.normal().at((0,))).verdict == "follows"


def test_half_precision_is_not_tested() -> None:
    assert fit(np.zeros(100, np.float16), laws.normal().at((100,))).verdict == "not testable"


def test_holm_rejects_step_by_step() -> None:
    # 0.003 <= 0.01 / 3 opens the way for 0.005 <= 0.01 / 2, which a plain Bonferroni would keep; 0.02 stays.
    assert holm({"a": 0.003, "b": 0.02, "c": 0.005}, 0.01) == {"a", "c"}
    assert holm({"a": 0.004, "b": 0.004, "c": 0.004}, 0.01) == set()


def test_a_tensor_that_is_suspect_alone_may_pass_among_many() -> None:
    """The level is spent once for a model, not once for a tensor."""
    law = laws.normal().at((100,))
    samples = [np.random.default_rng(seed).normal(size=100).astype(np.float32) for seed in range(1000)]
    alone = [fit(values, law).verdict for values in samples]
    together = fit_all({str(i): (values, law) for i, values in enumerate(samples)})
    assert 0 < alone.count("rejected") < 20
    assert {f.verdict for f in together.values()} == {"follows"}


def test_what_lies_outside_the_subsample_is_still_held_to_the_bounds() -> None:
    values = np.random.default_rng(0).uniform(size=5 * LARGEST).astype(np.float32)
    assert fit(values, laws.uniform(0, 1).at(values.shape)).verdict == "follows"
    values[-1] = 1.1
    assert fit(values, laws.uniform(0, 1).at(values.shape)).verdict == "rejected"


def test_a_reference_leaves_the_generator_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    fit(values_of(torch.nn.init.normal_), laws.like(torch.nn.init.normal_).at((100, 200)))
    torch.manual_seed(0)
    state = torch.get_rng_state()
    fit(np.zeros((100, 200), np.float32), laws.like(torch.nn.init.normal_).at((100, 200)))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(torch.rand(1), expected)
