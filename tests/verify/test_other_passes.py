"""What the pass on the example leaves out is accused only where no other input, state or choice may use it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from paramlint.engine.catalogue import select
from paramlint.live.construct import live_model
from paramlint.verify.judge.prove import prove

MODEL = """\
import random

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.extra = nn.Linear(4, 4)
        self.token = nn.Parameter(torch.randn(4))
        self.is_wide = False
        self.task = "a"
        self.choices = {"first": self.first, "extra": self.extra}

"""
#: The parts that are accused; of a `forward` that is given what is above it.
NEVER = {
    "not read": """
def forward(self, x):
    return self.first(x)
""",
    "by its configuration": """
def forward(self, x, mask=None):
    x = self.first(x)
    if x.ndim != 2:
        raise ValueError
    if self.is_wide:
        x = self.extra(x) + self.token
    return x
""",
    "by a name of its configuration": """
def forward(self, x):
    wide = self.is_wide and isinstance(self.extra, nn.Linear)
    x = self.first(x)
    return self.extra(x) + self.token if wide else x
""",
    "given away": """
def forward(self, x, mask=None):
    if mask is None:
        self.extra(x)
        _ = self.token * 2
    return self.first(x)
""",
}
OTHERWISE = {
    "more that is given": """
def forward(self, x, mask=None):
    x = self.first(x)
    if mask is not None:
        x = self.extra(x * mask) + self.token
    return x
""",
    "a name of what is given": """
def forward(self, x, **more):
    has_mask = self.is_wide or "mask" in more
    x = self.first(x)
    return self.extra(x) + self.token if has_mask else x
""",
    "what is left early": """
def forward(self, x, whole=False):
    x = self.first(x)
    if not whole:
        return x
    return self.extra(x) + self.token
""",
    "a long sequence": """
def forward(self, x):
    x = self.first(x)
    while len(x) > 99:
        x = self.extra(x)[1:] + self.token
    return x
""",
    "chance": """
def forward(self, x):
    x = self.first(x)
    if random.random() > 1:
        x = self.extra(x) + self.token
    return x
""",
    "each of what is given": """
def forward(self, x, others=()):
    return sum([self.extra(one) + self.token for one in others], self.first(x))
""",
    "a state": """
def choose(self, task):
    self.task = task

def forward(self, x):
    x = self.first(x)
    return self.extra(x) + self.token if self.task == "b" else x
""",
    "a name": """
def forward(self, x, part="first"):
    return getattr(self, part)(x)
""",
    "a choice": """
def forward(self, x, part="first"):
    return self.choices[part](x) + self.token
""",
    "an and": """
def forward(self, x, mask=None):
    x = self.first(x)
    more = mask is not None and self.extra(x) + self.token
    return x + more
""",
    "a case": """
def forward(self, x, task="a"):
    x = self.first(x)
    match task:
        case "b":
            x = self.extra(x) + self.token
    return x
""",
}


def accused(folder: Path, forward: str, method: str = "train") -> dict[str, str]:
    """What PRM410 says, by the part of which it says it; of a model of which a method is called first."""
    path = folder / "net_with_choices.py"
    path.write_text(MODEL + "".join(f"    {line}\n" for line in forward.splitlines()))
    spec = importlib.util.spec_from_file_location("net_with_choices", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["net_with_choices"] = module
    spec.loader.exec_module(module)
    model = live_model(lambda: getattr(module.Net(), method)(), example=lambda: torch.randn(3, 4))
    assert model.degraded == ()
    found = prove(model, select(("PRM410",), preview=True))
    return {one.proof.parameter.partition(".")[0]: one.proof.message for one in found}


@pytest.mark.parametrize("forward", NEVER.values(), ids=NEVER)
def test_what_no_pass_uses_is_never_trained(tmp_path: Path, forward: str) -> None:
    assert set(accused(tmp_path, forward)) == {"extra", "token"}


@pytest.mark.parametrize("forward", OTHERWISE.values(), ids=OTHERWISE)
def test_what_another_pass_may_use_is_not_accused(tmp_path: Path, forward: str) -> None:
    assert accused(tmp_path, forward) == {}


HOOKED = """
def keep(self, layer, given, result):
    self.seen = result

def watch(self):
    self.first.register_forward_hook(self.keep)
    return self

def forward(self, x):
    self.extra(self.first(x) + self.token)
    return self.seen
"""


def test_what_lies_behind_a_hook_is_not_accused(tmp_path: Path) -> None:
    assert set(accused(tmp_path, HOOKED.replace("return self.seen", "return self.first(x)"))) == {"extra", "token"}
    assert accused(tmp_path, HOOKED, "watch") == {}


ROUNDED = """
def forward(self, x):
    return self.first(self.extra(x).round().int() / 255) + self.token
"""


def test_what_is_rounded_is_used_and_gets_no_gradient(tmp_path: Path) -> None:
    (said,) = accused(tmp_path, ROUNDED).values()
    assert "is used, but no gradient of the output reaches it" in said
