"""`paramlint explain`: a finding, the steps that led to it, and the rule; clear words where there is nothing."""

from __future__ import annotations

import json

import pytest

from paramlint.frontends.cli import main

CODE = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.blocks = []
        for _ in range(3):
            self.blocks.append(nn.Linear(width, width))  # noqa: PRM401
        self.scale = nn.Parameter(torch.empty(width))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x * self.scale


def train(batches):
    model, head = nn.Linear(4, 2), nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in batches:
        loss = head(model(x)).mean()
        loss.backward()
        optimizer.step()
"""


@pytest.fixture
def explain(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)

    def run(*arguments):
        code = main(["explain", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def steps(out):
    lines = out.split("How it comes about", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return [" ".join(line.split()) for line in lines]


def test_the_steps_that_led_to_a_plain_list(explain):
    code, out, _ = explain("net.py:8")
    assert code == 0
    assert out.startswith("net.py:8:9: PRM401 [bug] `self.blocks` is a plain list")
    assert "building class `Net`" in out
    assert steps(out) == [
        "8 `self.blocks` becomes a list",
        "10 `self.blocks[...]` is made, 3 times",
        "10 `self.blocks[...]` is put into the list, where `parameters()` does not look, 3 times",
        "15 `self.blocks[...]` is called in `forward`, 3 times",
        "`self.blocks[...]` is registered nowhere: `parameters()`, `to()` and `state_dict()` do not find it, 3 times",
    ]
    assert "Fix (unsafe): Wrap the list" in out and "PRM401 modules-in-plain-container\n" in out


def test_the_steps_of_a_tensor_and_of_an_optimizer(explain):
    out = explain("net.py:11:9:")[1]
    assert steps(out)[-2:] == ["16 `self.scale` is read", "`self.scale` is written by nothing"]
    out = explain("net.py:25")[1]
    assert "PRM716" in out
    assert steps(out) == ["21 `optimizer` is made", "21 `optimizer` gets 2 parameters", "25 `optimizer` steps"]


def test_a_list_that_is_written_at_once(explain, tmp_path):
    (tmp_path / "net.py").write_text(CODE.replace("[]\n        for", "[nn.Linear(4, 4), nn.ReLU()]\n        for"))
    assert steps(explain("net.py:8")[1])[0] == "8 `self.blocks[...]` is made, 2 times"


def test_colour(explain):
    assert "\x1b[" in explain("net.py:8", "--color", "always")[1]
    assert "\x1b[" not in explain("net.py:8", "--color", "never")[1]


def test_one_rule_of_several(explain):
    assert explain("net.py:8", "modules-in-plain-container")[1].count("[bug]") == 1
    code, _, err = explain("net.py:8", "PRM201")
    assert (code, err) == (2, "Error: PRM201 finds nothing at row 8 of net.py; there are findings at row 11\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("net.py:2",), "nothing is found at row 2 of net.py; there are findings at row 8, 11"),
        (("net.py",), "`net.py` is no place: write FILE:ROW, such as net.py:12"),
        (("gone.py:1",), "gone.py: "),
        (("net.py:8", "PRM999"), "no rule is called 'PRM999'"),
    ],
)
def test_where_there_is_nothing_to_explain(explain, arguments, said):
    code, _, err = explain(*arguments)
    assert code == 2 and said in err


def test_a_notebook_and_a_broken_file(explain, tmp_path):
    cells = [{"cell_type": "code", "source": CODE, "metadata": {}, "outputs": []}]
    (tmp_path / "net.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    out = explain("net.ipynb:8")[1]
    assert out.startswith("net.ipynb:cell 1:8:9: PRM401") and "is registered nowhere" in out
    assert explain("net.ipynb:cell 1:8:9")[1] == out
    assert explain("net.ipynb:cell 2:8:9")[0] == 2
    (tmp_path / "net.py").write_text("def f(:\n")
    assert "PRM002" in explain("net.py:1")[1]
