"""The law of a parameter, from the calls and operations that wrote it: it must be the law of the values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.live.construct import live_model  # noqa: E402
from paramlint.live.laws.distribution import shown  # noqa: E402
from paramlint.live.laws.fit import fit  # noqa: E402
from paramlint.live.tensor import LiveTensor  # noqa: E402


def empty(fill: Callable[[torch.Tensor], object]) -> torch.Tensor:
    w = torch.empty(64, 64)
    with torch.no_grad():
        fill(w)
    return w


def normal_(w: torch.Tensor, scale: float = 3.0) -> None:
    """The user's own, of a name that torch has too."""
    w.uniform_(-scale, scale)


def zeroed_uniform_(w: torch.Tensor) -> None:
    w.uniform_(-10, 10)
    w[w.abs() < 5] = 0


def masked(w: torch.Tensor) -> None:
    nn.init.uniform_(w, -10, 10)
    w.data *= w.data.abs() >= 5


def half_(w: torch.Tensor) -> None:
    """The user's own, built from torch's."""
    nn.init.normal_(w, std=0.02)
    w.mul_(0.5)


def clipped_(w: torch.Tensor) -> None:
    nn.init.normal_(w, std=0.02)
    w.clamp_(-0.01, 0.01)


def strictly_masked(w: torch.Tensor) -> None:
    nn.init.uniform_(w, -10, 10)
    w *= (w.abs() > 5).float()


def filled_by_mask(w: torch.Tensor) -> None:
    nn.init.normal_(w)
    w.masked_fill_(w.abs() <= 0.5, 3)


def masked_by_another(w: torch.Tensor) -> None:
    nn.init.normal_(w)
    w.masked_fill_(torch.randn(64, 64).abs() < 0.5, 0)


def strictly_masked_numbers(w: torch.Tensor) -> None:
    w.random_(-9, 10)
    w *= w.abs() > 5


def times_something(w: torch.Tensor) -> None:
    nn.init.normal_(w, std=0.02)
    w.mul_(torch.rand(64, 64))


def halved(initialise: Callable[[torch.Tensor], object]) -> Callable[[torch.Tensor], object]:
    return lambda w: (initialise(w), w.mul_(0.5))


def built(make: Callable[[], torch.Tensor]) -> LiveTensor:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(make())

    return live_model(Model, limit=1 << 30).by_name["w"]


KNOWN: list[tuple[str, Callable[[], torch.Tensor]]] = [
    ("normal(std=1).scaled(0.02)", lambda: torch.randn(64, 64) * 0.02),
    ("normal(std=1).scaled(0.125).scaled(-1)", lambda: -(torch.randn(64, 64) / 8)),
    ("uniform(0, 1).scaled(2).shifted(-1)", lambda: torch.rand(64, 64) * 2 - 1),
    ("ones().scaled(0.1)", lambda: 0.1 * torch.ones(64)),
    ("zeros().shifted(1e-06)", lambda: torch.zeros(64) + 1e-6),
    ("constant(0.5)", lambda: torch.full((64,), 0.5).clone()),
    ("normal(std=0.02)", lambda: torch.zeros(8, 64).normal_(std=0.02)),
    ("normal(std=1).scaled(3)", lambda: empty(lambda w: w.copy_(torch.randn(64, 64) * 3))),
    ("uniform(-3, 3)", lambda: empty(normal_)),
    ("normal(std=0.02).scaled(0.707107)", lambda: empty(lambda w: nn.init.normal_(w, std=0.02).div_(math.sqrt(2)))),
    ("uniform(-10, 10).replaced(-5, 5, 0)", lambda: empty(masked)),
    ("normal(std=0.02).scaled(0.5)", lambda: empty(half_)),
    ("kaiming_normal(a=1.41421)", lambda: empty(lambda w: nn.init.kaiming_normal_(w, a=np.sqrt(2)))),
    ("orthogonal(gain=2)", lambda: empty(lambda w: nn.init.orthogonal_(w, gain=np.float32(2)))),
    ("xavier_uniform().scaled(0.5)", lambda: empty(halved(nn.init.xavier_uniform_))),
    ("trunc_normal(std=1, a=-2, b=2)", lambda: empty(nn.init.trunc_normal_)),
    ("trunc_normal(std=1, a=-2, b=2).scaled(0.5)", lambda: empty(halved(nn.init.trunc_normal_))),
    ("trunc_normal(std=1, a=-0.1, b=0.1)", lambda: empty(lambda w: nn.init.trunc_normal_(w, a=-0.1, b=0.1))),
    ("orthogonal(gain=2)", lambda: empty(lambda w: nn.init.orthogonal_(w, gain=2))),
    ("kaiming_normal(mode='fan_out')", lambda: empty(lambda w: nn.init.kaiming_normal_(w, mode="fan_out"))),
    ("eye()", lambda: empty(nn.init.eye_)),
    ("sparse(sparsity=0.1)", lambda: empty(lambda w: nn.init.sparse_(w, 0.1))),
    ("sparse(sparsity=0.1).scaled(0.5)", lambda: empty(halved(lambda w: nn.init.sparse_(w, 0.1)))),
    ("normal(mean=1, std=0.02)", lambda: torch.normal(1.0, 0.02, (64, 64))),
    ("normal(mean=2, std=0.5)", lambda: torch.normal(torch.full((64, 64), 2.0), 0.5)),
    ("normal(std=0.3)", lambda: empty(lambda w: torch.normal(0.0, 0.3, (64, 64), out=w))),
    ("exponential(lambd=2).scaled(-1)", lambda: empty(lambda w: w.exponential_(2).neg_())),
    ("log_normal(mean=0.5, std=0.3)", lambda: empty(lambda w: w.log_normal_(0.5, 0.3))),
    ("cauchy(median=1, sigma=0.5).scaled(0.1)", lambda: empty(lambda w: w.cauchy_(1, 0.5).mul_(0.1))),
    ("geometric(p=0.3)", lambda: empty(lambda w: w.geometric_(0.3))),
    ("bernoulli(p=0.3).scaled(2).shifted(-1)", lambda: empty(lambda w: w.bernoulli_(0.3).mul_(2).sub_(1))),
    ("integers(-3, 10)", lambda: empty(lambda w: w.random_(-3, 10))),
    ("integers(0, 10).scaled(0.1)", lambda: torch.randint(10, (64, 64)).float() * 0.1),
    ("uniform(0, 1).scaled(-1).shifted(1)", lambda: 1 - torch.rand(64, 64)),
    ("normal(std=1).clamped(-1, 1)", lambda: torch.randn(64, 64).clamp_(-1, 1)),
    ("normal(std=0.02).clamped(-0.01, 0.01)", lambda: empty(clipped_)),
    ("normal(std=0.02).clamped(0, inf)", lambda: empty(lambda w: nn.init.normal_(w, std=0.02).clamp_(min=0))),
    ("uniform(-10, 10).replaced(-5, 5, 0)", lambda: empty(strictly_masked)),
    ("uniform(-10, 10).replaced(-5, 5, 0)", lambda: empty(zeroed_uniform_)),
    ("normal(std=1).replaced(-0.5, 0.5, 3)", lambda: empty(filled_by_mask)),
]


@pytest.mark.parametrize(("law", "make"), KNOWN, ids=[law for law, _ in KNOWN])
def test_the_law_is_named_and_the_values_follow_it(law: str, make: Callable[[], torch.Tensor]) -> None:
    tensor = built(make)
    assert tensor.expected is not None
    assert shown(tensor.expected.law) == law
    assert tensor.array is not None
    assert fit(tensor.array, tensor.expected).verdict == "follows"


LIBRARY = """
def trunc_normal_(w, mean=0.0, std=1.0, a=-2.0, b=2.0):
    _draw(w)

def _draw(w):
    w.uniform_(-0.9, 0.9).erfinv_().clamp_(min=-2, max=2)
"""


@pytest.mark.parametrize("by_user", [False, True])
def test_what_a_library_draws_is_known_from_its_name(by_user: bool) -> None:
    library: dict[str, Any] = {"__name__": "timm.layers.some"}
    exec(compile(LIBRARY, "/timm/layers/some.py", "exec"), library)

    def own_(w: torch.Tensor) -> None:
        library["trunc_normal_"](w, std=0.02)
        w.mul_(0.5)

    tensor = built(lambda: empty(own_ if by_user else library["trunc_normal_"]))
    assert tensor.expected is not None
    assert tensor.expected.law.startswith(
        "trunc_normal(std=0.02, a=-2, b=2).scaled(0.5)" if by_user else "trunc_normal(std=1"
    )


UNKNOWN: dict[str, Callable[[], torch.Tensor]] = {
    "computed": lambda: torch.linspace(0, 1, 64),
    "a product of two": lambda: torch.randn(64, 64) * torch.rand(64, 64),
    "around means of its own": lambda: torch.normal(torch.arange(64.0).expand(64, 64), 1.0),
    "of a std that is not known": lambda: torch.normal(0.0, torch.full((64, 64), 0.5)),
    "by a mask of something else": lambda: empty(masked_by_another),
    "by a mask whose edge is an element": lambda: empty(strictly_masked_numbers),
    "clamped by tensors": lambda: torch.randn(64, 64).clamp(torch.zeros(64), torch.ones(64)),
    "with probabilities of its own": lambda: torch.bernoulli(torch.full((64, 64), 0.5)),
    "rows by two calls": lambda: empty(lambda w: (nn.init.normal_(w[:32]), nn.init.zeros_(w[32:]))),
    "rounded": lambda: torch.div(torch.randn(64, 64), 0.5, rounding_mode="floor"),
    "an orthogonal matrix, halved": lambda: empty(halved(nn.init.orthogonal_)),
    "multiplied by another tensor afterwards": lambda: empty(times_something),
    "squared": lambda: torch.randn(64, 64) ** 2,
}


@pytest.mark.parametrize("make", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_no_law_describes_has_none(make: Callable[[], torch.Tensor]) -> None:
    assert built(make).expected is None


def test_each_layer_of_torch_follows_its_law() -> None:
    def model() -> nn.Module:
        return nn.ModuleDict(
            {
                "linear": nn.Linear(30, 40),
                "conv": nn.Conv2d(8, 16, 3),
                "embedding": nn.Embedding(50, 20),
                "lstm": nn.LSTM(20, 20),
                "attention": nn.MultiheadAttention(16, 4),
                "norm": nn.LayerNorm(64),
                "batchnorm": nn.BatchNorm1d(64),
                "bilinear": nn.Bilinear(8, 8, 8),
                "prelu": nn.PReLU(),
            }
        )

    tensors = live_model(model, limit=1 << 30).parameters
    for tensor in tensors:
        assert tensor.expected is not None, tensor.name
        assert tensor.array is not None
        assert fit(tensor.array, tensor.expected).verdict in ("follows", "too small to test"), tensor.name
