"""What is wrong in one file because of another is said in the first, once, whoever is checked in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_source
from paramlint.engine.nominate import Nominator
from paramlint.engine.parallel import processes
from paramlint.frontends.cli import main
from paramlint.source.text import Source

#: An optimizer that is made in one file, of a model that loses a layer in a second, because of a third.
MAKERS = """\
from torch import optim


def make_optimizer(net):
    return optim.SGD(net.parameters(), lr=0.1)
"""
SURGERY = """\
from torch import nn


def widen(net):
    net.head = nn.Linear(8, 16)
"""
TRAIN = """\
import torch
from torch import nn
from makers import make_optimizer
from surgery import widen


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 8)

    def forward(self, x):
        return self.head(x)


def train(data):
    net = Net()
    optimizer = make_optimizer(net)
    widen(net)
    for x in data:
        optimizer.zero_grad()
        net(x).sum().backward()
        optimizer.step()
"""
#: The same in its own file as well.
OWN = (
    MAKERS
    + """\


def example(net):
    optimizer = make_optimizer(net)
    net.head = None
    net.head = nn.Linear(8, 8)
    return optimizer
"""
)
#: What has a fix.
LATE = """\
from torch import nn


class Late(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)
        super().__init__()
"""
PLACE = ("makers.py", 5)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes files in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)

    write(makers=MAKERS, surgery=SURGERY, train=TRAIN)
    return write


def check(capsys, *arguments, rules="PRM704,PRM001"):
    main(["check", "--isolated", "--select", rules, "--output-format", "json", *arguments])
    return json.loads(capsys.readouterr().out)


def places(findings):
    return [(Path(found["filename"]).name, found["location"]["row"]) for found in findings]


def test_it_is_said_where_it_stands(files, capsys):
    (found,) = check(capsys, "--no-cache")
    assert places([found]) == [PLACE]
    assert found["code"] == "PRM704"
    assert "before `net.head` is replaced" in found["message"]


@pytest.mark.parametrize("order", [("train.py", "makers.py"), ("makers.py", "train.py"), (".", "--reference")])
def test_the_order_and_the_reference_change_nothing(files, capsys, order):
    assert check(capsys, "--no-cache", *order) == check(capsys, "--no-cache")


@pytest.mark.parametrize("given", ["train.py", "makers.py", "surgery.py"])
def test_what_stands_in_no_file_that_is_checked_is_not_said(files, capsys, given):
    assert check(capsys, "--no-cache", given) == []


def test_processes_say_the_same(files, capsys, monkeypatch):
    monkeypatch.setattr(processes, "SERIAL", 0)
    monkeypatch.setattr(processes, "TASK", 0)
    assert check(capsys, "--no-cache", "-j", "2") == check(capsys, "--no-cache", "-j", "1") != []


def test_the_cache_says_the_same_after_each_change(files, capsys):
    first = check(capsys)
    assert check(capsys) == first
    files(surgery=SURGERY.replace("net.head = ", "print(").replace("16)", "16))"))
    assert check(capsys) == check(capsys, "--no-cache") == []
    files(surgery=SURGERY, makers="\n" + MAKERS)
    assert places(check(capsys)) == [("makers.py", 6)]
    assert check(capsys, "train.py") == []
    assert places(check(capsys, "makers.py", "train.py")) == [("makers.py", 6)]


def test_several_users_say_it_once(files, capsys):
    files(again=TRAIN, third=TRAIN.replace("net = Net()", "net = Net().float()"))
    assert places(check(capsys, "--no-cache")) == [PLACE]


def test_what_the_file_says_itself_is_not_said_again(files, capsys):
    makers = MAKERS.replace("import optim", "import nn, optim") + OWN[len(MAKERS) :]
    files(makers=makers)
    assert places(check(capsys, "--no-cache", "makers.py")) == [PLACE]
    assert check(capsys, "--no-cache") == check(capsys, "--no-cache", "makers.py")


def test_a_comment_in_that_file_silences_it_and_is_used(files, capsys):
    files(makers=MAKERS.replace("lr=0.1)", "lr=0.1)  # noqa: PRM704"))
    assert check(capsys, "--no-cache") == []
    assert check(capsys) == check(capsys) == []
    files(makers=MAKERS.replace("lr=0.1)", "lr=0.1)  # noqa: PRM704, PRM001, PRM705"))
    assert check(capsys, "--no-cache") == []


def test_a_comment_that_silences_nothing_is_said_all_the_same(files, capsys):
    files(makers="from torch import nn  # noqa: PRM704\n" + MAKERS.replace("lr=0.1)", "lr=0.1)  # noqa: PRM704"))
    (found,) = check(capsys, "--no-cache")
    assert (found["code"], found["location"]["row"]) == ("PRM001", 1)


def test_rules_that_are_ignored_in_that_file_are_not_said(files, capsys, tmp_path):
    config = '[tool.paramlint]\nselect = ["PRM704"]\n[tool.paramlint.per-file-ignores]\n"{}.py" = ["PRM704"]\n'
    for name, expected in (("makers", 0), ("train", 1)):
        (tmp_path / "pyproject.toml").write_text(config.format(name))
        assert main(["check", "--no-cache"]) == expected
    capsys.readouterr()


def test_a_baseline_knows_it(files, capsys):
    known = ["check", "--isolated", "--select", "PRM704", "--no-cache", "--baseline", "known.json"]
    assert main(known[:-2]) == 1
    assert main([*known, "--write-baseline"]) == 0
    assert main(known) == 0
    capsys.readouterr()


def test_it_has_no_fix_and_follows_its_row_where_others_are_fixed(files, capsys):
    files(makers=LATE + MAKERS)
    found = check(capsys, "--no-cache", rules="PRM704,PRM4")
    assert [(one["code"], one["fix"] is None) for one in found] == [("PRM406", False), ("PRM704", True)]
    left = check(capsys, "--no-cache", "--fix", rules="PRM704,PRM4")
    assert places(left) == [("makers.py", PLACE[1] + LATE.count("\n"))]


def test_one_file_by_itself_says_nothing_of_others(files):
    report = check_source(Source("train.py", TRAIN.encode()), Nominator(select(["PRM704"])))
    assert (report.diagnostics, report.elsewhere) == ([], [])
