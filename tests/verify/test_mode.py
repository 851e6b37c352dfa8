"""Watching a model being built costs little, and does not disturb what is compiled."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

PLAIN = """
import sys
import torch
from paramlint.live.construct import live_model
model = live_model(lambda: torch.nn.Linear(300, 300), limit=1 << 30)
assert [tensor.status for tensor in model.parameters] == ["written", "written"]
assert "torch._dynamo" not in sys.modules
"""
COMPILED = """
import sys
import torch
from torch import nn
from paramlint.live.construct import live_model

@torch.compile(backend="eager")
def scaled(n):
    return torch.randn(n, n) * 0.02

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(scaled(200))
        self.lost = nn.Parameter(torch.empty(200, 200))

for limit in (0, 1 << 30):
    model = live_model(Model, limit=limit)
    assert [tensor.status for tensor in model.parameters] == ["written", "unwritten"]
    assert model.by_name["w"].expected.law == "normal(std=1).scaled(0.02)"
assert "torch._dynamo" in sys.modules
"""


@pytest.mark.parametrize("code", [PLAIN, COMPILED], ids=["without the compiler", "with it"])
def test_a_build(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
