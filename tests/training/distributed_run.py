"""One of two processes of a run: `python distributed_run.py ddp|fsdp RANK FILE`, which prints losses and findings."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

import paramlint

KIND, RANK, FILE = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def make() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def wrapped(net: nn.Module) -> nn.Module:
    if KIND == "ddp":
        return nn.parallel.DistributedDataParallel(net)
    from torch.distributed.fsdp import fully_shard

    for layer in (net[0], net[2]):
        fully_shard(layer)
    return fully_shard(net)


def losses(watch: Any, forgets: bool = False) -> tuple[list[float], Any]:
    net = wrapped(make())
    parameters = [p for name, p in net.named_parameters() if not (forgets and "2." in name)]
    opt = torch.optim.AdamW(parameters, 0.01)
    torch.manual_seed(RANK)
    found = []
    with watch(net, opt, steps=4) as watched:
        for _ in range(6):
            opt.zero_grad()
            x = torch.randn(8, 6)
            loss = nn.functional.cross_entropy(net(x), (x.sum(1) > 0).long())
            loss.backward()
            opt.step()
            found.append(loss.item().hex())
    return found, watched


dist.init_process_group("gloo", init_method=f"file://{FILE}", rank=RANK, world_size=2)
plain, _ = losses(lambda *given, **named: contextlib.nullcontext())
watched_losses, watched = losses(paramlint.watch)
_, faulty = losses(paramlint.watch, forgets=True)
if RANK == 0:
    rows = [[row.name, len([g for g in row.gradients if g is not None])] for row in watched.document.parameters]
    print(
        json.dumps(
            {
                "plain": plain,
                "watched": watched_losses,
                "findings": [str(finding) for finding in watched.findings],
                "faulty": [[finding.code, finding.names[0]] for finding in faulty.findings],
                "rows": rows,
            }
        )
    )
dist.destroy_process_group()
