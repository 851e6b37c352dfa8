"""A report of a model that is there: what it says, and that it changes nothing."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import paramlint

from .parts import Net, Tied


class Block(nn.Module):
    """A layer with a norm behind it, and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.norm, self.drop = nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        np.random.rand()
        random.random()
        self.seen = x
        return self.drop(self.norm(torch.tanh(self.up(x))))


class Deep(nn.Module):
    """Blocks, one of them twice in a list of its own, and a layer that nothing uses."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block(), Block()])
        self.hidden = [nn.Linear(6, 6)]
        self.spare = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.hidden[0](x)


def state(model: nn.Module) -> list[Any]:
    """All that may change."""
    return [
        *(t.detach().clone() for t in model.state_dict().values()),
        *(None if p.grad is None else p.grad.clone() for p in model.parameters()),
        *(t._version for t in [*model.parameters(), *model.buffers()]),
        [m.training for m in model.modules()],
        [dict(vars(m)).keys() for m in model.modules()],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        [len(p._backward_hooks or {}) for p in model.parameters()],
        torch.random.get_rng_state(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
    ]


def equal(one: Any, two: Any) -> bool:
    return torch.equal(one, two) if isinstance(one, torch.Tensor) else one == two


@pytest.mark.parametrize("example", [None, torch.randn(4, 6)], ids=["alone", "with-an-example"])
def test_it_changes_nothing(example):
    net = Deep()
    net.layers[1].eval()
    net(torch.randn(4, 6)).sum().backward()
    net.layers[0].__dict__.pop("seen"), net.layers[1].__dict__.pop("seen")
    opt = torch.optim.Adam(net.parameters())
    before = state(net)
    report = paramlint.inspect(net, optimizer=opt, example=example, loss=lambda output: output.square().sum())
    str(report), report._repr_html_(), report.to_json()
    after = state(net)
    assert len(before) == len(after)
    assert [i for i, pair in enumerate(zip(before, after, strict=True)) if not equal(*pair)] == []


def test_what_it_finds():
    net = Deep()
    opt = torch.optim.SGD([*net.layers.parameters()], 0.1)
    report = paramlint.inspect(net, optimizer=opt, example=torch.randn(4, 6))
    found = {(finding.code, finding.names[0]) for finding in report.findings}
    assert {("PRM401", "hidden[0]"), ("PRM410", "spare.weight"), ("PRM704", "spare.weight")} <= found


@pytest.mark.parametrize("net", [Net(), Tied()], ids=["net", "tied"])
def test_it_says_nothing_of_a_good_model(net):
    assert paramlint.inspect(net, optimizer=torch.optim.Adam(net.parameters())).findings == ()


def test_rows():
    net = Deep()
    report = paramlint.inspect(net, example=torch.randn(4, 6))
    rows = report["layers.*.up.weight"]
    assert [row.name for row in rows] == ["layers.0.up.weight", "layers.1.up.weight"]
    assert rows[0].value is net.layers[0].up.weight
    assert rows[0].gradient.shape == (6, 6)
    assert rows[0].statistics.std == pytest.approx(float(rows[0].value.detach().std(correction=0)), rel=1e-4)
    assert len(report.parameters) == len(list(net.parameters()))
    assert report["layers.0.norm.running_mean"][0].gradient is None
    with pytest.raises(KeyError):
        report["nothing.*"]


def test_the_gradient_is_that_of_the_loss():
    net = nn.Linear(3, 2)
    x = torch.randn(5, 3)
    row = paramlint.inspect(net, example=x, loss=lambda y: y.square().mean())["weight"][0]
    (expected,) = torch.autograd.grad(net(x).square().mean(), [net.weight])
    assert torch.allclose(row.gradient, expected)
    assert net.weight.grad is None


def test_a_model_that_cannot_be_copied():
    net = Net()
    net.kept = (torch.ones(2, requires_grad=True) * 2,)
    report = paramlint.inspect(net, example=torch.randn(4, 6))
    assert any("cannot be copied" in reason for reason in report.document.degraded)


def test_reports(tmp_path):
    net = Deep()
    report = paramlint.inspect(net)
    assert "layers.{0-1}.up.weight ×2" in str(report)
    assert '"code": "PRM401"' in report.to_json()
    report.save(str(tmp_path / "out.html"))
    page = (tmp_path / "out.html").read_text()
    assert "PRM401" in page and "prefers-color-scheme: dark" in page
    frame = report._repr_html_()
    assert frame.startswith("<iframe sandbox") and "<script" not in frame


def test_a_wrapped_model_has_its_own_names():
    report = paramlint.inspect(torch.compile(Net(), backend="eager"))
    assert report.document.target == "Net"
    assert report["head.weight"]


class Elements(TorchDispatchMode):
    """Counts the elements that operations go over, views aside."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not func.is_view:
            self.count += sum(one.numel() for one in args if isinstance(one, torch.Tensor))
        return func(*args, **(kwargs or {}))


def test_figures_of_large_tensors_come_from_samples():
    net = nn.Sequential(*[nn.Linear(1000, 1000, bias=False) for _ in range(8)])
    with Elements() as elements:
        report = paramlint.inspect(net)
    assert elements.count < 8_000_000 / 10
    assert any("65,536" in reason for reason in report.document.degraded)


def test_importing_it_loads_no_torch():
    code = "import sys, paramlint; print(dir(paramlint)); print('torch' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nFalse False\n") and "'inspect'" in done.stdout


def test_a_copy_of_a_report_is_the_report():
    finding = paramlint.inspect(Deep()).findings[0]
    assert isinstance(finding, paramlint.Finding)
    assert copy.copy(finding) == finding
