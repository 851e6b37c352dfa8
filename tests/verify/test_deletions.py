"""A GPT built on meta, materialised and initialised: each line of its initialisation, when deleted, is missed."""

from __future__ import annotations

import linecache

import pytest
import torch
from torch import nn

from paramlint.live.construct import live_model

SOURCE = """
class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = nn.Parameter(torch.empty(width))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = Attention(width)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        self.norm = nn.RMSNorm(width)


class GPT(nn.Module):
    def __init__(self, width=32, depth=2, vocabulary=64, positions=16):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.residual = nn.Parameter(torch.ones(depth))
        self.skip = nn.Parameter(torch.zeros(depth))
        self.window = nn.Parameter(torch.empty(2, positions))
        self.register_buffer("cosine", torch.empty(positions, width), persistent=False)
        self.register_buffer("sine", torch.empty(positions, width), persistent=False)

    @torch.no_grad()
    def init_weights(self):
        bound = 3**0.5 * self.head.in_features**-0.5
        angles = torch.outer(torch.arange(16.0), torch.arange(32.0))
        nn.init.normal_(self.tokens.weight, std=1.0)  # init
        nn.init.normal_(self.head.weight, std=0.001)  # init
        for block in self.blocks:
            nn.init.uniform_(block.attention.query.weight, -bound, bound)  # init
            nn.init.uniform_(block.attention.key.weight, -bound, bound)  # init
            nn.init.uniform_(block.attention.value.weight, -bound, bound)  # init
            nn.init.zeros_(block.attention.out.weight)  # init
            nn.init.ones_(block.attention.gate)  # init
            nn.init.uniform_(block.up.weight, -bound, bound)  # init
            nn.init.zeros_(block.down.weight)  # init
            block.norm.reset_parameters()  # init
        self.residual.fill_(1.0)  # init
        self.skip.zero_()  # init
        self.window[0] = 1.0  # init
        self.window[1] = torch.rand(16)  # init
        self.cosine.copy_(angles.cos())  # init
        self.sine.copy_(angles.sin())  # init
        self.tokens.to(dtype=torch.bfloat16)
"""
LINES = [row for row, line in enumerate(SOURCE.splitlines()) if line.endswith("# init")]


def left_unwritten(source: str) -> list[str]:
    filename = f"<gpt {hash(source)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    space = {"nn": nn, "torch": torch, "__name__": "gpt"}
    exec(compile(source, filename, "exec"), space)
    model = live_model(space["GPT"], preset="meta")
    assert model.is_real
    return [tensor.name for tensor in model.tensors if tensor.status != "written"]


def test_there_are_sixteen_lines():
    assert len(LINES) == 16


def test_nothing_is_missed_in_the_whole():
    assert left_unwritten(SOURCE) == []


@pytest.mark.parametrize("row", LINES)
def test_a_deleted_line_is_missed(row):
    lines = SOURCE.splitlines()
    found = left_unwritten("\n".join(lines[:row] + lines[row + 1 :]))
    attribute = lines[row].split("self.")[-1] if "self." in lines[row] else lines[row].split("block.")[-1]
    assert found
    assert all(any(word in name for word in attribute.replace("[", ".").split(".")) for name in found)
