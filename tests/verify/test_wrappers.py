"""Tensors that are made of other tensors: what is inside is looked at, and the run goes on whatever they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.utils._pytree import tree_map  # noqa: E402

from paramlint.engine.catalogue import select  # noqa: E402
from paramlint.live.construct import live_model  # noqa: E402
from paramlint.verify.document.schema import Summary  # noqa: E402
from paramlint.verify.job import Plan  # noqa: E402
from paramlint.verify.judge.summarize import summarize  # noqa: E402


class Quantized(torch.Tensor):
    """Whole numbers and their scales, as libraries of quantization keep weights."""

    codes: torch.Tensor
    scale: torch.Tensor

    @staticmethod
    def __new__(cls, codes: torch.Tensor, scale: torch.Tensor) -> Any:
        return torch.Tensor._make_wrapper_subclass(cls, codes.shape, dtype=scale.dtype, device=codes.device)

    def __init__(self, codes: torch.Tensor, scale: torch.Tensor) -> None:
        self.codes, self.scale = codes, scale

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["codes", "scale"], None

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.name in ("aten::detach", "aten::alias"):
            return cls(args[0].codes, args[0].scale)
        return func(*tree_map(values_of, args), **tree_map(values_of, kwargs or {}))


def values_of(value: Any) -> Any:
    return value.codes.to(value.scale.dtype) * value.scale if isinstance(value, Quantized) else value


class Layer(nn.Module):
    def __init__(self, make: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.linear.weight = nn.Parameter(make(self.linear.weight.detach()), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def quantized(weight: torch.Tensor) -> torch.Tensor:
    scale = weight.abs().amax(1, keepdim=True) / 127
    return Quantized((weight / scale).round().to(torch.int8), scale)


def without_scale(weight: torch.Tensor) -> torch.Tensor:
    return Quantized(weight.to(torch.int8), torch.empty(8, 1))


def twice(weight: torch.Tensor) -> torch.Tensor:
    """A wrapper in a wrapper."""
    return Quantized(quantized(weight), torch.ones(8, 1))


def summed(factory: Callable[[], nn.Module]) -> Summary:
    model = live_model(factory, example=lambda: torch.ones(2, 8))
    return summarize(model, Plan(confirm=True), select(preview=True))


def test_what_is_inside_was_written_or_not() -> None:
    good, bad = summed(lambda: Layer(quantized)), summed(lambda: Layer(without_scale))
    assert [p.status for p in good.parameters] == ["written", "written"]
    assert [p.status for p in bad.parameters] == ["unwritten", "written"]
    assert good.findings == ()
    assert [(f.code, f.parameter) for f in bad.findings] == [("PRM201", "linear.weight")]


def test_it_is_said_what_was_looked_at() -> None:
    inside = "`linear.weight` is a Quantized: what is said is about `codes` and `scale` inside, as far as it lies here"
    assert summed(lambda: Layer(quantized)).degraded == (inside,)
    assert "`codes.codes` and `codes.scale` and `scale`" in summed(lambda: Layer(twice)).degraded[0]


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        rows = [torch.ones(2, 3), torch.ones(4, 3)]
        self.nested = nn.Parameter(torch.nested.nested_tensor(rows))
        self.jagged = nn.Parameter(torch.nested.nested_tensor(rows, layout=torch.jagged))
        self.sparse = nn.Parameter(torch.eye(4).to_sparse())
        self.complex = nn.Parameter(torch.randn(3, dtype=torch.cfloat))
        self.left = nn.Linear(3, 3, device="meta")


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_sparse_complex_and_meta_tensors_end_nothing() -> None:
    model = live_model(Odd)
    summary = summarize(model, Plan(confirm=True), select(preview=True))
    assert len(summary.parameters) == 6
    assert summary.findings == ()


def sharded() -> nn.Module:
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard, distribute_tensor

    if not dist.is_initialized():
        dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
    mesh = init_device_mesh("cpu", (1,))
    whole, half = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)
    whole.weight = nn.Parameter(distribute_tensor(whole.weight.detach(), mesh, [Shard(0)]))
    half.weight = nn.Parameter(DTensor.from_local(torch.empty(8, 8), mesh, [Shard(0)]))
    return nn.Sequential(whole, half)


def test_what_lies_on_several_devices_is_told_by_its_part_here() -> None:
    import torch.distributed as dist

    try:
        summary = summarize(live_model(sharded), Plan(), select(preview=True))
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    assert [p.status for p in summary.parameters] == ["written", "unwritten"]
    assert [(f.code, f.parameter) for f in summary.findings] == [("PRM201", "1.weight")]
    assert "`0.weight` and 1 more are DTensor: what is said is about `_local_tensor` inside" in summary.degraded[0]
