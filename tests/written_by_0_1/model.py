"""Of each kind one: what the baseline knows, what is declared to be shared, what a folder ignores, what is agreed."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(8, 4)
        self.head = nn.Linear(4, 8, bias=False)
        self.head.weight = self.embedding.weight
        self.scale = nn.Parameter(torch.ones(4))
        block = nn.Linear(4, 4)
        self.shared = nn.ModuleList([block for _ in range(2)])
        self.blocks = [nn.Linear(4, 4) for _ in range(2)]
        self.scale.data = self.scale.data * 2
        nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(self, x):
        for block in (*self.blocks, *self.shared):
            x = block(x)
        return self.head(x * self.scale)
