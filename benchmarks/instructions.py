#!/usr/bin/env python3
"""Instructions that three fixed inputs take, stage by stage, here and at another commit.

    benchmarks/instructions.py --against HEAD~1

Seconds of a shared machine vary by a factor; instructions do not, with a fixed hash seed. Each stage is counted
by `valgrind --tool=cachegrind`, in a process of its own, and what the stages before it take is subtracted. A stage that
takes more than 3 % more than at the other commit fails, and is named. Some four minutes for two commits.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
#: More than so much of what it was before, and a stage fails.
MOST = 1.03
#: Instructions that no stage fails for: imports differ by as many from one folder to another.
LEAST = 3_000_000

CLEAN = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 3)

    def forward(self, x):
        return self.head(x)
"""
FAULTY = CLEAN.replace("nn.Linear(3, 3)", "[nn.Linear(3, 3)]").replace("self.head(x)", "self.head[0](x)")
MODELS = """import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim, heads=8, qkv_bias=False, qk_norm=False, drop=0.0, norm_layer=nn.LayerNorm):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.q_norm = norm_layer(dim // heads) if qk_norm else nn.Identity()
        self.k_norm = norm_layer(dim // heads) if qk_norm else nn.Identity()
        self.proj = nn.Linear(dim, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        attention = (self.q_norm(q) @ self.k_norm(k).transpose(-2, -1) * self.scale).softmax(dim=-1)
        return self.drop(self.proj(attention @ v))


class Block(nn.Module):
    def __init__(self, dim, heads, ratio=4.0, init_values=None, drop_path=0.0, act_layer=nn.GELU, **kwargs):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, heads, **kwargs)
        self.gamma = nn.Parameter(init_values * torch.ones(dim)) if init_values else None
        self.path = nn.Dropout(drop_path) if drop_path > 0.0 else nn.Identity()
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, int(dim * ratio)), act_layer(), nn.Linear(int(dim * ratio), dim))

    def forward(self, x):
        x = x + self.path(self.attn(self.norm1(x)))
        return x + self.path(self.mlp(self.norm2(x)) * self.gamma)


class Encoder(nn.Module):
    def __init__(self, dim=768, depth=12, heads=12, classes=1000, pool="token", drop_path=0.1, weight_init=""):
        super().__init__()
        self.pool = pool
        self.patches = nn.Conv2d(3, dim, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, dim)) if pool == "token" else None
        self.positions = nn.Parameter(torch.randn(1, 197, dim) * 0.02)
        rates = [x.item() for x in torch.linspace(0, drop_path, depth)]
        self.blocks = nn.Sequential(*[Block(dim, heads, drop_path=rates[i]) for i in range(depth)])
        self.norm = nn.LayerNorm(dim) if pool == "token" else nn.Identity()
        self.head = nn.Linear(dim, classes) if classes > 0 else nn.Identity()
        if weight_init != "skip":
            self.init_weights(weight_init)

    def init_weights(self, mode):
        nn.init.trunc_normal_(self.positions, std=0.02)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d) and mode == "jax":
                nn.init.xavier_uniform_(module.weight)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        if self.token is not None:
            x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.norm(self.blocks(x + self.positions))
        return self.head(x[:, 0] if self.pool == "token" else x.mean(dim=1))


def train(batches, depth=12, frozen=False):
    model = Encoder(depth=depth)
    if frozen:
        for parameter in model.blocks.parameters():
            parameter.requires_grad = False
    decayed = [p for n, p in model.named_parameters() if p.requires_grad and not n.endswith("bias")]
    others = [p for n, p in model.named_parameters() if p.requires_grad and n.endswith("bias")]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": others}], lr=1e-3)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model
"""
_CHECK = ("-m", "paramlint", "check", "--isolated", "--no-cache", "--jobs", "1", "--exit-zero")
_IMPORTS = "import paramlint.frontends.cli.main, paramlint.frontends.cli.check.command, paramlint.engine.catalogue"


class Stage(NamedTuple):
    """What is counted: Python's arguments, the file that they are about, and the stage whose cost is part of it."""

    name: str
    arguments: Sequence[str]
    text: str = ""
    after: str = ""


STAGES = (
    Stage("starting", ("-c", _IMPORTS)),
    Stage("a file without findings", _CHECK, CLEAN, "starting"),
    Stage("a finding", _CHECK, FAULTY, "a file without findings"),
    Stage("building models", _CHECK, MODELS, "a file without findings"),
)


class Count(NamedTuple):
    """The instructions of a stage, and of it with all that comes before."""

    own: int
    whole: int


def counted(tree: Path, folder: Path) -> dict[str, Count]:
    """The instructions of each stage with the code of a tree."""
    whole = {stage.name: _instructions(tree, stage, folder) for stage in STAGES}
    return {stage.name: Count(whole[stage.name] - whole.get(stage.after, 0), whole[stage.name]) for stage in STAGES}


def worse(before: Mapping[str, Count], now: Mapping[str, Count]) -> list[str]:
    """The stages that take too much more, and not only because one before them does their work no longer."""
    return [
        name
        for name, count in now.items()
        if count.own > max(before[name].own * MOST, before[name].own + LEAST) and count.whole > before[name].whole
    ]


def _instructions(tree: Path, stage: Stage, folder: Path) -> int:
    path = folder / "net.py"
    path.write_text(stage.text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment |= {"PYTHONPATH": f"{tree / 'linter'}{os.pathsep}{tree / 'rules'}", "PYTHONHASHSEED": "0"}
    command = [sys.executable, *stage.arguments, *([str(path)] if stage.text else [])]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # compiles what is imported
    count = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}", *command]
    said = subprocess.run(count, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr
    found = re.search(rb"I +refs: +([\d,]+)", said)
    if found is None:
        raise SystemExit(f"valgrind has counted nothing: {said[-300:].decode(errors='replace')}")
    return int(found[1].replace(b",", b""))


def _at(revision: str, folder: Path) -> Path:
    """The code of another commit."""
    git = ["git", "-C", str(ROOT)]
    packed = subprocess.run([*git, "archive", revision, "linter", "rules"], check=True, stdout=subprocess.PIPE).stdout
    folder.mkdir()
    subprocess.run(["tar", "x", "-C", str(folder)], input=packed, check=True)
    return folder


def main() -> int:
    """Count, print, and fail where a stage is worse."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", metavar="REVISION", help="a commit that nothing may be much worse than")
    against = parser.parse_args().against
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: `apt-get install valgrind`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = counted(_at(against, folder / "before"), folder) if against else {}
        now = counted(ROOT, folder)
    for stage, count in now.items():
        change = f"  {count.own / before[stage].own - 1:+.1%}" if before else ""
        print(
            f"{stage:28}{count.own / 1e6:8,.0f} million instructions, {count.whole / 1e6:8,.0f} with all before{change}"
        )
    failed = worse(before, now) if before else []
    for stage in failed:
        print(f"{stage} takes more than {MOST - 1:.0%} more than at {against}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
