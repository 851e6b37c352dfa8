"""Ties, aliases and views; what copies and loads do to them; what is reachable and not registered."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from torch import nn

from paramlint.live.construct import live_model
from paramlint.live.questions.optimizer_coverage import coverage
from paramlint.live.questions.sharing.shared_tensors import survival


class Tied(nn.Module):
    def __init__(self, how: str = "identity") -> None:
        super().__init__()
        self.embedding = nn.Embedding(6, 4)
        self.head = nn.Linear(4, 6, bias=False)
        if how == "identity":
            self.head.weight = self.embedding.weight
        if how == "rewrap":
            self.head.weight = nn.Parameter(self.embedding.weight)
        if how == "data":
            self.head.weight.data = self.embedding.weight.data
        if how == "transposed":
            self.projection = nn.Parameter(self.embedding.weight.detach().T)


BOTH = ("embedding.weight", "head.weight")


def test_one_object_under_two_names_is_a_tie():
    model = live_model(Tied)
    assert [tie.names for tie in model.ties] == [BOTH]
    assert model.aliases == ()
    assert len(model.parameters) == 1


def test_a_shared_module_has_all_its_names():
    def build() -> nn.Module:
        layer = nn.Linear(2, 2, bias=False)
        return nn.Sequential(layer, layer)

    assert [tie.names for tie in live_model(build).ties] == [("0.weight", "1.weight")]


def test_a_parameter_that_is_optimized_twice():
    layer = nn.Linear(2, 2, bias=False)
    optimizer = torch.optim.SGD([layer.weight], lr=0.1)
    optimizer.param_groups[0]["params"].append(layer.weight)
    assert coverage(layer, [optimizer]).repeated == (("weight", "weight"),)


@pytest.mark.parametrize(("how", "by_data"), [("rewrap", False), ("data", True)])
def test_two_objects_on_one_memory_are_an_alias(how, by_data):
    model = live_model(lambda: Tied(how))
    assert model.ties == ()
    assert [(alias.names, alias.by_data) for alias in model.aliases] == [(BOTH, by_data)]


def test_a_transposed_view_is_an_alias():
    (alias,) = live_model(lambda: Tied("transposed")).aliases
    assert set(alias.names) == {"embedding.weight", "projection"}


def test_disjoint_views_are_neither():
    whole = torch.randn(8, 4)
    model = live_model(lambda: nn.ParameterList([nn.Parameter(whole[:4]), nn.Parameter(whole[4:])]))
    assert (model.ties, model.aliases) == ((), ())
    interleaved = live_model(lambda: nn.ParameterList([nn.Parameter(whole[::2]), nn.Parameter(whole[1::2])]))
    assert interleaved.aliases == ()


def lost(how: str) -> dict[str, bool]:
    model = live_model(lambda: Tied(how))
    assert [done.error for done in model.survival] == [""] * len(model.survival)
    return {done.operation: bool(done.lost) for done in model.survival}


def test_what_a_tie_survives():
    assert lost("identity") == {
        "deepcopy": False,
        "pickle": False,
        "to(bfloat16)": False,
        "to_empty": True,
        "load_state_dict": False,
        "load_state_dict(assign=True)": False,
    }


@pytest.mark.parametrize("how", ["rewrap", "data"])
def test_what_an_alias_survives(how):
    assert lost(how) == {
        "deepcopy": True,
        "pickle": False,
        "to(bfloat16)": True,
        "to_empty": True,
        "load_state_dict": False,
        "load_state_dict(assign=True)": False,
    }


def test_an_operation_that_fails_says_why():
    class Stubborn(Tied):
        def __deepcopy__(self, memo: Any) -> Any:
            raise RuntimeError("no copies")

    (failed,) = [done for done in survival(Stubborn()) if done.operation == "deepcopy"]
    assert failed.error == "RuntimeError: no copies"


def test_a_tie_that_is_replaced_is_remembered():
    def build() -> nn.Module:
        model = Tied()
        model.head.weight = nn.Parameter(torch.zeros(6, 4))
        return model

    assert [name for _, _, name in live_model(build).broken_ties] == ["head.weight"]


def test_a_parametrization_moves_a_parameter_and_breaks_no_tie():
    model = live_model(lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)))
    assert model.broken_ties == ()


def holding(hide: Any) -> Any:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 2)
            hide(self)

    return Holder


class Box:
    def __init__(self, content: Any) -> None:
        self.content = content


HIDDEN: dict[str, tuple[Any, str, str]] = {
    "list": (lambda m: setattr(m, "a", [nn.Linear(2, 2)]), "a[0]", "container"),
    "dict in tuple": (lambda m: setattr(m, "a", ({"k": nn.Linear(2, 2)},)), "a[0]['k']", "container"),
    "object": (lambda m: setattr(m, "a", Box(nn.Linear(2, 2))), "a.content", "object"),
    "list in object": (lambda m: setattr(m, "a", Box([nn.Linear(2, 2)])), "a.content[0]", "object"),
    "partial": (lambda m: setattr(m, "a", functools.partial(nn.Linear(2, 2))), "a.func", "closure"),
    "tensor": (lambda m: setattr(m, "a", torch.ones(2, requires_grad=True)), "a", "attribute"),
    "computed": (lambda m: setattr(m, "a", nn.Parameter(torch.ones(2)) * 2), "a", "attribute"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_is_hidden_is_found(how):
    hide, path, through = HIDDEN[how]
    model = live_model(holding(hide))
    assert [(found.path, found.through) for found in model.unregistered] == [(path, through)]


def test_a_closure_and_a_bound_method_hide():
    def hide(model: Any) -> None:
        layer, other = nn.Linear(2, 2), nn.Linear(2, 2)
        model.a = lambda x: layer(x)
        model.b = other.forward

    assert [found.path for found in live_model(holding(hide)).unregistered] == ["a.<layer>", "b.__self__"]


BENIGN: dict[str, Any] = {
    "the module's own, grouped": lambda m: setattr(m, "a", [m.layer]),
    "computed from its own": lambda m: setattr(m, "a", m.layer.weight * 2),
    "without parameters": lambda m: setattr(m, "a", [nn.ReLU()]),
    "frozen": lambda m: setattr(m, "a", [nn.Linear(2, 2).requires_grad_(False)]),
    "its parent": lambda m: m.layer.__dict__.update(parent=[m]),
    "a cycle": lambda m: setattr(m, "a", [m.__dict__]),
}


@pytest.mark.parametrize("how", BENIGN)
def test_what_is_registered_or_harmless_is_not_found(how):
    model = live_model(holding(BENIGN[how]))
    assert [found.path for found in model.unregistered if found.is_trainable] == []


class Counts(Tied):
    def forward(self, index: torch.Tensor) -> torch.Tensor:
        scale = 2.0 if self.head.weight is self.embedding.weight else 1.0
        return self.head(self.embedding(index)) * (scale if self.differs_when_tied else 1.0)

    differs_when_tied = False


class CountsTwice(Counts):
    differs_when_tied = True


def test_a_tied_gradient_is_the_sum_over_its_places():
    (difference,) = live_model(Counts, example=lambda: torch.arange(6)).tied_gradients.values()
    assert difference < 1e-6
    (difference,) = live_model(CountsTwice, example=lambda: torch.arange(6)).tied_gradients.values()
    assert difference == pytest.approx(0.5)
    assert live_model(lambda: nn.Linear(2, 2), example=lambda: torch.ones(1, 2)).tied_gradients == {}


def test_instances_that_share_through_a_default_argument():
    class Shares(nn.Module):
        def __init__(self, act: nn.Module = nn.PReLU()) -> None:  # noqa: B008
            super().__init__()
            self.act = act
            self.layer = nn.Linear(2, 2)

    model = live_model(Shares)
    assert model.shared_with_twin == ("act.weight",)
    assert [(found.attribute, found.through) for found in model.held_by_classes] == [("act", "default argument")]
    assert live_model(Tied).shared_with_twin == ()


def test_leaves_of_the_graph_find_a_global():
    scale = nn.Parameter(torch.ones(2))

    class UsesGlobal(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x) * scale

    forward = live_model(UsesGlobal, example=lambda: torch.ones(3, 2)).forward
    assert forward is not None
    assert [leaf is scale for leaf in forward.foreign] == [True]


def test_an_example_that_fails_is_said_and_hides_nothing_else():
    model = live_model(Tied, example=lambda: torch.ones(3, 2))
    assert model.forward is not None and "NotImplementedError" in model.forward.error
    assert "the example failed" in model.degraded[0]


def test_a_pass_leaves_buffers_and_modes_as_they_were():
    model = live_model(lambda: nn.BatchNorm1d(2).eval(), example=lambda: torch.ones(3, 2) * 5)
    assert model.forward is not None and model.forward.error == ""
    assert model.module.running_mean.tolist() == [0, 0]
    assert not model.module.training
