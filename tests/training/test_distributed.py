"""Two processes with gloo, and a compiler: the same losses, names without wrappers, and faults all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .parts import batches, error, plain
from .test_undisturbed import same

RUN = Path(__file__).parent / "distributed_run.py"


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_processes(kind, tmp_path):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    several = [
        subprocess.Popen(
            [sys.executable, str(RUN), kind, str(rank), str(tmp_path / "store")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    said = [one.communicate(timeout=240) for one in several]
    assert [one.returncode for one in several] == [0, 0], said[0][1][-3000:]
    found = json.loads(said[0][0].splitlines()[-1])
    assert found["plain"] == found["watched"]
    assert found["findings"] == []
    assert found["rows"] == [["0.weight", 4], ["0.bias", 4], ["2.weight", 4], ["2.bias", 4]]
    assert found["faulty"] == [["PRM710", "2.weight"]]


@pytest.mark.heavy
def test_a_compiled_model():
    def run(watch):
        torch.compiler.reset()
        net = torch.compile(plain())
        opt = torch.optim.Adam(net.parameters(), 0.01)
        losses = []
        with watch(net, opt, steps=3):
            for x, y in batches(5):
                opt.zero_grad()
                loss = error(net(x), y)
                loss.backward()
                opt.step()
                losses.append(loss.detach())
        return losses

    assert same(run)
