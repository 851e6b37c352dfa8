"""Norms at several depths, from the traced `forward`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.live.questions.sharing.reused_norms import reused_norms  # noqa: E402


class Base(nn.Module):
    def __init__(self, affine: bool = True) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4, elementwise_affine=affine)
        self.last = nn.LayerNorm(4)
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("table", torch.ones(4))
        self.calls = 0


class BeforeEach(Base):
    def forward(self, x, mask=None, *, scale: float = 1.0):
        x = x + self.first(self.norm(x)) * self.scale
        if mask is not None:
            x = x + self.second(self.second(self.norm(x)))
        return x + self.second(self.norm(x)) * scale + self.table


class InALoop(Base):
    def forward(self, x):
        for layer in self.layers:
            x = layer(self.norm(x))
        return x


class OfStages(Base):
    """Each stage gives what is normalised for the output, and the next stage gets what is not."""

    def forward(self, x):
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(self.norm(x))
        return found


class OfTwoInputs(Base):
    def forward(self, x, y):
        return self.norm(self.first(x)) + self.norm(self.second(y))


class Recurrent(Base):
    def forward(self, x):
        for _ in range(3):
            x = self.first(self.norm(x))
        return x


class WithoutLayers(Base):
    def forward(self, x):
        return self.norm(torch.relu(self.norm(x)))


class OfOneDepthEach(Base):
    def forward(self, x):
        return self.last(self.second(self.norm(self.first(x))))


class OnPurpose(Base):
    """The norm is shared by all layers."""

    def forward(self, x):
        return self.norm(self.second(self.norm(self.first(x))))


class ByValue(Base):
    def forward(self, x):
        x = self.second(self.norm(self.first(x)))
        return self.norm(x) if x.sum() > 0 else x


class Endless(Base):
    def forward(self, x):
        while True:
            x = x + 1


class Counting(Base):
    """Keeps what is of one call."""

    def forward(self, x):
        self.calls += 1
        self.kept = x
        self.scale = None
        return self.norm(self.second(self.norm(self.first(x))))


def names(model: nn.Module) -> list[str]:
    return [reuse.name for reuse in reused_norms(model)]


@pytest.mark.parametrize("kind", [BeforeEach, InALoop, Counting])
def test_a_norm_before_and_after_a_layer(kind: Callable[[], nn.Module]) -> None:
    assert names(kind()) == ["norm"]
    assert names(nn.Sequential(nn.LayerNorm(4), kind(), kind())) == ["1.norm"]


@pytest.mark.parametrize(
    "kind", [OfStages, OfTwoInputs, Recurrent, WithoutLayers, OfOneDepthEach, OnPurpose, ByValue, Endless]
)
def test_what_is_silent(kind: Callable[[], nn.Module]) -> None:
    assert names(kind()) == []


def test_a_norm_without_parameters_has_nothing_to_share() -> None:
    assert names(BeforeEach(affine=False)) == []


def test_the_layers_between_are_named_and_arguments_with_a_default_have_it() -> None:
    (reuse,) = reused_norms(nn.Sequential(BeforeEach()))
    assert reuse.between == ("0.first",)
    assert reuse.holder is BeforeEach


def test_tracing_leaves_the_module_as_it_was() -> None:
    model = Counting()
    before: dict[str, Any] = dict(vars(model))
    registered = dict(model._parameters)
    assert names(model)
    assert vars(model) == before
    assert vars(model)["_parameters"] is before["_parameters"]
    assert model._parameters == registered
    assert model.calls == 0
