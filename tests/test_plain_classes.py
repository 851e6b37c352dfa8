"""Classes so plain that no model of them is built: what they are, and that their look-alikes are still built."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.engine.nominate import Nominator
from paramlint.frontends.rule_testing import check_text
from paramlint.source.text import Source
from paramlint.syntax.outline import outline

PLAIN = """import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    \"\"\"A small network.\"\"\"

    def __init__(self, width, classes=10):
        super(Net, self).__init__()
        self.conv = nn.Conv2d(3, width, (3, 3), padding=1)
        self.norm = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU())
        self.head = nn.Linear(width * 4, classes)

    def forward(self, x, scale=1.0):
        x = F.max_pool2d(self.norm(self.conv(x)), 2)
        a, b = torch.flatten(x, 1), x.view(x.size(0), -1)[:, :4]
        return self.head(torch.cat([a, b], dim=1) * scale)
"""
BEYOND = [rule for rule in RULES if rule.beyond_plain]
LOOK_ALIKES = {
    "a layer that is not called": ("self.norm(self.conv(x))", "self.conv(x)"),
    "a layer in a list": ("nn.Linear(width * 4, classes)", "[nn.Linear(width * 4, classes)]"),
    "a layer that an argument makes": ("nn.Linear(width * 4, classes)", "classes(width)"),
    "the base's call last": ("super(Net, self).__init__()", "self.a = 1"),
    "the call of another base": ("super(Net, self).__init__()", "super(Head, self).__init__()"),
    "another base": ("Net(nn.Module)", "Net(nn.Linear)"),
    "two bases": ("Net(nn.Module)", "Net(Mixin, nn.Module)"),
    "a base of another library": ("import torch.nn as nn", "import other.nn as nn"),
    "a name of the file's own": ("class Net", "nn = fake(nn)\n\n\nclass Net"),
    "a name of an argument": ("self, width, classes", "self, width, nn, classes"),
    "an attribute of the class": ("    def forward", "    tail = nn.Linear(3, 3)\n\n    def forward"),
    "another method": ("    def forward", "    def reset(self):\n        del self.head\n\n    def forward"),
    "a layer made in forward": ("self.head(torch", "nn.Linear(3, 3)(torch"),
    "a parameter made in forward": ("* scale", "* nn.Parameter(x)"),
    "an edit in place": ("* scale", "* self.head.weight.mul_(2)"),
    "an edit of the argument": ("* scale", "* x.add_(2)"),
    "a branch": ("        return", "        if scale:\n            return x\n        return"),
    "an end before the end": ("        a, b", "        return x\n        a, b"),
    "a result that nothing uses": ("        a, b", "        y = self.head(x)\n        a, b"),
    "a result that another takes the place of": (
        "        a, b",
        "        x = self.head(x)\n        x = 1\n        a, b",
    ),
    "an instance that goes elsewhere": ("* scale", "* helper(self)"),
    "a layer under the name of another": ("self.norm = ", "self.conv = "),
    "weights that are handed over": ("padding=1", "padding=1, device=width"),
    "a layer without a size": ("nn.Conv2d(3, ", "nn.LazyConv2d("),
    "an adapter": ("class Net", "class LoraNet"),
    "a decorated method": ("    def forward", "    @wrapped\n    def forward"),
    "an instance of another name": ("        x = F", "        self = x\n        x = F"),
}


def nominated(text):
    """The rules that a file of this text is shown to, among those that have nothing to say of plain classes."""
    source = Source("net.py", text.encode())
    found = Nominator(BEYOND).nominate(source, outline(ast.parse(text), source))
    return {rule.code for rules in found.values() for rule in rules}


def test_nothing_is_asked_of_a_plain_class():
    assert nominated(PLAIN) == set()
    assert check_text(PLAIN, BEYOND) == check_text(PLAIN, BEYOND, reference=True) == []


@pytest.mark.parametrize(("old", "new"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_does_more_is_asked(old, new):
    assert PLAIN.count(old) >= 1
    assert nominated(PLAIN.replace(old, new)) != set()


def test_a_file_of_plain_classes_loads_no_rule(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(PLAIN.replace("BatchNorm2d(width)", "Softplus()"))
    script = (
        "import sys; from paramlint.frontends.cli import main; "
        f"code = main(['check', '--isolated', '--no-cache', '-j', '1', {str(path)!r}]); "
        "loaded = [name for name in sys.modules if name.startswith(('paramlint_rules.', 'paramlint.symbolic'))]; "
        "print(code, [name for name in loaded if name.count('.') > 1 or 'symbolic' in name])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
