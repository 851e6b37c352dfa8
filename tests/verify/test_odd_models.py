"""Models of unusual build, in pairs: what is wrong in one is right in its twin, and only the first is reported."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.optim.swa_utils import AveragedModel  # noqa: E402

from paramlint.engine.catalogue import select  # noqa: E402
from paramlint.frontends.cli.main import main  # noqa: E402
from paramlint.live.build.build_error import BuildError  # noqa: E402
from paramlint.live.construct import live_model  # noqa: E402
from paramlint.verify.judge.prove import prove  # noqa: E402


def example() -> torch.Tensor:
    return torch.linspace(0.1, 1.0, 16).reshape(2, 8)


def reported(code: str, factory: Callable[[], nn.Module]) -> list[str]:
    """The parameters, or paths, of which the rule's runtime half says something."""
    model = live_model(factory, example=example)
    assert model.degraded == ()
    return [found.proof.parameter for found in prove(model, select((code,), preview=True))]


@dataclass
class Tables:
    rope: torch.Tensor
    width: int = 8


class Pair(NamedTuple):
    mask: torch.Tensor
    width: int


class Moved(nn.Module):
    """Tensors that an object of the model's holds, moved where they are used."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.tables = Tables(torch.arange(8.0))
        self.pair = Pair(torch.arange(8.0), 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.tables.rope.to(x.device) * self.pair.mask.to(x)


class InDataclass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.tables = Tables(torch.arange(8.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.tables.rope


class InLists(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.tables = {"sine": [(torch.arange(8.0), 1)]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + self.tables["sine"][0][0]


def test_tensors_inside_of_what_an_attribute_holds_stay_behind() -> None:
    assert reported("PRM408", InDataclass) == ["tables.rope"]
    assert reported("PRM408", InLists) == ["tables['sine'][0][0]"]


def test_tensors_that_are_moved_where_they_are_used_do_not() -> None:
    assert reported("PRM408", Moved) == []


class Stacked(nn.Module):
    def __init__(self, make: Callable[[], list[torch.Tensor]]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack(make()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight.sum(0)


def one_draw() -> list[torch.Tensor]:
    return [nn.Linear(8, 8).weight.data] * 4


def four_draws() -> list[torch.Tensor]:
    return [nn.init.xavier_uniform_(torch.empty(8, 8)) for _ in range(4)]


def the_same_constants() -> list[torch.Tensor]:
    return [torch.eye(8)] * 4


def zeros_and_a_draw() -> list[torch.Tensor]:
    return [torch.zeros(8, 8), torch.randn(8, 8)]


def test_experts_that_are_stacked_from_one_draw_start_alike() -> None:
    assert reported("PRM307", lambda: Stacked(one_draw)) == ["weight"]
    for right in (four_draws, the_same_constants, zeros_and_a_draw):
        assert reported("PRM307", lambda right=right: Stacked(right)) == []


def test_what_is_stacked_of_constants_and_draws_is_neither() -> None:
    weight = live_model(lambda: Stacked(zeros_and_a_draw)).by_name["weight"]
    assert weight.init is not None
    assert weight.init.kind == "computed"
    assert weight.expected is None


class Averaged(nn.Module):
    def __init__(self, copies: bool) -> None:
        super().__init__()
        self.net = nn.Linear(8, 8)
        self.average = AveragedModel(self.net) if copies else nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


class Deep(nn.Module):
    """A target that is a copy of a whole subtree, and that only another loss reads."""

    def __init__(self) -> None:
        super().__init__()
        self.online = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
        self.slow = copy.deepcopy(self.online)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.online(x)


def test_averages_and_targets_need_no_gradient() -> None:
    assert reported("PRM410", lambda: Averaged(copies=False)) == ["average.weight", "average.bias"]
    assert reported("PRM410", lambda: Averaged(copies=True)) == []
    assert reported("PRM410", Deep) == []


HANDED_ON = """\
from torch import nn


def fill(initialise, tensors):
    for tensor in tensors:
        initialise(tensor)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        fill(nn.init.xavier_uniform_, self.parameters())
"""


def test_what_torch_raises_of_a_vector_is_the_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.py").write_text(HANDED_ON)
    status = main(["verify", "--isolated", f"{tmp_path / 'net.py'}:Net", "--output-format", "json"])
    document = json.loads(capsys.readouterr().out)
    (found,) = (document[0] if isinstance(document, list) else document)["findings"]
    assert (status, found["code"], found["verdict"], found["location"]["row"]) == (2, "PRM210", "confirmed", 6)


INFINITE = """\
import math

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        mask = torch.empty(4, 4)
        mask.fill_(float("-inf")).triu_(1)
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("best", torch.full((4,), math.inf))
        self.register_buffer("unknown", torch.full((4,), math.nan))
        self.layer = nn.Linear(4, 4)
        nn.init.constant_(self.layer.weight, math.inf)
        self.large = nn.Parameter(torch.randn(4, 4).double() * 1e300)

    def forward(self, x):
        return self.layer(x) + self.large


def example():
    return torch.randn(4, 4)
"""


def test_infinities_and_nan_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.py"
    path.write_text(INFINITE)
    call = ["verify", "--isolated", f"{path}:Net", "--example", f"{path}:example", "--show", "*", "--confirm"]
    status = main([*call, "--output-format", "json"])
    document = json.loads(capsys.readouterr().out)
    document = document[0] if isinstance(document, list) else document
    given = {one["name"]: one["init"]["arguments"] for one in (*document["buffers"], *document["parameters"])}
    assert (status, document["outcome"]["status"]) == (0, "ok")
    assert (given["mask"]["value"], given["best"]["fill_value"], given["unknown"]["fill_value"]) == (
        "-inf",
        "inf",
        "nan",
    )
    assert given["layer.weight"]["val"] == "inf"
    assert {one["name"]: set(one["statistics"]) for one in document["shown"]}["layer.weight"] == {"finite"}
    assert main(call) == 0


def test_the_one_model_among_what_a_factory_returns() -> None:
    made = [nn.Linear(4, 4), {"rate": 0.1}, "tokenizer"]
    for factory in (lambda: tuple(made), lambda: made, lambda: {"model": made[0], "rest": made[1:]}):
        assert list(live_model(factory).by_name) == ["weight", "bias"]  # type: ignore[arg-type]
    with pytest.raises(BuildError, match="a tuple with 2 models: return one of them"):
        live_model(lambda: (nn.Linear(4, 4), nn.Linear(4, 4)))  # type: ignore[arg-type, return-value]
    with pytest.raises(BuildError, match="the factory returns tuple, not a"):
        live_model(lambda: (1, 2))  # type: ignore[arg-type, return-value]


class Gained(nn.Module):
    def __init__(self, is_filled: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.gain = nn.Parameter(torch.ones(4) if is_filled else torch.empty(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.gain


def test_a_scripted_model_is_asked_like_any_other() -> None:
    for is_filled, expected in ((True, []), (False, ["gain"])):
        scripted = live_model(
            lambda is_filled=is_filled: torch.jit.script(Gained(is_filled)), example=lambda: torch.ones(2, 4)
        )
        found = [one.proof.parameter for one in prove(scripted, select(preview=True))]
        assert (found, scripted.degraded) == (expected, ())


class MadeLate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.head is None:
            self.head = nn.Linear(4, 4)
        return self.head(x)


def test_what_a_pass_makes_is_reported_at_the_class_around_it() -> None:
    found, _ = prove(live_model(MadeLate, example=lambda: torch.ones(2, 4)), select(("PRM407",)))
    assert found.proof.parameter == "head.weight"
    assert (found.proof.owner, found.proof.attribute, found.proof.row) == (
        "MadeLate",
        "head",
        inspect.getsourcelines(MadeLate)[1],
    )


class Redrawn(nn.Module):
    """Its matrix is drawn by the layer and drawn again, as many are; what is missing is another finding."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        nn.init.orthogonal_(self.layer.weight)
        self.layer.bias = nn.Parameter(torch.empty(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_what_a_layer_draws_may_be_drawn_again() -> None:
    assert reported("PRM207", Redrawn) == []
    assert reported("PRM201", Redrawn) == ["layer.bias"]


class Wrapping:
    """A schedule around an optimizer, as they were written before torch had any."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer


def test_an_optimizer_is_what_holds_groups() -> None:
    def sgd(model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(model.parameters(), lr=0.1)

    def wrapped(model: nn.Module) -> Any:
        return {"step": Wrapping(held := sgd(model)), "of": held}

    model = live_model(lambda: nn.Linear(4, 4), optimizer=wrapped)
    assert [one.rule.code for one in prove(model, select(("PRM704", "PRM708")))] == []
    for useless in (lambda model: lambda: sgd(model), lambda _: torch.optim.SGD, lambda _: None, lambda _: []):
        with pytest.raises(BuildError, match=r"the factory of the optimizer returns .+, not an optimizer"):
            live_model(lambda: nn.Linear(4, 4), optimizer=useless)  # type: ignore[arg-type, return-value]


class Leaves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise SystemExit(f"no {x.dtype}")


def test_a_pass_that_ends_the_program_is_no_pass() -> None:
    model = live_model(Leaves, example=example)
    assert [one.proof.parameter for one in prove(model, select(("PRM201",)))] == ["scale"]
    assert model.degraded == ("the example failed: SystemExit: no torch.float32",)
