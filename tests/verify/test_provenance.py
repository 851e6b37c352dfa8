"""The law of a parameter, from the calls and operations that wrote it: it must be the law of the values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.live.construct import live_model  # noqa: E402
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
]


@pytest.mark.parametrize(("law", "make"), KNOWN, ids=[law for law, _ in KNOWN])
def test_the_law_is_named_and_the_values_follow_it(law: str, make: Callable[[], torch.Tensor]) -> None:
    tensor = built(make)
    assert tensor.expected is not None
    assert tensor.expected.law == law
    assert tensor.array is not None
    assert fit(tensor.array, tensor.expected).verdict == "follows"


UNKNOWN: dict[str, Callable[[], torch.Tensor]] = {
    "computed": lambda: torch.linspace(0, 1, 64),
    "clamped": lambda: torch.randn(64, 64).clamp_(-1, 1),
    "a product of two": lambda: torch.randn(64, 64) * torch.rand(64, 64),
    "partly by index": lambda: empty(zeroed_uniform_),
    "rows by two calls": lambda: empty(lambda w: (nn.init.normal_(w[:32]), nn.init.zeros_(w[32:]))),
    "rounded": lambda: torch.div(torch.randn(64, 64), 0.5, rounding_mode="floor"),
    "an orthogonal matrix, halved": lambda: empty(halved(nn.init.orthogonal_)),
    "clamped by the user's own initialiser": lambda: empty(clipped_),
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
