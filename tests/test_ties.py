"""Ties that the configuration declares: check and verify say nothing of what is meant to be shared."""

from __future__ import annotations

import json
import re

import pytest

from paramlint.frontends.cli import main

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, act=nn.PReLU()):
        super().__init__()
        self.table = nn.Embedding(100, 8)
        self.head = nn.Linear(8, 100)
        self.head.weight = nn.Parameter(self.table.weight)
        self.layers = nn.ModuleList([nn.Linear(8, 8)] * 3)
        self.act = act
        self.rest = [nn.Linear(8, 8)]
"""
DECLARED = [
    ([], {"PRM301", "PRM303", "PRM501"}),
    (["head.weight"], {"PRM301", "PRM303"}),
    (["head"], {"PRM301", "PRM303"}),
    (["table.weight"], {"PRM301", "PRM303"}),
    (["Net.head.weight"], {"PRM301", "PRM303"}),
    (["Other.head.weight"], {"PRM301", "PRM303", "PRM501"}),
    (["Net.layers", "Net.act"], {"PRM501"}),
    (["lay*", "a?t"], {"PRM501"}),
    (["*.weight"], {"PRM301", "PRM303"}),
    (["Net"], set()),
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a model in which much is shared, at the root of a repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def declare(folder, ties):
    (folder / "paramlint.toml").write_text(f"ties = {json.dumps(ties)}\n")


def codes(text):
    return set(re.findall(r"\bPRM\d{3}\b", text))


@pytest.mark.parametrize(("ties", "found"), DECLARED)
def test_check_is_silent_on_declared_ties(project, capsys, ties, found):
    declare(project, ties)
    assert main(["check", "--output-format", "concise", "net.py"]) == 1
    assert codes(capsys.readouterr().out) == found | {"PRM401"}


def test_ties_count_after_the_cache(project, capsys):
    declare(project, [])
    main(["check", "-q", "--output-format", "concise", "net.py"])
    assert "PRM501" in capsys.readouterr().out
    declare(project, ["head"])
    main(["check", "-q", "--output-format", "concise", "net.py"])
    assert "PRM501" not in capsys.readouterr().out


def test_a_declared_tie_is_not_fixed(project, capsys):
    declare(project, ["layers", "head"])
    main(["check", "-q", "--fix", "--unsafe-fixes", "net.py"])
    text = (project / "net.py").read_text()
    assert "[nn.Linear(8, 8)] * 3" in text
    assert "nn.Parameter(self.table.weight)" in text
    assert "act=None" in text


def test_a_class_inside_another_one_is_known_by_its_name(project, capsys):
    (project / "net.py").write_text(
        "from torch import nn\n\nclass Outer:\n    class Net(nn.Module):\n"
        "        def __init__(self):\n            super().__init__()\n"
        "            self.layers = nn.ModuleList([nn.Linear(8, 8)] * 3)\n"
    )
    declare(project, ["Net.layers"])
    assert main(["check", "net.py"]) == 0


def test_extended_ties_add_up(project, capsys):
    (project / "base.toml").write_text('[tool.paramlint]\nties = ["layers"]\n')
    (project / "paramlint.toml").write_text('extend = "base.toml"\nties = ["act"]\n')
    main(["check", "--show-settings"])
    assert json.loads(capsys.readouterr().out)["ties"] == ["layers", "act"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ties = "head"', "`ties`: expected a list, got a text"),
        ("ties = [1]", "`ties`: expected a text, got a whole number"),
        ('tie = ["head"]', "`tie` is no setting; did you mean `ties`?"),
    ],
)
def test_wrong_declarations_are_refused(project, capsys, text, said):
    (project / "paramlint.toml").write_text(text + "\n")
    assert main(["check", "net.py"]) == 2
    assert f"paramlint.toml:1: {said}" in capsys.readouterr().err


INHERITED = "from net import Net\n\nclass Derived(Net):\n    pass\n\ndef build():\n    return Derived()\n"


@pytest.mark.parametrize(
    ("ties", "found"),
    [([], {"PRM301", "PRM303", "PRM501"}), (["Net.head.weight", "layers"], {"PRM303"}), (["Derived"], set())],
)
def test_verify_means_the_same(project, capsys, ties, found):
    pytest.importorskip("torch")
    (project / "derived.py").write_text(INHERITED)
    declare(project, ties)
    assert main(["verify", "derived:build", "--output-format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    confirmed = {finding["code"] for finding in document["findings"] if finding["verdict"] == "confirmed"}
    assert confirmed == found | {"PRM401"}
