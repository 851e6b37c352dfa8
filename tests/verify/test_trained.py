"""What verify shows of training: gradients on the example, groups of the optimizer, buffers, the spread by depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from paramlint.frontends.cli.verify.command import verify_command
from paramlint.frontends.report.html.profile_svg import profile
from paramlint.verify.document.schema import Layer

CODE = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 8)
        self.norm = nn.BatchNorm1d(8)
        self.gate = nn.Parameter(torch.empty(8))
        self.head = nn.Linear(8, 2)
        self.spare = nn.Linear(2, 2)
        self.register_buffer("seen", torch.zeros(1), persistent=False)

    def forward(self, x):
        return self.head(self.norm(self.stem(x)).relu() * self.gate)


def x():
    return torch.ones(3, 4).cumsum(0)


def optimizer(net):
    return torch.optim.AdamW([{"params": net.stem.parameters(), "lr": 0.1}, {"params": [net.gate]}], weight_decay=0.2)
"""


def verify(folder: Path, *more: str) -> Any:
    (folder / "net.py").write_text(CODE)
    arguments = ["--isolated", f"{folder}/net.py:Net", "--ignore", "PRM", *more]
    return CliRunner().invoke(verify_command, arguments)


def document(folder: Path, *more: str) -> Any:
    return json.loads(verify(folder, "--output-format", "json", *more).stdout)


def test_gradients_groups_and_buffers(tmp_path: Path) -> None:
    net = f"{tmp_path}/net.py"
    found = document(tmp_path, "--example", f"{net}:x", "--optimizer", f"{net}:optimizer")
    parameters = {one["name"]: one for one in found["parameters"]}
    assert parameters["stem.weight"]["optimized"] == {"group": 0, "lr": 0.1, "weight_decay": 0.2}
    assert parameters["gate"]["optimized"] == {"group": 1, "lr": 0.001, "weight_decay": 0.2}
    assert parameters["head.weight"]["optimized"] is None
    assert parameters["head.weight"]["gradient"]["norm"] > 0
    assert parameters["spare.weight"]["gradient"] is None
    assert [parameters[name]["is_used"] for name in ("head.weight", "spare.weight")] == [True, False]
    assert found["summary"]["groups"] == 2
    assert found["summary"]["memory"]["int64"] == 8
    assert [one["name"] for one in found["buffers"]][-1] == "norm.num_batches_tracked"
    assert [layer["name"] for layer in found["profile"]] == ["stem", "head"]


def test_what_was_never_written_is_no_nan_in_gradients_and_stays_unwritten(tmp_path: Path) -> None:
    found = document(tmp_path, "--example", f"{tmp_path}/net.py:x")
    parameters = {one["name"]: one for one in found["parameters"]}
    assert parameters["gate"]["status"] == "unwritten"
    assert parameters["stem.weight"]["gradient"]["norm"] is not None
    assert found["summary"]["unwritten"] == 1


def test_columns_are_there_where_there_is_something_to_say(tmp_path: Path) -> None:
    plain = verify(tmp_path).output
    assert "gradient" not in plain
    assert "group" not in plain
    assert "buffer, not saved" in plain
    net = f"{tmp_path}/net.py"
    page = tmp_path / "page.html"
    more = ("--example", f"{net}:x", "--optimizer", f"{net}:optimizer", "--report", str(page))
    full = verify(tmp_path, *more).output
    assert "gradient" in full
    assert "0: lr 0.1, wd 0.2" in full
    text = page.read_text()
    assert "<h3>Buffers</h3>" in text
    assert "lr 0.1, wd 0.2" in text


def test_the_profile_leaves_gaps_and_needs_depth() -> None:
    layers = [Layer(name=f"{i}", weight_std=std, output_std=1.0) for i, std in enumerate((0.1, 0.0, 0.01, 0.1))]
    drawn = profile(layers)
    assert drawn is not None
    assert (drawn.low, drawn.high) == (0.01, 1.0)
    assert drawn.weights.count("M") == 2
    assert drawn.outputs.count("M") == 1
    assert profile(layers[:2]) is None
