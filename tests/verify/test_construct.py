"""Presets, limits, failures of a build, and the Python interface."""

from __future__ import annotations

import errno
import functools
import gc
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

import paramlint
from paramlint.live.build.build_error import BuildError
from paramlint.live.build.protocols import build_virtual, size_in_bytes
from paramlint.live.construct import live_model


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))

    def reset_parameters(self) -> None:
        nn.init.ones_(self.scale)

    def start(self) -> None:
        nn.init.constant_(self.scale, 2.0)


class WithInitWeights(Layer):
    def init_weights(self) -> None:
        nn.init.ones_(self.scale)
        self.linear.reset_parameters()


def unwritten(model):
    return [tensor.name for tensor in model.tensors if tensor.status != "written"]


def test_the_constructor_alone():
    model = live_model(Layer)
    assert unwritten(model) == []
    assert model.is_real and model.plain is None


def test_meta_calls_init_weights():
    assert unwritten(live_model(WithInitWeights, preset="meta")) == []


def test_meta_without_it_calls_reset_parameters_of_the_model():
    assert unwritten(live_model(Layer, preset="meta")) == ["linear.weight", "linear.bias"]


def test_meta_without_both_resets_each_module():
    model = live_model(lambda: nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.PReLU()), preset="meta")
    assert unwritten(model) == []


def test_meta_with_a_named_method():
    assert unwritten(live_model(WithInitWeights, preset="meta", method="start")) == ["linear.weight", "linear.bias"]
    with pytest.raises(BuildError, match="has no method `begin`"):
        live_model(Layer, preset="meta", method="begin")


def test_transformers_needs_from_pretrained():
    with pytest.raises(BuildError, match="no `from_pretrained`"):
        live_model(Layer, preset="transformers")


def test_transformers_loads_a_checkpoint_without_keys():
    class Pretrained(Layer):
        config = None

        @classmethod
        def from_pretrained(cls, name, *, config, state_dict):
            assert (name, state_dict) == (None, {})
            with torch.device("meta"):
                model = cls()
            model.to_empty(device="cpu")
            nn.init.normal_(model.linear.weight)
            return model

    Pretrained.config = object()
    model = live_model(Pretrained, preset="transformers")
    assert unwritten(model) == ["scale", "linear.bias"]
    assert model.is_lost_on_materialization(model.by_name["scale"])


def test_a_factory_that_makes_no_module():
    with pytest.raises(BuildError, match="returns dict, not a"):
        live_model(dict)  # type: ignore[arg-type]


def test_an_error_of_the_users_constructor_comes_through():
    def factory():
        raise KeyError("vocab")

    with pytest.raises(KeyError, match="vocab"):
        live_model(factory)


def test_a_model_above_the_limit_stays_virtual():
    model = live_model(lambda: nn.Linear(1000, 1000), limit=1 << 20)
    assert not model.is_real
    assert "not built for real" in model.degraded[0]
    assert model.by_name["weight"].numbers is None
    assert model.by_name["weight"].expected.std == pytest.approx((1 / 3 / 1000) ** 0.5)


def test_a_constructor_that_reads_values_is_degraded_and_the_real_build_is_not():
    def factory():
        layer = nn.Linear(200, 200)
        if layer.weight.abs().max().item() == 0:
            nn.init.constant_(layer.weight, 5.0)
        return layer

    assert "reads values: item" in build_virtual(factory).degraded[0]
    model = live_model(factory)
    assert model.degraded == ()
    assert model.by_name["weight"].init.call == "kaiming_uniform_"


def test_hundreds_of_billions_of_parameters_need_no_memory():
    """A Llama of 405 billion parameters, in the shapes of its report."""
    code = """
import torch
from torch import nn
from paramlint.live.build.protocols import build_virtual
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20
def linear(a, b): return nn.Linear(a, b, bias=False)
def block(d, h, kv):
    layers = [linear(d, d), linear(d, kv), linear(d, kv), linear(d, d), linear(d, h), linear(d, h), linear(h, d)]
    return nn.Sequential(*layers, nn.RMSNorm(d), nn.RMSNorm(d))
def llama(d, h, kv, n, v):
    blocks = nn.ModuleList(block(d, h, kv) for _ in range(n))
    return nn.Sequential(nn.Embedding(v, d), blocks, nn.RMSNorm(d), linear(d, v))
build_virtual(lambda: llama(64, 128, 8, 2, 100))
before = resident()
build = build_virtual(lambda: llama(16384, 53248, 1024, 126, 128256))
statuses = {build.shadow.account(p).status for p in build.module.parameters()}
print(sum(p.numel() for p in build.module.parameters()), statuses, resident() - before < 64)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["405853388800", "{'written'}", "True"], done.stderr


def test_size_counts_a_tie_once():
    layer = nn.Linear(4, 4, bias=False)
    assert size_in_bytes(nn.Sequential(layer, layer)) == 64


def test_the_random_state_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    live_model(Layer)
    assert torch.equal(torch.rand(2), expected)


def test_the_collector_passes_over_what_was_there_only_while_a_model_is_built():
    frozen = []

    def factory() -> nn.Module:
        frozen.append(gc.get_freeze_count())
        build_virtual(Layer)
        frozen.append(gc.get_freeze_count())
        return Layer()

    gc.unfreeze()  # what a test before this one has left
    build_virtual(factory)
    assert min(frozen) > 1000  # the build inside ends nothing
    assert gc.get_freeze_count() == 0


def test_trace_reports_on_a_model_built_meanwhile():
    with paramlint.trace() as t:
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        model[1].weight = nn.Parameter(torch.empty(4, 4))
    live = t.live(model)
    assert [tensor.name for tensor in live.parameters if tensor.is_unwritten] == ["1.weight"]
    report = t.report(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    assert report.model.coverage is not None
    assert all(found.code in str(report) for found in report.findings)


def test_importing_the_package_loads_no_torch():
    code = "import sys, paramlint; print('torch' in sys.modules or 'libcst' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


@functools.lru_cache
def cached_mask(size):
    return torch.tril(torch.ones(size, size))


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mask", cached_mask(300))
        self.linear = nn.Linear(4, 4)


def test_what_the_users_code_caches_has_its_values_in_the_real_build():
    mask = live_model(Masked).by_name["mask"]
    assert mask.status == "written"
    assert torch.equal(mask.tensor, torch.tril(torch.ones(300, 300)))


def test_a_factory_that_hands_out_one_model_is_compared_with_no_other():
    model = live_model(functools.cache(lambda: nn.Linear(200, 200)))
    assert model.by_name["weight"].status == "written"
    assert (model.twin, model.shared_with_twin) == (None, ())


def test_a_factory_that_ends_the_process_while_its_size_is_learnt():
    here = os.getpid()

    def factory():
        if os.getpid() != here:
            os._exit(1)
        return nn.Linear(4, 4)

    assert live_model(factory).is_real


class FarTooLarge(nn.Module):
    """Of 75 GiB, and wrong at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8192, 28672, bias=False) for _ in range(80))
        raise ValueError("no such kind")


def test_a_constructor_of_a_huge_model_fails_with_its_own_error():
    with pytest.raises(ValueError, match="no such kind"):
        live_model(FarTooLarge)


def test_no_memory_for_a_fork_is_said(monkeypatch):
    def refuse() -> int:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(BuildError, match="let go of other large models: Cannot allocate memory"):
        live_model(Layer)
