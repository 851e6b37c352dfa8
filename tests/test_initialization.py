"""What the walk through a constructor says of each parameter that it allocates empty."""

from __future__ import annotations

import textwrap

import pytest

from paramlint.facts import File
from paramlint.facts.initialization import initialization_of
from paramlint.source.text import Source

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
    file = File(Source("net.py", text.encode()))
    cls = file.class_of(file.outline.classes["Net"][0].unit)
    assert cls is not None
    (parameter,) = (p for p in initialization_of(cls).parameters if p.name == "w")
    return parameter.written


@pytest.mark.parametrize(
    "body, verdict",
    [
        ("pass", "never"),
        ("nn.init.zeros_(self.w)", "always"),
        ("self.w.data.normal_()", "always"),
        ("self.w.data = torch.zeros(n, n)", "always"),
        ("self.w.data.mul_(2) if bias else None", "sometimes"),
        ("if bias:\n    self.w.data.zero_()", "sometimes"),
        ("if bias:\n    self.w.data.zero_()\nelse:\n    self.w.data.fill_(1)", "always"),
        ("if bias:\n    self.w.data.zero_()\nif not self.bias_is_used:\n    self.w.data.fill_(1)", "always"),
        ("if fn is None:\n    self.w.data.zero_()\nif fn is not None:\n    fn(self.w)", "always"),
        ("if not bias:\n    raise ValueError\nif bias:\n    self.w.data.zero_()", "always"),
        ("assert bias\nif bias:\n    self.w.data.zero_()", "always"),
        ("if mode == 'a':\n    self.w.data.zero_()", "sometimes"),
        ("if mode == 'a':\n    self.w.data.zero_()\nelif mode == 'b':\n    self.w.data.fill_(1)", "always"),
        ("self.w[0] = 1", "partly"),
        ("self.w[:] = 1", "always"),
        ("for i in range(n):\n    self.w[i] = i", "always"),
        ("for p in self.parameters():\n    p.data.zero_()", "always"),
        ("for p in self.parameters():\n    if p.dim() == 1:\n        p.data.zero_()", "never"),
        ("for name, p in self.named_parameters():\n    if 'w' in name:\n        p.data.zero_()", "always"),
        ("for name, p in self.named_parameters():\n    if 'bias' in name:\n        p.data.zero_()", "never"),
        ("for p in self.parameters():\n    if p.numel() > 3:\n        p.data.zero_()", "unknown"),
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
        ("self.reset(True)", "def reset(self, skip=False):\n    if not skip:\n        self.w.data.zero_()", "never"),
        ("self.reset()", "def reset(self, skip=False):\n    if not skip:\n        self.w.data.zero_()", "always"),
    ],
)
def test_own_methods_are_followed(body, rest, verdict):
    assert written(body, rest) == verdict


def test_too_many_paths_are_made_one():
    body = "\n".join(f"if c{i}(n):\n    self.a{i} = nn.Parameter(torch.empty(n))" for i in range(9))
    file = File(Source("net.py", (HEAD + textwrap.indent(body, " " * 8) + "\n").encode()))
    cls = file.class_of(file.outline.classes["Net"][0].unit)
    assert cls is not None
    found = {parameter.name: parameter.written for parameter in initialization_of(cls).parameters}
    assert found == {"w": "never"} | {f"a{i}": "never" for i in range(9)}
