"""What the model says of each parameter that a constructor allocates empty."""

from __future__ import annotations

import textwrap

import pytest

from paramlint.frontends.rule_testing import model_of
from paramlint.model.questions.empty_memory import written_in_part

HEAD = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, n, mode="a", bias=True, fn=None):
        super().__init__()
        self.bias_is_used = bias
        self.w = nn.Parameter(torch.empty(n, n))
"""


def written(body: str, rest: str = "") -> str:
    """The verdict on `self.w` for a constructor that ends with this code, in a class with these other methods."""
    text = (
        HEAD + textwrap.indent(textwrap.dedent(body), " " * 8) + "\n" + textwrap.indent(textwrap.dedent(rest), " " * 4)
    )
    model = model_of(text, "Net")
    (tensor,) = (t for t in model.parameters if t.name == "self.w")
    if any(tensor is one for one, _ in written_in_part(model)):
        return "partly"
    if tensor.filled.no:
        return "sometimes" if tensor.filled.when else "never"
    return "always" if tensor.filled.yes else "unknown"


@pytest.mark.parametrize(
    "body, verdict",
    [
        ("pass", "never"),
        ("nn.init.zeros_(self.w)", "always"),
        ("self.w.data.normal_()", "always"),
        ("self.w.data = torch.zeros(n, n)", "always"),
        ("self.w.data.fill_(2) if bias else None", "sometimes"),
        ("self.w.data.mul_(2)", "never"),
        ("if bias:\n    self.w.data.zero_()", "sometimes"),
        ("if bias:\n    self.w.data.zero_()\nelse:\n    self.w.data.fill_(1)", "always"),
        ("if bias:\n    self.w.data.zero_()\nif not self.bias_is_used:\n    self.w.data.fill_(1)", "always"),
        ("if fn is None:\n    self.w.data.zero_()\nif fn is not None:\n    fn(self.w)", "always"),
        ("if not bias:\n    raise ValueError\nif bias:\n    self.w.data.zero_()", "always"),
        ("assert bias\nif bias:\n    self.w.data.zero_()", "always"),
        ("if mode == 'a':\n    self.w.data.zero_()", "sometimes"),
        ("if mode == 'a':\n    self.w.data.zero_()\nelif mode == 'b':\n    self.w.data.fill_(1)", "sometimes"),
        ("self.w[0] = 1", "partly"),
        ("self.w[:] = 1", "always"),
        ("for i in range(n):\n    self.w[i] = i", "unknown"),
        ("for p in self.parameters():\n    p.data.zero_()", "always"),
        ("for p in self.parameters():\n    if p.dim() == 1:\n        p.data.zero_()", "never"),
        ("for name, p in self.named_parameters():\n    if 'w' in name:\n        p.data.zero_()", "always"),
        ("for name, p in self.named_parameters():\n    if 'bias' in name:\n        p.data.zero_()", "never"),
        ("for p in self.parameters():\n    if p.numel() > 3:\n        p.data.zero_()", "sometimes"),
        ("for name in ('w',):\n    nn.init.zeros_(getattr(self, name))", "always"),
        ("for t in [self.w]:\n    fn(t)", "always"),
        ("unknown(self)", "unknown"),
        ("self.other = self.w\nself.other.data.zero_()", "always"),
        ("with torch.no_grad():\n    self.w.copy_(torch.eye(n))", "always"),
        ("try:\n    self.w.data.zero_()\nexcept RuntimeError:\n    pass", "always"),
        ("self.w.requires_grad_(False)\nprint(self.w.shape)", "never"),
        ("torch.ones(n, n, out=self.w)", "always"),
        ("def fill(t):\n    t.data.zero_()\nfill(self.w)", "always"),
        ("(lambda t: nn.init.zeros_(t))(self.w)", "always"),
    ],
)
def test_verdicts(body, verdict):
    assert written(body) == verdict


@pytest.mark.parametrize(
    "body, rest, verdict",
    [
        ("self.reset()", "def reset(self):\n    self.fill(self.w)\ndef fill(self, t):\n    t.data.zero_()", "always"),
        ("self.reset()", "def reset(self):\n    self.reset()", "never"),
        (
            "self.apply(self.start)",
            "def start(self, m):\n    if isinstance(m, Net):\n        m.w.data.zero_()",
            "always",
        ),
        (
            "self.apply(self.start)",
            "def start(self, m):\n    if isinstance(m, nn.Linear):\n        m.w.zero_()",
            "never",
        ),
        ("self.reset()", "def reset(self):\n    if self.w is None:\n        return\n    self.w.data.zero_()", "always"),
        (
            "self.reset(True)",
            "def reset(self, skip=False):\n    if not skip:\n        self.w.data.zero_()",
            "sometimes",
        ),
        ("self.reset()", "def reset(self, skip=False):\n    if not skip:\n        self.w.data.zero_()", "always"),
    ],
)
def test_own_methods_are_followed(body, rest, verdict):
    assert written(body, rest) == verdict


def test_too_many_paths_are_made_one():
    body = "\n".join(f"if c{i}(n):\n    self.a{i} = nn.Parameter(torch.empty(n))" for i in range(9))
    model = model_of(HEAD + textwrap.indent(body, " " * 8) + "\n", "Net")
    found = {tensor.name: tensor.filled.no for tensor in model.parameters}
    assert found == {"self.w": True} | {f"self.a{i}": True for i in range(9)}
