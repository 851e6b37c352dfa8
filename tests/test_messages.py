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
