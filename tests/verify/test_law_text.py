"""Laws as text: what is written is read as the same law, and what is none is refused with what was meant."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("scipy")

from paramlint.live.laws import keras_laws, laws
from paramlint.live.laws.distribution import shown
from paramlint.live.laws.equality import are_same
from paramlint.live.laws.laws import Law
from paramlint.live.laws.notation import LAWS, LawError, parse_declaration, parse_law

WRITTEN = [
    laws.normal(),
    laws.normal(0.5, 0.02),
    laws.normal(std=1).scaled(0.02),
    laws.uniform(-10, 10).replaced(-5, 5),
    laws.trunc_normal(std=0.02, a=-math.inf, b=math.inf),
    laws.xavier_uniform(gain=2),
    laws.xavier_normal(),
    laws.kaiming_uniform(a=5**0.5, mode="fan_out"),
    laws.kaiming_normal(nonlinearity="relu"),
    laws.constant(1e-5),
    laws.constant(math.nan),
    laws.zeros().shifted(3),
    laws.ones(),
    laws.eye(),
    laws.dirac(2),
    laws.orthogonal(0.5),
    laws.sparse(0.1),
    laws.exponential(2),
    laws.log_normal(0, 1),
    laws.cauchy(1, 0.5),
    laws.geometric(0.3),
    laws.bernoulli(),
    laws.integers(-3, 10),
    laws.normal().clamped(-1, 1),
    laws.normal().clamped(low=0),
    keras_laws.variance_scaling(0.1, "fan_out", "uniform"),
    keras_laws.random_normal(stddev=0.02),
    keras_laws.random_uniform(-0.1, 0.1),
    keras_laws.truncated_normal(mean=1.0),
    keras_laws.glorot_uniform(),
    keras_laws.glorot_normal(),
    keras_laws.he_uniform(),
    keras_laws.he_normal(),
    keras_laws.lecun_uniform(),
    keras_laws.lecun_normal(),
]


@pytest.mark.parametrize("law", WRITTEN, ids=str)
def test_what_a_law_shows_of_itself_is_read_as_the_same(law: Law) -> None:
    assert parse_law(law.text).text == law.text


def test_every_law_that_needs_no_function_can_be_written() -> None:
    shown = {law.text.partition("(")[0] for law in WRITTEN}
    assert shown == set(LAWS)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("kaiming_uniform(a=5**0.5)", "kaiming_uniform(a=2.23607)"),
        (" normal( std = 1/50 ) ", "normal(std=0.02)"),
        ("uniform(-1/8, +0.125*1)", ""),
        ("uniform(-(1/8), 2*pi)", "uniform(-0.125, 6.28319)"),
    ],
)
def test_arithmetic(text: str, same: str) -> None:
    if same:
        assert shown(parse_law(text).text) == same
    else:
        with pytest.raises(LawError, match=r"`\+0.125` is no figure"):
            parse_law(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`` is no law: write one such as `normal(std=0.02)`"),
        ("normal(", "`normal(` is no law"),
        ("normal", "with brackets: `normal()`"),
        ("norml()", "`norml` is no law; did you mean `normal`?"),
        ("like(f)", "`like` is no law; there are normal, uniform"),
        ("normal(sdt=1)", "`sdt` is no argument of `normal`; did you mean `std`?"),
        ("normal(std='a')", "`normal(std='a')`: "),
        ("normal(1, 2, 3)", "`normal(1, 2, 3)`: "),
        ("normal(std=-1)", "std=-1 is negative"),
        ("normal(std=x)", "`x` is no figure"),
        ("normal(std=True)", "`True` is no figure"),
        ("normal(**{})", "`**` is not understood"),
        ("normal(std=1/0)", "`1 / 0` is no figure: "),
        ("normal(std=9**9**9**9)", "is no figure: "),
        ("normal(std=(-1)**0.5)", "`(-1) ** 0.5` is no figure"),
        ("normal().scald(2)", "`scald` is no change of a law; did you mean `scaled`?"),
        ("__import__('os').system('x')", "`__import__` is no law"),
        ("(lambda: 0)()", "is no law"),
        ("kaiming_normal(nonlinearity='rleu')", "no gain is known for the nonlinearity 'rleu'"),
        ("kaiming_normal(mode='fan')", "mode='fan' is neither 'fan_in' nor 'fan_out'"),
        ("kaiming_uniform(mode=3)", "mode=3 is neither 'fan_in' nor 'fan_out'"),
        ("integers(0, 2.5)", "no whole numbers"),
        ("geometric(0)", "p=0 is not above 0"),
        ("-" * 100_000 + "1", "is no law"),
    ],
)
def test_what_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(LawError) as caught:
        parse_law(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_declarations() -> None:
    assert parse_declaration(" *.weight = normal(std=0.02)") == ("*.weight", "normal(std=0.02)")
    for text in ("normal(std=0.02)", "=zeros()", "x"):
        with pytest.raises(LawError):
            parse_declaration(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("normal(std=1).scaled(0.02)", "normal(std=0.02)", True),
        ("uniform(-0.125, 0.125)", "kaiming_uniform(a=5**0.5)", True),  # of a matrix with 64 columns
        ("uniform(0, 1).shifted(-0.5).scaled(0.25)", "uniform(-0.125, 0.125)", True),
        ("trunc_normal(std=0.02)", "normal(std=0.02)", True),  # cut at 100 std
        ("trunc_normal(std=0.02, a=-0.04, b=0.04)", "normal(std=0.02)", False),
        ("normal(std=0.02)", "normal(std=0.0201)", False),
        ("normal(std=0.02)", "normal(0.001, 0.02)", False),
        ("normal(std=0.57735)", "uniform(-1, 1)", False),
        ("zeros()", "constant(0)", True),
        ("zeros()", "constant(1e-8)", False),
        ("zeros()", "normal(std=1e-9)", False),
        ("orthogonal()", "normal(std=0.125)", False),
        ("orthogonal()", "orthogonal(2)", False),
        ("orthogonal(2**0.5)", "orthogonal(1.41421)", True),
    ],
)
def test_laws_that_are_the_same(one: str, other: str, same: bool) -> None:
    first, second = parse_law(one).at((64, 64)), parse_law(other).at((64, 64))
    assert are_same(first, second) is same
    assert are_same(second, first) is same


def test_a_law_known_by_example_cannot_be_compared() -> None:
    example = laws.sampled(lambda shape, seed: None, "draw")  # type: ignore[arg-type, return-value]
    assert are_same(example.at((4,)), laws.normal().at((4,))) is None
