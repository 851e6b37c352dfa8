"""Sixteen mistakes about parameters, each as a script that runs, and the same script without it.

Every pair is `PARTS` with some parts replaced: first the mistake, then what is right there.
"""

from __future__ import annotations

HEAD = """\
import copy

import torch
from torch import nn

torch.manual_seed(0)
"""
LAYERS = """\
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 8)
"""
FORWARD = """\
        x = self.norm(torch.relu(self.first(x)))
        return self.head(torch.relu(self.second(x)))
"""
SETUP = """\
model = Net()
"""
OPTIMIZER = """\
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
"""
STEP = """\
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
"""
END = """\
print(loss.item())
"""

Parts = dict[str, str]


def script(**parts: str) -> str:
    """A script with the parts that are given, and the usual others."""
    get = (
        {"super": "        super().__init__()\n", "init": LAYERS, "forward": FORWARD, "setup": SETUP}
        | {
            "optimizer": OPTIMIZER,
            "before": "",
            "step": STEP,
            "end": END,
            "signature": "self",
        }
        | parts
    )
    return (
        f"{HEAD}\n\nclass Net(nn.Module):\n    def __init__({get['signature']}):\n{get['super']}{get['init']}\n"
        f"    def forward(self, x):\n{get['forward']}\n\n{get['setup']}{get['optimizer']}"
        f"batches = [(torch.randn(16, 8), torch.randn(16, 8)) for _ in range(8)]\n{get['before']}"
        f"for x, y in batches:\n{get['step']}{get['end']}"
    )


def _pair(mistake: Parts, right: Parts) -> tuple[str, str]:
    return script(**mistake), script(**right)


_LIST = "        self.blocks = {}\n        self.norm = nn.BatchNorm1d(8)\n"
_LIST_FORWARD = "        for block in self.blocks:\n            x = torch.relu(block(x))\n        return self.norm(x)\n"
_SCALE = LAYERS + "        self.scale = nn.Parameter({})\n"
_SCALED = FORWARD.replace("return self", "return self.scale * self")
_TIED = LAYERS + "        self.head.weight = self.first.weight\n{}"
_FROZEN = "for p in model.norm.parameters():\n    p.requires_grad = False\nmodel.train()\n"
_BEST = "    if best is None or loss.item() < least:\n        best, least = {}, loss.item()\n"

#: What is wrong, in the words of who suffers from it: the script with the mistake, and without it.
MISTAKES: dict[str, tuple[str, str]] = {
    "layers in a plain list are not trained": _pair(
        {"init": _LIST.format("[nn.Linear(8, 8) for _ in range(2)]"), "forward": _LIST_FORWARD},
        {"init": _LIST.format("nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])"), "forward": _LIST_FORWARD},
    ),
    "`[layer] * n` is one layer": _pair(
        {"init": _LIST.format("nn.Sequential(*[nn.Linear(8, 8)] * 2)"), "forward": _LIST_FORWARD},
        {"init": _LIST.format("nn.Sequential(*[nn.Linear(8, 8) for _ in range(2)])"), "forward": _LIST_FORWARD},
    ),
    "a parameter is never initialised": _pair(
        {"init": _SCALE.format("torch.empty(8)"), "forward": _SCALED},
        {"init": _SCALE.format("torch.ones(8)"), "forward": _SCALED},
    ),
    "a weight is a plain tensor": _pair(
        {"init": LAYERS + "        self.scale = torch.ones(8, requires_grad=True)\n", "forward": _SCALED},
        {"init": _SCALE.format("torch.ones(8)"), "forward": _SCALED},
    ),
    "a parameter is made in every forward": _pair(
        {"forward": "        scale = nn.Parameter(torch.ones(8))\n" + FORWARD.replace("return ", "return scale * ")},
        {"init": _SCALE.format("torch.ones(8)"), "forward": _SCALED},
    ),
    "a layer is replaced after the optimizer was built": _pair(
        {"before": "model.head = nn.Linear(8, 8)\n"},
        {"setup": "model = Net()\nmodel.head = nn.Linear(8, 8)\n"},
    ),
    "a default argument is one layer for all models": _pair(
        {
            "signature": "self, act=nn.PReLU()",
            "init": LAYERS + "        self.act = act\n",
            "forward": FORWARD.replace("torch.relu", "self.act"),
            "setup": "model, other = Net(), Net()\n",
        },
        {
            "init": LAYERS + "        self.act = nn.PReLU()\n",
            "forward": FORWARD.replace("torch.relu", "self.act"),
            "setup": "model, other = Net(), Net()\n",
        },
    ),
    "a tie is undone by the next line": _pair(
        {"init": _TIED.format("        self.head = nn.Linear(8, 8)\n")},
        {"init": _TIED.format("")},
    ),
    "`module.requires_grad = False` freezes nothing": _pair(
        {"before": "model.first.requires_grad = False\n"}, {"before": "model.first.requires_grad_(False)\n"}
    ),
    "a frozen batch norm still moves": _pair(
        {"before": _FROZEN},
        {"before": _FROZEN + "model.norm.eval()\n"},
    ),
    "a second model is in no optimizer": _pair(
        {"setup": "model, top = Net(), nn.Linear(8, 8)\n", "step": STEP.replace("model(x)", "top(model(x))")},
        {
            "setup": "model, top = Net(), nn.Linear(8, 8)\n",
            "step": STEP.replace("model(x)", "top(model(x))"),
            "optimizer": OPTIMIZER.replace("model.parameters()", "[*model.parameters(), *top.parameters()]"),
        },
    ),
    "gradients are never cleared": _pair({"step": STEP.replace("    optimizer.zero_grad()\n", "")}, {}),
    "gradients are cleared before the step": _pair(
        {
            "step": STEP.replace("    optimizer.zero_grad()\n", "").replace(
                "    optimizer.step()", "    optimizer.zero_grad()\n    optimizer.step()"
            )
        },
        {},
    ),
    "the best state is the last one": _pair(
        {
            "before": "best, least = None, 0.0\n",
            "step": STEP + _BEST.format("copy.copy(model.state_dict())"),
            "end": "model.load_state_dict(best)\n" + END,
        },
        {
            "before": "best, least = None, 0.0\n",
            "step": STEP + _BEST.format("copy.deepcopy(model.state_dict())"),
            "end": "model.load_state_dict(best)\n" + END,
        },
    ),
    "momentum is given as `eps`": _pair(
        {"init": LAYERS.replace("BatchNorm1d(8)", "BatchNorm1d(8, 0.8)")},
        {"init": LAYERS.replace("BatchNorm1d(8)", "BatchNorm1d(8, momentum=0.8)")},
    ),
    "`nn.init` works on a copy": _pair(
        {"before": "nn.init.zeros_(model.head.weight.clone())\n"},
        {"before": "nn.init.zeros_(model.head.weight)\n"},
    ),
}
