"""Two witnesses of a law: the values, and the call that wrote them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.live.build.protocols import build_virtual  # noqa: E402
from paramlint.live.construct import watched  # noqa: E402
from paramlint.live.declared.expectation import compare  # noqa: E402
from paramlint.live.laws import laws  # noqa: E402
from paramlint.live.laws.fit import Fit, fit  # noqa: E402
from paramlint.live.laws.laws import Law  # noqa: E402
from paramlint.live.live_model import LiveModel  # noqa: E402


def of(make: Callable[[], torch.Tensor], law: Law, *, virtual: bool = False) -> Fit:
    def factory() -> nn.Module:
        return nn.ParameterList([nn.Parameter(make())])

    model = LiveModel(build_virtual(factory)) if virtual else watched(factory)
    return compare({"0": (model.by_name["0"], law)})["0"]


def drawn(*shape: int, std: float = 0.02, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return nn.init.normal_(torch.empty(shape, dtype=dtype), std=std)


def behind(*shape: int) -> torch.Tensor:
    """Drawn by torch first, and then by numpy."""
    import numpy

    tensor = nn.init.uniform_(torch.empty(shape))
    tensor.numpy()[:] = numpy.random.default_rng(0).normal(0, 0.02, shape)
    return tensor


def test_values_and_call_agree() -> None:
    assert of(lambda: drawn(50, 50), laws.normal(std=0.02)).verdict == "follows"
    assert of(lambda: torch.randn(50, 50) * 0.02, laws.normal(std=0.02)).verdict == "follows"
    wrong = of(lambda: drawn(50, 50), laws.normal(std=0.03))
    assert (wrong.verdict, "where 0 and 0.03 are expected" in wrong.reason) == ("rejected", True)


def test_the_call_tells_where_the_values_cannot() -> None:
    for make in (lambda: drawn(5, 5), lambda: drawn(50, 50, dtype=torch.bfloat16)):
        assert of(make, laws.normal(std=0.02)).verdict == "follows"
        assert of(make, laws.normal(std=0.0201)).reason == (
            "it was written as `normal(std=0.02)`, with std 0.02 where 0.0201 is expected"
        )
    assert of(lambda: drawn(5, 5), laws.normal(0.1, 0.02)).reason == "it was written as `normal(std=0.02)`"


def test_without_values_the_call_is_all() -> None:
    assert of(lambda: drawn(500, 500), laws.normal(std=0.02), virtual=True).verdict == "follows"
    assert of(lambda: drawn(500, 500), laws.normal(std=0.2), virtual=True).verdict == "rejected"
    assert of(lambda: drawn(500, 500), laws.like(nn.init.normal_), virtual=True).is_undecided


def test_values_that_were_written_behind_the_back_of_torch_count_more_than_the_call() -> None:
    assert of(lambda: behind(50, 50), laws.normal(std=0.02)).verdict == "follows"
    assert of(lambda: behind(50, 50), laws.uniform()).verdict == "rejected"


def odd() -> torch.Tensor:
    """Drawn by the right call, with values that the test alone rejects, as it does with 1 of 100."""
    law = laws.normal(std=0.02).at((8, 8))
    for seed in range(2000):
        torch.manual_seed(seed)
        tensor = drawn(8, 8)
        if fit(tensor.numpy(), law).verdict == "rejected":
            return tensor
    raise AssertionError


def test_a_call_that_is_right_is_not_doubted_for_odd_values() -> None:
    assert of(odd, laws.normal(std=0.02)).verdict == "follows"
    assert of(lambda: behind(50, 50), laws.uniform()).verdict == "rejected"  # the call is right, and the values are not


def test_what_nobody_can_tell_is_undecided() -> None:
    assert of(lambda: torch.arange(9.0).sin(), laws.normal()).verdict == "too small to test"
    assert of(lambda: torch.arange(900.0).bfloat16().sin(), laws.normal()).verdict == "not testable"


def test_what_cannot_follow_a_law_is_rejected() -> None:
    assert of(lambda: drawn(64), laws.kaiming_normal()).verdict == "rejected"
    assert of(lambda: torch.empty(64, 64), laws.normal()).reason == "it is unwritten"
