"""Each rule's runtime half: a model that it must report, and one that it must not."""

from __future__ import annotations

import collections
import copy
import inspect
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.nn.utils import parametrizations

from paramlint.engine.catalogue import RULES
from paramlint.knowledge.frameworks import TORCH
from paramlint.live.construct import live_model
from paramlint.live.laws import laws
from paramlint.verify.judge.prove import prove


@dataclass
class Case:
    """A factory that must be reported at `names`, one that must not, and how both are verified."""

    bad: Callable[[], nn.Module]
    good: Callable[[], nn.Module]
    names: list[str]
    options: dict[str, Any] = field(default_factory=dict)


CASES: dict[str, list[Case]] = {}


def case(code: str, bad: Callable[[], nn.Module], good: Callable[[], nn.Module], *names: str, **options: Any) -> None:
    CASES.setdefault(code, []).append(Case(bad, good, list(names), options))


def proofs(code: str, factory: Callable[[], nn.Module], one: Case) -> list[Any]:
    model = live_model(factory, **one.options)
    assert model.degraded == ()
    return [found.proof for found in prove(model, [rule for rule in RULES if rule.code == code])]


def example() -> torch.Tensor:
    return torch.linspace(0.1, 1.0, 12).reshape(3, 4)


# 1xx, 2xx: values and initialisation.


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(4))
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.weight


class InitialisedScale(Scale):
    def __init__(self) -> None:
        super().__init__()
        nn.init.ones_(self.weight)


class DetachedScale(InitialisedScale):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.weight.data


class HalfScale(Scale):
    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            self.weight[:2] = 1


class TaintedScale(InitialisedScale):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(4) * 0.02)


class MissedByInitWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("mask", torch.ones(4))

    def init_weights(self) -> None:
        nn.init.normal_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)


class CoveredByInitWeights(MissedByInitWeights):
    def init_weights(self) -> None:
        super().init_weights()
        nn.init.ones_(self.scale)
        self.mask.fill_(1)


class Positions(nn.Module):
    def __init__(self, zeroed: bool) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(6, 4), requires_grad=False)
        self.positions.data.copy_(torch.arange(6.0)[:, None].sin() * torch.arange(4.0).cos())
        if zeroed:
            nn.init.zeros_(self.positions)


class Pair(nn.Module):
    def __init__(self, copied_and_pasted: bool) -> None:
        super().__init__()
        self.key = nn.Parameter(torch.empty(4, 4))
        self.value = nn.Parameter(torch.empty(4, 4))
        nn.init.normal_(self.key)
        nn.init.normal_(self.key if copied_and_pasted else self.value)


class Norms(nn.Module):
    def __init__(self, copied_and_pasted: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        nn.init.constant_(self.norm.weight, 1)
        nn.init.constant_(self.norm.weight if copied_and_pasted else self.norm.bias, 1)


def drawn(layer: nn.Linear, gain: float) -> nn.Linear:
    nn.init.orthogonal_(layer.weight, gain)
    return layer


class WrappedPolicy(nn.Module):
    """A policy whose layers have gains of their own, and a wrapper that draws all of them anew, or its own only."""

    def __init__(self, all_anew: bool) -> None:
        super().__init__()
        self.body = drawn(nn.Linear(4, 4), 1.5)
        self.head = drawn(nn.Linear(4, 2), 0.01)
        self.memory = nn.Linear(4, 4)
        for name, parameter in self.named_parameters():
            if name.endswith("weight") and (all_anew or "memory" in name):
                nn.init.orthogonal_(parameter, 1.0)


class DrawnThenZero(nn.Module):
    def __init__(self, copied_and_pasted: bool) -> None:
        super().__init__()
        self.score = nn.Linear(4, 4)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(self.score.weight if copied_and_pasted else self.score.bias, 0)


class RunningMean(nn.Module):
    """A running mean of what a layer gives, with or without its graph."""

    def __init__(self, with_graph: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.with_graph = with_graph
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("last", torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = self.layer(x).mean(0)
        self.last = mean  # replaced, so that no graph grows
        self.mean = 0.9 * self.mean + 0.1 * (mean if self.with_graph else mean.detach())
        return self.layer(x) - self.mean.detach()


class Adapter(nn.Module):
    def __init__(self, zero: bool, gate: bool = False) -> None:
        super().__init__()
        self.lora_A = nn.Linear(4, 2, bias=False)
        self.lora_B = nn.Linear(2, 4, bias=False)
        if zero:
            nn.init.zeros_(self.lora_B.weight)
        if gate:
            self.gate = nn.Parameter(torch.zeros(1))


class NamedAdapters(nn.Module):
    """Factors by the name of the adapter, as PEFT keeps them."""

    def __init__(self, zero: bool) -> None:
        super().__init__()
        self.base_layer = nn.Linear(4, 4)
        self.lora_A = nn.ModuleDict({"default": nn.Linear(4, 2, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(2, 4, bias=False)})
        if zero:
            nn.init.zeros_(self.lora_B["default"].weight)


def edited_through_data(before: bool) -> Callable[[], nn.Module]:
    """A layer whose weight is drawn through `.data` before or after weight norm."""

    def factory() -> nn.Module:
        layer = nn.Linear(4, 4)
        if before:
            layer.weight.data.normal_(0.0, 0.01)
        layer = parametrizations.weight_norm(layer)
        if not before:
            layer.weight.data.normal_(0.0, 0.01)
        return layer

    return factory


class Language(nn.Module):
    """An embedding tied to a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(6, 4)
        self.head = nn.Linear(4, 6, bias=False)
        self.head.weight = self.embed.weight


def replaced(part: str, layer: Callable[[], nn.Module], tie_again: bool = False) -> Callable[[], nn.Module]:
    def factory() -> nn.Module:
        model = Language()
        setattr(model, part, layer())
        if tie_again:
            model.head.weight = model.embed.weight
        return model

    return factory


def loaded(assign: bool) -> Callable[[], nn.Module]:
    def factory() -> nn.Module:
        model = Language()
        model.load_state_dict({name: tensor.clone() for name, tensor in model.state_dict().items()}, assign=assign)
        return model

    return factory


class FromEmptyArray(nn.Module):
    """A parameter on the memory of an array that is filled, or not."""

    def __init__(self, filled: bool) -> None:
        super().__init__()
        array = np.empty((8, 8), dtype=np.float32)
        if filled:
            array[:] = 0.5
        self.weight = nn.Parameter(torch.from_numpy(array))


class Masked(nn.Module):
    def __init__(self, mask: torch.Tensor = torch.ones(4)) -> None:  # noqa: B008 - the fault
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("mask", mask)


class MaskedAnew(nn.Module):
    def __init__(self, mask: torch.Tensor = torch.ones(4)) -> None:  # noqa: B008 - the fault
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("mask", mask.clone())


class StackedExperts(nn.Module):
    """Three experts in one tensor: copies of one, or drawn apart."""

    def __init__(self, alike: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4).repeat(3, 1, 1) if alike else torch.randn(3, 4, 4))


class Seeded(nn.Module):
    """Two layers, with the generator seeded before each, or before the first."""

    def __init__(self, again: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(4, 4, bias=False)
        if again:
            torch.manual_seed(0)
        self.second = nn.Linear(4, 4, bias=False)


class DrawnOver(nn.Module):
    """A table of computed values, which an initialisation of all matrices replaces, or leaves alone."""

    def __init__(self, all_of_them: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.table = nn.Parameter(torch.arange(6.0)[:, None].sin() * torch.arange(4.0).cos())
        for parameter in self.parameters() if all_of_them else self.layer.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        _, weight = ctx.saved_tensors
        return gradient @ weight.T, None


class OwnFunction(nn.Module):
    """A product whose own backward forgets the weight, or torch's."""

    def __init__(self, own: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.weight = nn.Parameter(torch.randn(4, 4))
        self.own = own

    def forward(self, x: torch.Tensor) -> Any:
        return Product.apply(self.layer(x), self.weight) if self.own else self.layer(x) @ self.weight


def filled(layer: nn.Linear, value: float) -> nn.Linear:
    nn.init.constant_(layer.weight, value)
    return layer


def two_layers(first: float | None, second: float | None) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layers = [nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)]
        for layer, value in zip(layers, [first, second], strict=True):
            if value is not None:
                filled(layer, value)
        return nn.Sequential(layers[0], nn.ReLU(), layers[1])

    return build


def initialised(init: Callable[[torch.Tensor], object], *after: nn.Module) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Linear(4, 4)
        init(layer.weight)
        return nn.Sequential(layer, *after)

    return build


def embedding(keep_padding: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Embedding(6, 4, padding_idx=2)
        nn.init.normal_(layer.weight)
        if keep_padding:
            with torch.no_grad():
                layer.weight[2].fill_(0)
        return layer

    return build


def lazy_head(is_lazy: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 4), nn.LazyLinear(2) if is_lazy else nn.Linear(4, 2))
        for layer in model:
            if type(layer) is nn.Linear:
                nn.init.xavier_uniform_(layer.weight)
        return model

    return build


def weight_normed(init_first: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Linear(8, 8)
        if init_first:
            nn.init.kaiming_normal_(layer.weight)
        layer = parametrizations.weight_norm(layer)
        if not init_first:
            nn.init.kaiming_normal_(layer.weight)
        return layer

    return build


def hollow() -> nn.Module:
    """The seed of the declared law: uniform, with nothing between -5 and 5."""
    layer = nn.Linear(40, 40, bias=False)
    nn.init.uniform_(layer.weight, -10, 10)
    with torch.no_grad():
        layer.weight[layer.weight.abs() < 5] = 0
    return layer


def _spread_(tensor: torch.Tensor) -> None:
    """An initialiser that another one calls."""
    with torch.no_grad():
        tensor.normal_(0, 0.02)


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.apply(self._init_weights)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            _spread_(module.weight)
            nn.init.zeros_(module.bias)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.reset()

    def reset(self) -> None:
        _spread_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)


def orthogonalise(tensor: torch.Tensor) -> None:
    nn.init.orthogonal_(tensor)


class Halves(nn.Module):
    """Two layers and a helper for their weights."""

    def __init__(self, second: str, bias: bool = False) -> None:
        super().__init__()
        self.left = nn.Linear(4, 4, bias=bias)
        self.right = nn.Linear(4, 4, bias=bias)
        orthogonalise(self.left.weight)
        orthogonalise(getattr(self, second).weight)


class SpecialHalf(nn.Module):
    """One layer begins at zero: another initialisation, on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 4, bias=False)
        self.right = nn.Linear(4, 4, bias=False)
        nn.init.orthogonal_(self.left.weight)
        nn.init.zeros_(self.left.weight)


class Stages(nn.Module):
    """Resets its first stage twice, and the other one perhaps never."""

    def __init__(self, is_reset: bool, kind: type[nn.Module] = Residual) -> None:
        super().__init__()
        self.before = nn.ModuleList([Residual(), Residual()])
        self.after = nn.ModuleList([kind()])
        self.reset(is_reset)

    def reset(self, is_reset: bool) -> None:
        for stage in self.before:
            stage.reset()
        if is_reset:
            for stage in self.after:
                stage.reset()
        for stage in self.before:
            stage.reset()


class ResetAgain(Stages):
    """Resets all by one line, and then again by another one."""

    def __init__(self) -> None:
        super().__init__(True)
        self.reset(True)

    def reset(self, is_reset: bool) -> None:
        for stage in (*self.before, *self.after):
            stage.reset()


class Outer(Inner):
    """Initialises its parts a second time, all of them, as models of several levels do."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()
        self.apply(self._start)

    def _start(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
            _spread_(module.weight)
            nn.init.zeros_(module.bias)


case("PRM103", DetachedScale, InitialisedScale, "weight", example=example)
case("PRM201", Scale, InitialisedScale, "weight")
case("PRM201", TaintedScale, InitialisedScale, "weight")
case("PRM203", lambda: nn.Linear(4, 4, device="meta").to_empty(device="cpu"), lambda: nn.Linear(4, 4), "weight", "bias")
case("PRM202", HalfScale, InitialisedScale, "weight")
case("PRM203", MissedByInitWeights, CoveredByInitWeights, "scale", "mask", preset="meta")
case("PRM203", Scale, CoveredByInitWeights, preset="meta")  # never written at all is PRM201's
case("PRM207", lambda: Positions(True), lambda: Positions(False), "positions")
case("PRM207", lambda: Pair(True), lambda: Pair(False), "key")
case("PRM207", lambda: Norms(True), lambda: Norms(False), "norm.weight")
case("PRM207", lambda: Norms(True), Outer, "norm.weight")
case("PRM207", lambda: Stages(False), lambda: Stages(True), "before")
case("PRM207", lambda: Stages(False), lambda: Stages(False, Inner), "before")
case("PRM207", lambda: Halves("left"), lambda: Halves("right"), "left")
case("PRM207", lambda: Halves("left"), SpecialHalf, "left")
case("PRM207", lambda: Halves("left", bias=True), lambda: Halves("right", bias=True), "left.weight", "left")
case("PRM207", lambda: nn.Sequential(Stages(False)), ResetAgain, "0.before")
case("PRM212", two_layers(0.1, 0.1), two_layers(None, 0.0), "0.weight", example=example)
case("PRM212", two_layers(0.1, None), two_layers(0.0, None), "0.weight")
case("PRM212", two_layers(0.1, None), lambda: filled(nn.Linear(1, 4), 1.0), "0.weight")


class Adapters(nn.Module):
    """A tall and a wide factor, and two tables of which neither is multiplied with the other."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.down = nn.ParameterDict({"main": nn.Parameter(torch.full((2, 6), start))})
        self.up = nn.ParameterDict({"main": nn.Parameter(torch.zeros(5, 2))})
        self.rows, self.columns = nn.Parameter(torch.zeros(7, 6)), nn.Parameter(torch.zeros(8, 6))
        self.scale, self.shift = nn.Parameter(torch.zeros(1, 6)), nn.Parameter(torch.zeros(5, 1))


case("PRM212", lambda: Adapters(0.0), lambda: Adapters(0.5), "down.main")
case(
    "PRM213",
    initialised(lambda w: nn.init.xavier_normal_(w, gain=5 / 3), nn.ReLU()),
    initialised(nn.init.kaiming_normal_, nn.ReLU()),
    "0.weight",
)
case(
    "PRM213",
    initialised(nn.init.kaiming_normal_, nn.Tanh()),
    initialised(lambda w: nn.init.xavier_normal_(w, gain=5 / 3), nn.Tanh()),
    "0.weight",
    example=example,
)
case("PRM214", embedding(False), embedding(True), "weight")
case("PRM217", lazy_head(True), lazy_head(False), "1.weight")
case("PRM207", lambda: WrappedPolicy(True), lambda: WrappedPolicy(False), "body.weight", "head.weight")
case("PRM207", lambda: DrawnThenZero(True), lambda: DrawnThenZero(False), "score.weight")
case("PRM218", weight_normed(False), weight_normed(True), "weight")
case("PRM201", lambda: FromEmptyArray(False), lambda: FromEmptyArray(True), "weight")
case("PRM207", lambda: DrawnOver(True), lambda: DrawnOver(False), "table")
case("PRM303", lambda: nn.Sequential(Masked(), Masked()), lambda: nn.Sequential(MaskedAnew(), MaskedAnew()), "0.mask")
case("PRM307", lambda: StackedExperts(True), lambda: StackedExperts(False), "weight")
case("PRM307", lambda: Seeded(True), lambda: Seeded(False), "second.weight")
case("PRM410", lambda: OwnFunction(True), lambda: OwnFunction(False), "weight", example=example)
case(
    "PRM503",
    replaced("embed", lambda: nn.Embedding(8, 4)),
    replaced("embed", lambda: nn.Embedding(8, 4), tie_again=True),
    "embed.weight",
)
case("PRM503", replaced("embed", lambda: nn.Embedding(6, 4)), replaced("head", lambda: nn.Linear(4, 2)), "embed.weight")
case("PRM503", loaded(assign=True), loaded(assign=False), "head.weight")
case("PRM218", edited_through_data(False), edited_through_data(True), "weight")
case("PRM223", lambda: Adapter(False), lambda: Adapter(True), "lora_B.weight")
case("PRM223", lambda: Adapter(False), lambda: Adapter(False, gate=True), "lora_B.weight")
case("PRM223", lambda: NamedAdapters(False), lambda: NamedAdapters(True), "lora_B.default.weight")
case("PRM412", lambda: RunningMean(True), lambda: RunningMean(False), "mean", example=example)


# 3xx: sharing.


def repeated(times: int, fresh: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Linear(4, 4)
        return nn.Sequential(*[nn.Linear(4, 4) if fresh else layer for _ in range(times)])

    return build


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first


class TiedTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first  # tied on purpose


class DefaultActivation(nn.Module):
    def __init__(self, act: nn.Module = nn.PReLU()) -> None:  # noqa: B008
        super().__init__()
        self.act = act


class OwnActivation(nn.Module):
    def __init__(self, act: nn.Module | None = None, norm: nn.Module = nn.ReLU()) -> None:  # noqa: B008
        super().__init__()
        self.act = nn.PReLU() if act is None else act
        self.norm = norm


class OfTheClass(nn.Module):
    head = nn.Linear(4, 4)
    act = nn.ReLU()


class OfTheInstance(nn.Module):
    act = nn.ReLU()

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)


class InAList(nn.Module):
    heads = (nn.Linear(4, 4),)


class Listed(nn.Module):
    """A class that knows its instances."""

    instances: ClassVar[list[nn.Module]] = []

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)
        Listed.instances.append(self)


class KeptByKey(nn.Module):
    made: ClassVar[dict[int, nn.Module]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.head = self.made.setdefault(id(self), nn.Linear(4, 4))


def keyed(one: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Linear(4, 4)
        return nn.ModuleDict({key: layer if one else nn.Linear(4, 4) for key in "ab"})

    return build


def copied(how: Callable[[nn.Module], nn.Module]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        layer = nn.Linear(4, 4)
        return nn.Sequential(layer, how(layer))

    return build


class CopiedByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head, self.extra = nn.Linear(4, 4), nn.Linear(4, 4)
        self.extra.load_state_dict(self.head.state_dict())


class Reset(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(4, 4)
        self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(3))
        for layer in self.layers:
            layer.reset_parameters()


LIBRARY: list[nn.Module] = []


class FromLibrary(nn.Module):
    """Two heads that each start as the pretrained one, which the library goes on to hold."""

    def __init__(self) -> None:
        super().__init__()
        encoder = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        LIBRARY.append(encoder)
        self.first, self.second = (copy.deepcopy(encoder[1]) for _ in range(2))


class FromPrototype(FromLibrary):
    def __init__(self) -> None:
        super().__init__()
        LIBRARY.clear()


TEACHER = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))


class Student(nn.Module):
    def __init__(self, borrows: bool) -> None:
        super().__init__()
        self.body = TEACHER[0] if borrows else nn.Linear(4, 4)
        self.head = nn.Linear(4, 4)


class Step(nn.Module):
    """Gives a stack a norm of its own, or keeps one beside the stack; a head is replaced once."""

    def __init__(self, stack: nn.Module, beside: bool) -> None:
        super().__init__()
        self.stack = stack  # shared on purpose
        if beside:
            self.norm = nn.LayerNorm(4)
        else:
            stack.norm = nn.LayerNorm(4)


def steps(beside: bool) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        stack = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
        stack[1] = nn.LayerNorm(4)
        return nn.ModuleList(Step(stack, beside) for _ in range(3))

    return build


class Deep(nn.Module):
    def __init__(self, norms: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(4) for _ in range(norms - 1))
        self.norm = nn.LayerNorm(4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer, norm in zip(self.layers, [*self.norms, self.norm, self.norm], strict=False):
            x = layer(norm(x))
        return x


case("PRM302", lambda: Deep(1), lambda: Deep(2), "norm")
case("PRM302", steps(beside=False), steps(beside=True), "0.stack.norm")
case("PRM301", repeated(3, fresh=False), repeated(3, fresh=True), "0")
case("PRM302", Twice, TiedTwice, "first")
case("PRM302", Twice, repeated(3, fresh=False), "first")
case("PRM303", DefaultActivation, OwnActivation, "act")
case("PRM304", OfTheClass, OfTheInstance, "head")
case("PRM304", InAList, Listed, "heads[0]")
case("PRM304", InAList, KeptByKey, "heads[0]")
case("PRM305", keyed(True), keyed(False), "a")
case("PRM306", copied(copy.copy), copied(copy.deepcopy), "1")
case("PRM307", copied(copy.deepcopy), Reset, "0.weight", "0.bias")
case("PRM307", copied(copy.deepcopy), CopiedByHand, "0.weight", "0.bias")
case("PRM307", FromPrototype, FromLibrary, "first.weight", "first.bias")
case("PRM308", lambda: Student(True), lambda: Student(False), "body")


class Queries(nn.Module):
    def __init__(self, *, repeats: bool):
        super().__init__()
        row = torch.randn(1, 4)
        self.rows = nn.Parameter(row.expand(3, 4) if repeats else row.repeat(3, 1))
        self.one = nn.Parameter(row.expand(1, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.rows.t() + (x * self.one).sum()


case("PRM310", lambda: Queries(repeats=True), lambda: Queries(repeats=False), "rows")


# 4xx: registration.


class InAList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [nn.Linear(4, 4), nn.Linear(4, 4)]


class GroupedInAList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Linear(4, 4)
        self.blocks = [self.block, nn.ReLU()]
        self.frozen = [nn.Linear(2, 2).requires_grad_(False)]


class InAClosure(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(4, 4)
        self.apply_layer = lambda x: layer(x)


class ParametersInADict(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scales = {"a": nn.Parameter(torch.ones(3))}


class ParametersInAParameterDict(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterDict({"a": nn.Parameter(torch.ones(3))})
        self.order = [self.scales["a"]]


class NonLeaf(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3)) * 0.02


class ComputedFromOwn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.small = self.scale * 0.02


class PlainTensor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(3, requires_grad=True)


class PlainConstant(nn.Module):
    def __init__(self, as_buffer: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.unused = torch.ones(4)
        self.half = torch.tensor(0.5)
        if as_buffer:
            self.register_buffer("mask", torch.ones(4))
        else:
            self.mask = torch.ones(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.mask * self.half


def table(rows: int) -> torch.Tensor:
    return torch.arange(rows * 4.0).reshape(rows, 4).sin()


class FixedTable(nn.Module):
    """A table that somebody else makes; `forward` moves it on each call, or does not."""

    def __init__(self, moves: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        if moves:
            self.moved = table(3)
        else:
            self.still = table(3)
        self.moves = moves

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.moves:
            return self.layer(x) + self.moved.detach().type_as(x).to(device=x.device, copy=True)
        return self._placed(self.layer(x))

    def _placed(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.still


def shift(x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return x + bias if bias.requires_grad else x


class WithoutBias(nn.Module):
    """What stands for a bias that is not wanted goes to a function that does not compute with it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 4))
        self.bias = torch.zeros(4).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return shift(x @ self.weight, self.bias)


class MovesItself(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.mask = torch.ones(4)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> MovesItself:
        self.mask = fn(self.mask)
        return super()._apply(fn, recurse)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * self.mask


class CreatesInForward(nn.Module):
    def __init__(self, anew: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.anew = anew

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.anew:
            return self.layer(x) * nn.Parameter(torch.ones(4))
        return self.layer(x)


class RegistersInForward(CreatesInForward):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "scale"):
            self.scale = nn.Parameter(torch.ones(4))
        return self.layer(x) * self.scale


class ReplacesInForward(CreatesInForward):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.scale = nn.Parameter(torch.ones(4))
        return self.layer(x) * self.scale


class Unused(nn.Module):
    def __init__(self, use: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.extra = nn.Linear(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.use = use

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        return {"logits": (self.extra if self.use else F.relu)(self.layer(x)), "more": None}


case("PRM401", InAList, GroupedInAList, "blocks[0]")
case("PRM401", InAClosure, GroupedInAList, "apply_layer.<layer>")
case("PRM402", ParametersInADict, ParametersInAParameterDict, "scales['a']")
case("PRM403", NonLeaf, ComputedFromOwn, "scale")
case("PRM404", PlainTensor, ComputedFromOwn, "scale")
case("PRM407", lambda: CreatesInForward(True), lambda: CreatesInForward(False), "", example=example)
case("PRM407", lambda: RegistersInForward(True), lambda: nn.LazyLinear(4), "scale", example=example)
case("PRM407", lambda: ReplacesInForward(True), lambda: nn.LazyLinear(4), "scale", example=example)
case("PRM408", lambda: PlainConstant(False), lambda: PlainConstant(True), "mask", example=example)
case("PRM408", lambda: PlainConstant(False), lambda: PlainConstant(True), "mask")
case("PRM408", lambda: FixedTable(False), lambda: FixedTable(True), "still", example=example)
case("PRM408", lambda: FixedTable(False), lambda: FixedTable(True), "still")
case("PRM408", lambda: PlainConstant(False), WithoutBias, "mask", example=example)
case("PRM408", lambda: PlainConstant(False), WithoutBias, "mask")
case("PRM408", lambda: PlainConstant(False), MovesItself, "mask", example=example)
case("PRM408", lambda: PlainConstant(False), MovesItself, "mask")
case("PRM410", lambda: Unused(False), lambda: Unused(True), "extra.weight", "extra.bias", example=example)


# 5xx: ties.


class Tied(nn.Module):
    _tied_weights_keys = ("head.weight",)

    def __init__(self, how: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(6, 4)
        self.head = nn.Linear(4, 6, bias=False)
        self.config = SimpleNamespace(tie_word_embeddings=True)
        if how == "rewrap":
            self.head.weight = nn.Parameter(self.embedding.weight)
        if how == "data":
            self.head.weight.data = self.embedding.weight.data
        if how in ("identity", "then replaced"):
            self.head.weight = self.embedding.weight
        if how == "then replaced":
            self.head.weight = nn.Parameter(torch.randn(6, 4))

    def init_weights(self) -> None:
        self.embedding.reset_parameters()
        self.head.reset_parameters()


class TiedAgain(Tied):
    def init_weights(self) -> None:
        self.head.weight = self.embedding.weight
        super().init_weights()


class TiedByAnotherName(Tied):
    _tied_weights_keys = ("lm_head.weight",)


class Views(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        whole = torch.randn(8, 4)
        self.upper, self.lower = nn.Parameter(whole[:4]), nn.Parameter(whole[4:])


class Asked(nn.Module):
    """Its constructor takes options that ask for ties, and makes them or not."""

    def __init__(
        self, *, made: bool, tie_weights: bool = False, share_embeddings: bool = False, pairs: int = 1
    ) -> None:
        super().__init__()
        self.source = nn.Embedding(6, 4)
        self.target = nn.Embedding(6, 4)
        self.table = nn.Embedding(7, 4)
        self.heads = nn.ModuleList([nn.Linear(4, 7)])
        self.head = nn.Linear(4, 7, bias=False)
        if pairs > 1:
            self.second = nn.Linear(4, 7)
        if made:
            self.head.weight = self.table.weight
            self.target.weight = self.source.weight


class AskedByAnother(Asked):
    def __init__(self, tie_weights: bool) -> None:
        super().__init__(made=False)


class Misspelt(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        setattr(self.head, name, self.table.weight)


class TiedLayers(nn.Module):
    """Names that a layer counts are its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 4, 2)
        self.rnn.weight_ih_l1 = self.rnn.weight_ih_l0
        self.listed = nn.ParameterList([self.rnn.weight_hh_l0])


class Asking(nn.Module):
    """The option is its own, and the layers are those of a part."""

    def __init__(self, tie_weights: bool = True) -> None:
        super().__init__()
        self.part = Asked(made=False)


class Head(nn.Module):
    """Its vector stands for the bias of its layer, and is resized with it or not."""

    def __init__(self, n: int, resized: str) -> None:
        super().__init__()
        self.decoder = nn.Linear(4, 6, bias=False)
        self.offset = nn.Parameter(torch.zeros(6))
        self.scale = nn.Parameter(torch.ones(4))
        if "weight" in resized:
            self.decoder.weight = nn.Parameter(torch.randn(n, 4))
        if "packed" in resized:
            self.decoder.weight = nn.Parameter(torch.randn(n * 4, 1))
        if "bias" in resized:
            self.offset = nn.Parameter(torch.zeros(n))


def materialized(again: bool) -> nn.Module:
    """Tied on the meta device, in the factory itself, and perhaps once more afterwards."""
    with torch.device("meta"):
        model = Tied("identity")
    model.to_empty(device="cpu")
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    if again:
        model.head.weight = model.embedding.weight
    return model


case("PRM501", lambda: Tied("rewrap"), lambda: Tied("identity"), "head.weight")
case("PRM501", lambda: Tied("rewrap"), Views, "head.weight")
case("PRM502", lambda: Tied("data"), lambda: Tied("identity"), "head.weight")
case("PRM503", lambda: Tied("then replaced"), lambda: Tied("identity"), "head.weight")
case("PRM503", lambda: Head(9, "weight"), lambda: Head(9, "weight and bias"), "offset")
case("PRM503", lambda: Head(9, "weight"), lambda: Head(6, "weight"), "offset")
case("PRM503", lambda: Head(9, "weight"), lambda: Head(9, "packed"), "offset")
case("PRM504", lambda: Tied("identity"), lambda: TiedAgain("identity"), "head.weight", preset="meta")
case("PRM504", lambda: materialized(False), lambda: materialized(True), "head.weight")
case("PRM505", lambda: Tied("not"), lambda: Tied("identity"), "head.weight")
case("PRM505", lambda: Asked(made=False, tie_weights=True), lambda: Asked(made=True, tie_weights=True), "head.weight")
case("PRM505", lambda: Asked(made=False, tie_weights=True), lambda: Asked(made=False), "head.weight")
case("PRM505", lambda: AskedByAnother(True), lambda: AskedByAnother(False), "head.weight")
case("PRM505", lambda: nn.Sequential(AskedByAnother(True)), Asking, "0.head.weight")
case(
    "PRM505",
    lambda: Asked(made=False, share_embeddings=True),
    lambda: Asked(made=False, tie_weights=True, pairs=2),
    "target.weight",
)
case("PRM505", lambda: Misspelt("wieght"), lambda: Misspelt("weight"), "head.wieght")
case("PRM505", lambda: Misspelt("wieght"), TiedLayers, "head.wieght")
case("PRM505", lambda: TiedByAnotherName("identity"), lambda: Tied("identity"), "lm_head.weight")


# 6xx, 7xx: freezing and the optimizer.


class EvaluatedNorm(nn.Sequential):
    def __init__(self, stays: bool) -> None:
        super().__init__(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.stays = stays
        self[1].eval()

    def train(self, mode: bool = True) -> EvaluatedNorm:
        super().train(mode)
        if self.stays:
            self[1].eval()
        return self


class FlaggedModule(nn.Module):
    def __init__(self, by_method: bool) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 4)
        if by_method:
            self.body.requires_grad_(False)
        else:
            self.body.requires_grad = False  # type: ignore[assignment]


class FrozenNorm(nn.Module):
    def __init__(self, stays_in_eval: bool) -> None:
        super().__init__()
        self.norm, self.head = nn.BatchNorm1d(4), nn.Linear(4, 4)
        self.stays_in_eval = stays_in_eval
        self.norm.requires_grad_(False)
        self.norm.eval()

    def train(self, mode: bool = True) -> nn.Module:
        super().train(mode)
        if self.stays_in_eval:
            self.norm.eval()
        return self


def stale(model: nn.Module) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    if isinstance(model[-1], nn.Tanh):  # type: ignore[index]
        model[0].weight = nn.Parameter(torch.zeros(4, 4))  # type: ignore[index]
    return optimizer


def each_alone(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD([{"params": [parameter]} for parameter in model.parameters()], lr=0.1)


case("PRM602", lambda: FlaggedModule(False), lambda: FlaggedModule(True), "body")
case("PRM603", lambda: FrozenNorm(False), lambda: FrozenNorm(True), "norm")


class Unprepared(nn.Module):
    def __init__(self) -> None:  # never calls the base's
        self.width = 3


def joined(second: nn.Module) -> nn.Module:
    net = nn.Sequential(nn.Linear(3, 3))
    net.append(second)
    return net


case("PRM405", lambda: joined(Unprepared()), lambda: joined(nn.Linear(3, 3)), "1")
case("PRM603", lambda: EvaluatedNorm(False), lambda: EvaluatedNorm(True), "1")
case(
    "PRM704",
    lambda: nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
    lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()),
    "",
    "0.weight",
    optimizer=stale,
)
case("PRM708", lambda: Tied("rewrap"), lambda: Tied("identity"), "embedding.weight", optimizer=each_alone)


class Follower(nn.Module):
    """A part, and another that follows it."""

    def __init__(self, name: str, frozen: bool) -> None:
        super().__init__()
        self.online = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
        follower = copy.deepcopy(self.online)
        self.add_module(name, follower.requires_grad_(not frozen))


case("PRM307", lambda: Follower("other", False), lambda: Follower("other", True), "online.0.weight", "online.0.bias")


class Quantised(nn.Module):
    def __init__(self, fill: bool = False) -> None:
        super().__init__()
        self.register_buffer("scale", torch.empty(4))
        if fill:
            self.get_buffer("scale").fill_(1.0)


class Cached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cache", torch.empty(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.cache[:2] = x
        return self.cache


def fill(buffer: torch.Tensor, x: torch.Tensor) -> None:
    buffer.copy_(x)


class CachedByAnotherName(Cached):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("other", torch.empty(4))
        self.register_buffer("third", torch.empty(4))

    def step(self, x: torch.Tensor) -> None:
        cache = self.other
        cache[:2] = x
        fill(self.third, x)


case("PRM201", Quantised, lambda: Quantised(fill=True), "scale")
case("PRM201", Quantised, Cached, "scale")
case("PRM201", Quantised, CachedByAnotherName, "scale")

Tables = collections.namedtuple("Tables", "cos sin")


class Rotary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        angles = torch.linspace(0, 1, 4)
        self.tables = Tables(angles.cos(), angles.sin())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.tables.cos


class Registered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cos", torch.linspace(0, 1, 4).cos())
        self.unused = Tables(torch.ones(4), torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.cos


case("PRM408", Rotary, Registered, "tables.cos", example=example)


class Ensemble(nn.Module):
    def __init__(self, device: str) -> None:
        super().__init__()
        self.template = [nn.Linear(4, 4, device=device)]
        self.stacked = nn.Parameter(torch.zeros(3, 4, 4))


case("PRM401", lambda: Ensemble("cpu"), lambda: Ensemble("meta"), "template[0]")


VERIFIED = {rule.code for rule in RULES if rule.verifiers and rule.is_asked_of(TORCH)}
PAIRS = [
    pytest.param(code, one, id=f"{code}-{number}")
    for code, cases in CASES.items()
    for number, one in enumerate(cases)
    if code in VERIFIED
]


@pytest.mark.parametrize(("code", "one"), PAIRS)
def test_the_fault_is_reported(code: str, one: Case) -> None:
    found = proofs(code, one.bad, one)
    assert [proof.parameter for proof in found] == one.names
    for proof in found:
        assert "`" in proof.message or not proof.parameter
        assert not re.search(r"^[A-Z]|[.!]$|\n|\byou\b", proof.message), proof.message
        json.dumps(proof.evidence)


@pytest.mark.parametrize(("code", "one"), PAIRS)
def test_its_absence_is_silent(code: str, one: Case) -> None:
    assert proofs(code, one.good, one) == []


@pytest.mark.skipif("PRM219" not in VERIFIED, reason="the rule is not listed")
def test_a_declared_law_is_verified_and_a_wrong_one_rejected() -> None:
    """`uniform_(-10, 10)`, then zero where |w| < 5, follows its own law and not a normal one."""
    model = live_model(hollow)
    law = laws.uniform(-10, 10).replaced(-5, 5)
    rules = [rule for rule in RULES if rule.code == "PRM219"]
    model.declared_laws = {"weight": law}
    assert list(prove(model, rules)) == []
    again = live_model(hollow)
    again.declared_laws = {"*": laws.normal(std=math.sqrt(100 / 3))}
    assert [found.proof.parameter for found in prove(again, rules)] == ["weight"]


class Distributed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.distributions.Distribution:
        return torch.distributions.Normal(self.layer(x), 1.0)


class Number(Distributed):
    def forward(self, x: torch.Tensor) -> float:
        return float(self.layer(x).sum())


@pytest.mark.parametrize("factory", [Distributed, Number])
def test_an_output_may_be_no_tensor(factory: Callable[[], nn.Module]) -> None:
    assert proofs("PRM103", factory, Case(factory, factory, [], {"example": example})) == []


class Refuses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("not here")


class WithoutBackward(Scale):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Refuses.apply(super().forward(x))


def test_a_backward_that_fails_is_said_and_the_rest_too() -> None:
    model = live_model(WithoutBackward, example=example)
    assert model.degraded == ("the backward pass of the example failed: RuntimeError: not here",)
    found = [one.proof.parameter for one in prove(model, [rule for rule in RULES if rule.code in ("PRM201", "PRM202")])]
    assert found == ["weight"]


class Late(Distributed):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "late"):
            self.late = nn.Parameter(torch.zeros(4))
        return self.layer(x) + self.late


@pytest.mark.parametrize("factory", [Distributed, Late])
@pytest.mark.parametrize("several", [lambda o: [o], lambda o: {"a": o}, lambda o: ([o], ["a scheduler"])])
def test_optimizers_may_come_in_lists_and_dicts(
    factory: Callable[[], nn.Module], several: Callable[[Any], Any]
) -> None:
    model = live_model(
        factory, example=example, optimizer=lambda m: several(torch.optim.SGD([m.layer.weight, *m.layer.parameters()]))
    )
    _ = model.forward
    rules = [rule for rule in RULES if rule.code in ("PRM704", "PRM708")]
    assert [one.proof.parameter for one in prove(model, rules)] == ["layer.weight"]


@pytest.mark.parametrize(("name", "frozen"), [("other", True), ("target", False), ("ema_model.1", True)])
def test_what_follows_another_part_is_no_clone_and_its_norms_may_move(name: str, frozen: bool) -> None:
    factory = lambda: Follower(name.partition(".")[0], frozen)  # noqa: E731
    one = Case(factory, factory, [])
    assert proofs("PRM307", factory, one) == []
    assert proofs("PRM603", factory, one) == []


class Filter(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


class HandsOn(nn.Module):
    """It keeps a part, and hands it to another part."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.filter = Filter(self.mlp)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.filter(x)


class KeepsOne(HandsOn):
    """It keeps an element of a sequence by itself too."""

    def __init__(self) -> None:
        super().__init__()
        del self.mlp
        self.first = self.filter.inner[0]


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.experts[1](x)


class OldNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.utils.spectral_norm(nn.Linear(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


class KeepsTable(Distributed):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "table"):
            self.register_buffer("table", torch.arange(4.0))
        return self.layer(x) + self.table


class Users(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterDict({user: nn.Parameter(torch.randn(4)) for user in "ab"})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weights["a"]


class KeepsMean(Distributed):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.mean = x.detach().mean(0)
        return self.layer(x - self.mean)


@pytest.mark.parametrize(
    ("code", "factory"),
    [
        ("PRM410", Users),
        ("PRM407", KeepsMean),
        ("PRM302", HandsOn),
        ("PRM302", KeepsOne),
        ("PRM410", Experts),
        ("PRM408", OldNorm),
        ("PRM407", KeepsTable),
    ],
)
def test_it_is_right(code: str, factory: Callable[[], nn.Module]) -> None:
    assert proofs(code, factory, Case(factory, factory, [], {"example": example})) == []


def layer_that_draws_again() -> nn.Module:
    layer = nn.Linear(3, 3)
    layer.reset_parameters()
    return layer


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)
        nn.init.kaiming_uniform_(self.inner.weight, a=math.sqrt(5))


@pytest.mark.parametrize("factory", [layer_that_draws_again, Wrapped])
def test_a_layer_that_is_drawn_again_as_it_draws_itself_is_right(factory: Callable[[], nn.Module]) -> None:
    assert proofs("PRM207", factory, Case(factory, factory, [])) == []


def twice_listed() -> nn.Module:
    layer = nn.Linear(3, 3)
    return nn.Sequential(nn.Linear(3, 3), layer, nn.ReLU(), layer)


class Levels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        head = nn.Linear(3, 3)
        self.heads = nn.ModuleList([head for _ in range(3)])


def test_a_module_in_all_places_is_reported_where_it_is_put_there() -> None:
    (found,) = proofs("PRM301", Levels, Case(Levels, Levels, []))
    rows, first = inspect.getsourcelines(Levels)
    assert (found.filename, found.row) == (__file__, first + len(rows) - 1)


def meant() -> nn.Module:
    shared = nn.Linear(3, 3)
    return nn.Sequential(nn.Linear(3, 3), shared, nn.ReLU(), shared)


def test_a_module_that_is_listed_twice_is_reported_where_that_is_done() -> None:
    (found,) = proofs("PRM302", twice_listed, Case(twice_listed, twice_listed, []))
    rows, first = inspect.getsourcelines(twice_listed)
    assert (found.filename, found.row) == (__file__, first + len(rows) - 1)


def test_what_the_line_calls_shared_is_meant() -> None:
    assert proofs("PRM302", meant, Case(meant, meant, [])) == []


def test_every_rule_with_a_runtime_half_is_tested() -> None:
    assert {*CASES, "PRM219", "PRM220"} == VERIFIED  # the latter has tests of its own, in test_contract.py
