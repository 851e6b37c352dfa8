"""One fault said in several ways, each with code of the same shape that is right."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402
from torch.nn.utils import parametrizations, parametrize  # noqa: E402

from paramlint.engine.catalogue import select  # noqa: E402
from paramlint.live.construct import live_model  # noqa: E402
from paramlint.verify.judge.prove import prove  # noqa: E402

Factory = Callable[[], nn.Module]


def example() -> Any:
    return torch.linspace(0.1, 1.0, 32).reshape(4, 8)


def reported(code: str, factory: Factory, with_example: bool = False) -> list[str]:
    model = live_model(factory, example=example if with_example else None)
    found = [one.proof.parameter for one in prove(model, select((code,), preview=True))]
    assert model.degraded == ()
    return found


def like(tensor: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return tensor.to(other)


def shifted(x: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    return x + by


class Uses(nn.Module):
    """A layer, and a tensor that `use` computes with."""

    def __init__(self, use: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], kept: torch.Tensor | None = None):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.kept = torch.arange(8.0) if kept is None else kept
        self.use = use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.layer(x), self.kept)


class MovedByOwner(nn.Module):
    """The model around a part moves what that part keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.part = Uses(shifted)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        self.part.kept = self.part.kept.to(*args, **kwargs)
        return super().to(*args, **kwargs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.part(x)


class PlacedByArgument(nn.Module):
    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8, device=device)
        self.kept = torch.ones(8, device=device)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.kept


BESIDE: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = [
    shifted,
    lambda x, kept: x.masked_fill(~(kept > 3), 0.0),
    lambda x, kept: torch.cat([x, (kept * 2)[None]]),
    lambda x, kept: F.linear(x, kept[None]),
    lambda x, kept: x.index_select(1, kept.long()),
]
APART: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = [
    lambda x, kept: x + like(kept, x),
    lambda x, kept: x + kept.type_as(x),
    lambda x, kept: x + (kept * 2).to(x.device),
    lambda x, kept: x[:, kept.long()],  # indices may stay
    lambda x, kept: x * float(kept.sum()),
    lambda x, kept: x + kept[3],  # a number
    lambda x, kept: x.to(kept.device) + kept,
    lambda x, kept: x + torch.tensor(kept.tolist()),
]


@pytest.mark.parametrize("use", BESIDE)
def test_what_stays_behind_and_is_met_is_reported(use: Any) -> None:
    assert reported("PRM408", lambda: Uses(use), with_example=True) == ["kept"]


@pytest.mark.parametrize("use", APART)
def test_what_stays_behind_and_is_not_met_is_right(use: Any) -> None:
    assert reported("PRM408", lambda: Uses(use), with_example=True) == []


@pytest.mark.parametrize("factory", [MovedByOwner, PlacedByArgument])
def test_what_is_placed_by_hand_is_right(factory: Factory) -> None:
    assert reported("PRM408", factory, with_example=True) == []


@dataclass
class Bins:
    edges: torch.Tensor
    count: int = 8


class Pair(NamedTuple):
    cos: torch.Tensor
    sin: torch.Tensor


class Holds(nn.Module):
    def __init__(self, held: Any) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.held = held


class ByField(Holds):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.bucketize(self.layer(x), self.held.edges)


class ByFieldMoved(Holds):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.bucketize(self.layer(x), self.held.edges.to(x))


class ByName(Holds):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.held.cos


class ByKey(Holds):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.held["cos"]


class HandedOn(Holds):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return shifted(self.layer(x), *self.held)


def test_without_an_example_the_source_says_which_part_is_used() -> None:
    row = torch.arange(8.0)
    assert reported("PRM408", lambda: ByField(Bins(row))) == ["held.edges"]
    assert reported("PRM408", lambda: ByField(types.SimpleNamespace(edges=row, other=row + 1))) == ["held.edges"]
    assert reported("PRM408", lambda: ByName(Pair(row, row + 1))) == ["held.cos"]
    assert reported("PRM408", lambda: ByKey({"cos": row, "sin": row + 1})) == ["held['cos']"]
    assert reported("PRM408", lambda: ByFieldMoved(Bins(row))) == []
    assert reported("PRM408", lambda: HandedOn([row])) == []


# What is done to a tensor that is computed at each access


class Symmetric(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.triu() + weight.triu(1).T

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.triu()


def symmetric() -> Any:
    layer = nn.Linear(8, 8)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    return layer


def done_to(make: Callable[[], Any], change: Callable[[Any], object]) -> Factory:
    def factory() -> nn.Module:
        layer = make()
        with torch.no_grad():
            change(layer)
        return layer

    return factory


def put_back(layer: Any) -> None:
    weight = layer.weight
    weight.mul_(0.5)
    layer.weight = weight


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (symmetric, lambda layer: layer.weight.fill_diagonal_(1.0)),
        (lambda: parametrizations.orthogonal(nn.Linear(8, 8)), lambda layer: layer.weight.copy_(torch.eye(8))),
        (lambda: parametrizations.spectral_norm(nn.Linear(8, 8)), lambda layer: layer.weight.data.mul_(0.1)),
        (lambda: parametrizations.weight_norm(nn.Linear(8, 8)), lambda layer: layer.weight[0].zero_()),
    ],
)
def test_an_edit_of_what_is_computed_is_lost(make: Any, change: Any) -> None:
    assert reported("PRM218", done_to(make, change)) == ["weight"]


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (symmetric, put_back),
        (symmetric, lambda layer: layer.parametrizations.weight.original.fill_diagonal_(1.0)),
        (symmetric, lambda layer: layer.bias.mul_(0.5)),
        (lambda: nn.Linear(8, 8), lambda layer: layer.weight.mul_(0.1)),
    ],
)
def test_an_edit_of_what_is_kept_is_right(make: Any, change: Any) -> None:
    assert reported("PRM218", done_to(make, change)) == []


# Values of one layer, and an initialisation of all


def drawn(layer: Any) -> None:
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)


def of_all(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear):
            drawn(module)


def of_torch(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.reset_parameters()


def chosen(special: Callable[[Any], object], general: Callable[[nn.Module], None], first: bool = True) -> Factory:
    def factory() -> nn.Module:
        model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        if first:
            special(model[2])
        general(model)
        if not first:
            special(model[2])
        return model

    return factory


def small(layer: Any) -> None:
    layer.weight.data.uniform_(-1e-3, 1e-3)


def zero(layer: Any) -> None:
    nn.init.zeros_(layer.weight)


def prior(layer: Any) -> None:
    layer.bias.data.fill_(-math.log(99))


@pytest.mark.parametrize(
    ("special", "general", "name"),
    [
        (small, of_all, "2.weight"),
        (small, of_torch, "2.weight"),
        (zero, of_all, "2.weight"),
        (prior, of_all, "2.bias"),
    ],
)
def test_what_was_chosen_for_one_layer_is_replaced(special: Any, general: Any, name: str) -> None:
    assert reported("PRM207", chosen(special, general)) == [name]


@pytest.mark.parametrize(
    "factory",
    [
        chosen(small, of_all, first=False),
        chosen(prior, of_torch, first=False),
        chosen(lambda layer: nn.init.kaiming_normal_(layer.weight), of_all),  # a default as good as the other
        chosen(lambda layer: nn.init.zeros_(layer.bias), of_torch),
        chosen(lambda layer: layer.reset_parameters(), of_torch),
    ],
)
def test_what_is_chosen_last_or_hardly_differs_is_right(factory: Factory) -> None:
    assert reported("PRM207", factory) == []


class ResetByLoop(nn.Module):
    """Layers that are drawn again, all by one line, and one of them then on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(8, 8), nn.Linear(8, 8)
        for layer in (self.body, self.head):
            layer.reset_parameters()
        nn.init.normal_(self.head.weight, std=1e-3)


class DrawsAsBefore(nn.Module):
    """One of two layers is drawn as torch draws it."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(8, 8), nn.Linear(8, 8)
        nn.init.kaiming_uniform_(self.head.weight, a=math.sqrt(5))


@pytest.mark.parametrize("factory", [ResetByLoop, DrawsAsBefore])
def test_what_a_layer_draws_for_itself_does_not_count(factory: Factory) -> None:
    assert reported("PRM207", factory) == []


# Memory


class OfTensor(nn.Module):
    def __init__(self, make: Callable[[], torch.Tensor]) -> None:
        super().__init__()
        self.weight = nn.Parameter(make())


def some_rows(step: int) -> Factory:
    def make() -> torch.Tensor:
        table = np.empty((8, 8), dtype="float32")
        table[::step] = 0.5
        return torch.as_tensor(table)

    return lambda: OfTensor(make)


def test_an_array_that_is_filled_in_part() -> None:
    assert reported("PRM202", some_rows(2)) == ["weight"]
    assert reported("PRM202", some_rows(1)) == []
    assert reported("PRM201", some_rows(2)) == []


def test_windows_that_overlap_stand_on_one_memory() -> None:
    assert reported("PRM310", lambda: OfTensor(lambda: torch.randn(20).unfold(0, 8, 2))) == ["weight"]
    assert reported("PRM310", lambda: OfTensor(lambda: torch.randn(24).unfold(0, 8, 8))) == []
    assert reported("PRM310", lambda: OfTensor(lambda: torch.randn(8, 4).t())) == []


def test_slices_that_are_joined_from_one_draw() -> None:
    one = lambda: torch.cat([nn.Linear(8, 8).weight.data] * 3).view(3, 8, 8)  # noqa: E731
    each = lambda: torch.cat([nn.Linear(8, 8).weight.data for _ in range(3)]).view(3, 8, 8)  # noqa: E731
    assert reported("PRM307", lambda: OfTensor(one)) == ["weight"]
    assert reported("PRM307", lambda: OfTensor(each)) == []


class Frequencies(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rates", torch.ones(1).new_empty(8), persistent=False)

    def forward(self, n: int) -> torch.Tensor:
        return torch.outer(torch.arange(n).float(), self.rates)


class Filled(Frequencies):
    def forward(self, n: int) -> torch.Tensor:
        return torch.arange(8.0, out=self.rates) * n


class FilledByHelper(Frequencies):
    def forward(self, n: int) -> torch.Tensor:
        fill(n, self.rates)
        return self.rates


def fill(n: int, rates: torch.Tensor) -> None:
    rates.fill_(n)


def test_what_torchs_functions_read_is_not_filled_by_them() -> None:
    assert reported("PRM201", Frequencies) == ["rates"]
    assert reported("PRM201", Filled) == []
    assert reported("PRM201", FilledByHelper) == []


# Sharing

TABLE = {"mean": torch.zeros(8), "std": torch.ones(8)}


class FromTable(nn.Module):
    def __init__(self, copies: bool, table: dict[str, torch.Tensor] = TABLE) -> None:
        super().__init__()
        for name, value in table.items():
            self.register_buffer(name, value.clone() if copies else value)


def test_what_a_default_holds_is_shared_too() -> None:
    twice = lambda copies: nn.Sequential(FromTable(copies), nn.Linear(8, 8), FromTable(copies))  # noqa: E731
    assert reported("PRM303", lambda: twice(False)) == ["0.table", "0.table"]
    assert reported("PRM303", lambda: twice(True)) == []


class Gated(nn.Module):
    def __init__(self, gate: nn.Module, update: nn.Module | None = None) -> None:
        super().__init__()
        self.gate = gate
        self.update = update


class Owner(nn.Module):
    """It keeps a part and hands it to another part, which keeps it once or twice."""

    def __init__(self, twice: bool) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 8), nn.Sigmoid())
        self.gated = Gated(self.net, self.net if twice else None)


def test_what_is_handed_on_is_kept_once() -> None:
    assert reported("PRM302", lambda: Owner(twice=True)) == ["net"]
    assert reported("PRM302", lambda: Owner(twice=False)) == []


# What is used by another method, another pass, or another part


class Policy(nn.Module):
    """It acts by one part; a loss reads the others by methods of their own."""

    def __init__(self, greedy: bool = False) -> None:
        super().__init__()
        self.actor, self.critic, self.spare = nn.Linear(8, 8), nn.Linear(8, 1), nn.Linear(8, 1)
        self.critic_target = nn.Linear(8, 1)
        self.critic_target.load_state_dict(self.critic.state_dict())
        self.greedy = greedy
        self.reset()

    def reset(self) -> None:
        nn.init.zeros_(self.spare.bias)

    def value(self, x: torch.Tensor) -> torch.Tensor:
        return self.critic(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.actor(x)
        return found.argmax(-1) if self.greedy else found


def test_what_another_method_uses_is_trained_there() -> None:
    assert reported("PRM410", Policy, with_example=True) == ["spare.weight", "spare.bias"]
    assert reported("PRM410", lambda: Policy(greedy=True), with_example=True) == []
    assert reported("PRM103", lambda: Policy(greedy=True), with_example=True) == []


class Discards(nn.Module):
    """It calls its layer and drops the result, or cuts it off."""

    def __init__(self, cut: bool) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(8, 8), nn.Linear(8, 2)
        self.cut = cut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        if self.cut:
            with torch.no_grad():
                self.head(x)
        else:
            self.head(x)
        return x


def test_a_result_that_is_dropped_was_not_detached() -> None:
    assert reported("PRM103", lambda: Discards(cut=True), with_example=True) == ["head.weight", "head.bias"]
    assert reported("PRM103", lambda: Discards(cut=False), with_example=True) == []
    assert reported("PRM410", lambda: Discards(cut=False), with_example=True) == ["head.weight", "head.bias"]


class TakesApart(nn.Module):
    """It takes a finished part in two, or gives one activation to two layers."""

    def __init__(self, whole: nn.Sequential) -> None:
        super().__init__()
        self.whole = whole
        self.rest = nn.Sequential(*list(whole)[1:])


def two_with_one_activation() -> nn.Module:
    act = nn.PReLU()
    return nn.ModuleList([nn.Sequential(nn.Linear(8, 8), act), nn.Sequential(nn.Linear(8, 8), act)])


def test_a_slice_of_a_sequence_was_taken_from_it() -> None:
    whole = lambda: nn.Sequential(nn.Flatten(), nn.LayerNorm(8), nn.Linear(8, 8))  # noqa: E731
    assert reported("PRM302", lambda: TakesApart(whole())) == []
    assert reported("PRM302", two_with_one_activation) == ["0.1"]


def local_class(held_by_class: bool) -> Factory:
    part = nn.Linear(8, 8)

    class Local(nn.Module):
        kept = [part] if held_by_class else []

        def __init__(self) -> None:
            super().__init__()
            self.part = part

    return Local


def test_a_method_of_a_local_class_holds_nothing_for_the_class() -> None:
    assert reported("PRM304", local_class(held_by_class=True)) != []
    assert reported("PRM304", local_class(held_by_class=False)) == []


class Wrapper(nn.Module):
    """It asks what it is about to register for every attribute that it has not."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.ReLU()
        self.layers = nn.ModuleDict({"a": nn.Linear(8, 8)})

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__["_modules"]:
            return self.__dict__["_modules"][name]
        return getattr(self.__dict__["_modules"]["layers"]["a"], name)


def test_a_module_is_not_asked_for_attributes_while_it_is_made() -> None:
    assert len(live_model(Wrapper).parameters) == 2
