"""What a message calls the thing that it is about: by a name of its own, not by that of a loop that comes by it."""

from __future__ import annotations

from paramlint.engine.catalogue import select
from paramlint.frontends.rule_testing import check_text

PASSED_BY_A_LOOP = """
import torch
from torch import nn


def train(batches):
    body, head = nn.Linear(4, 4), nn.Linear(4, 1)
    model = nn.Sequential(body, nn.ReLU())
    for p in head.parameters():
        nn.init.zeros_(p)
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(head(x), y).backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
"""


def test_a_parameter_is_not_called_as_a_loop_calls_it():
    found = check_text(PASSED_BY_A_LOOP, select(["PRM721", "PRM711"]))
    assert [d.message.partition("`")[2].partition("`")[0] for d in found if d.code == "PRM721"] == ["head.weight"]


FILLED_BY_A_METHOD = """
from torch import nn


class Gated(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body, self.gate = nn.Linear(width, width), nn.Linear(width, width)
        self.gate.weight.data.fill_(0.001)


class Stack(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.blocks = nn.ModuleList([Gated(width) for _ in range(3)])
        self.apply(general)


def general(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=0.02)
"""


def test_what_a_method_fills_is_called_by_its_name_and_not_by_the_value():
    found = check_text(FILLED_BY_A_METHOD, select(["PRM207"]))
    assert [d.message.partition("`")[2].partition("`")[0] for d in found] == ["self.gate.weight"]
