"""No input hangs: what doubles or is written out at length takes no more steps than its size allows.

Steps are counted, never time, so that the answer is the same everywhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from paramlint.facts.files import Project
from paramlint.frontends.rule_testing import check_text
from paramlint.model import Model
from paramlint.symbolic.building.entries import model_for
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.limits import (
    LEAST_STEPS,
    MAX_FILE_STEPS,
    MAX_SHOWN_STEPS,
    MAX_STEPS,
    MAX_STEPS_OF_CHARACTER,
)
from paramlint.symbolic.showing.show import show_class
from paramlint.symbolic.showing.show_document import ShownClass
from paramlint_rules.initialization.init_never_matches import rule as init_never_matches
from paramlint_rules.optimizer.gradients_cleared_too_soon import rule as gradients_cleared_too_soon
from paramlint_rules.optimizer.left_in_eval import rule as left_in_eval
from paramlint_rules.optimizer.parameter_group_never_matches import rule as parameter_group_never_matches
from paramlint_rules.ties.tie_broken_later import ask

from ..steps import steps

HEAD = "import torch\nfrom torch import nn\n\n"
NET = "class Net(nn.Module):\n    def __init__(self, dim=1, cfg=None, d=0):\n        super().__init__()\n"


def shown(tmp_path: Path, *lines: str, head: str = "") -> ShownClass:
    path = tmp_path / "net.py"
    path.write_text(HEAD + head + NET + "".join(f"        {line}\n" for line in lines), encoding="utf-8")
    program = Program(Project([], is_draft=True))
    facts = program.project.file(str(path)) if program.project is not None else None
    cls = program.file(facts).definition("Net") if facts is not None else None
    assert isinstance(cls, ClassValue)
    return show_class(program, cls)


def steps_of_entries(tmp_path: Path, text: str) -> int:
    """The steps that all entry points of a file take."""
    path = tmp_path / "net.py"
    path.write_text(HEAD + text, encoding="utf-8")
    file = Project([], is_draft=True).file(str(path))
    assert file is not None
    steps = 0
    for unit in file.outline.units:
        model_for(file, unit)
        steps += file.memo["model"].run.steps
    return steps


def nested(depth: int) -> list[str]:
    heads = [f"{'    ' * level}for i{level} in range(dim + {level}):" for level in range(depth)]
    return [*heads, f"{'    ' * depth}self.add_module(f'x{{i{depth - 1}}}', nn.Linear(1, 1))"]


MUTUAL = """\
def one(n):
    return nn.Sequential(two(n + 1), two(n + 2))

def two(n):
    return nn.Sequential(one(n + 1), one(n + 2))

class Left(nn.Module):
    def __init__(self):
        super().__init__()
        self.right = Right()

class Right(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = Left()

"""
NUMBERS = ", ".join(map(str, range(300_000)))
KEYWORDS = ", ".join(f"k{i}=cfg.k{i} if cfg.k{i} is not None else d" for i in range(17))
SINK = (
    "class Sink(nn.Module):\n    def __init__(self, **rest):\n        super().__init__()\n        self.rest = rest\n\n"
)


@pytest.mark.parametrize(
    ("lines", "head", "most"),
    [
        pytest.param([f"x = [{NUMBERS}]", "self.a = nn.Linear(1, 1)"], "", 4_000, id="300,000 numbers"),
        pytest.param([f"self.l{i} = nn.ReLU()" for i in range(2_000)], "", 60_000, id="2,000 layers written out"),
        pytest.param(["self.a = one(1)", "self.b = Left()"], MUTUAL, 5_000, id="mutual recursion"),
        pytest.param(nested(10), "", 4_000, id="ten nested loops"),
        pytest.param(["ws = [nn.Linear(1, 1)]", *["ws = ws + ws"] * 30, "self.a = nn.ModuleList(ws)"], "", 25_000,
                     id="a list and itself"),
        pytest.param(["ws = [nn.Linear(1, 1)]", *["ws = [*ws, *ws]"] * 30, "self.a = nn.ModuleList(ws)"], "", 25_000,
                     id="a list of itself twice"),
        pytest.param(["x = 'a'", *["x = f(x, x)"] * 20, "self.a = nn.Linear(len(x), 1)"],
                     "def f(a, b):\n    return a + b\n\n", 1_000, id="a text and itself"),
        pytest.param(["x = dim", *["x = f(x, x)"] * 20, "self.a = nn.Linear(x, 1)"],
                     "def f(a, b):\n    return a * b + b\n\n", 1_000, id="a number that is not known, and itself"),
        pytest.param(["m0 = nn.Linear(1, 1)", *[f"m{i + 1} = nn.Sequential(m{i}, m{i})" for i in range(30)],
                      "self.a = m30"], "", 40_000, id="a module of itself twice"),
        pytest.param([f"self.a = Sink({KEYWORDS})", "self.b = nn.Linear(1, 1)"], SINK, 1_000, id="17 alternatives"),
    ],
)  # fmt: skip
def test_it_ends_within_steps(tmp_path: Path, lines: list[str], head: str, most: int) -> None:
    table = shown(tmp_path, *lines, head=head)
    assert table.steps <= most <= MAX_SHOWN_STEPS


HEADS = "".join(f"def f{i}(n):\n    return nn.Sequential(f{i + 1}(n), f{i + 1}(n))\n\n" for i in range(30))
BUILDING = "".join(
    f"class C{i + 1}(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = C{i}()\n"
    f"        self.b = C{i}()\n\n"
    for i in range(30)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HEADS}def f30(n):\n    return nn.Linear(n, n)\n", id="functions"),
        pytest.param(f"class C0(nn.Linear):\n    pass\n\n{BUILDING}", id="classes"),
    ],
)
def test_the_entry_points_of_a_file_share_their_steps(tmp_path: Path, text: str) -> None:
    most = MAX_FILE_STEPS + MAX_STEPS_OF_CHARACTER * len(text) + MAX_STEPS + 31 * 2 * LEAST_STEPS
    assert steps_of_entries(tmp_path, text) <= most < 10 * MAX_STEPS


def test_a_parameter_in_many_places_is_compared_in_few(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    doubling = "        ws = [*ws, *ws]\n" * 9
    path.write_text(
        f"{HEAD}{NET}        ws = [nn.Parameter(torch.ones(1))]\n{doubling}        self.ws = nn.ParameterList(ws)\n"
    )
    file = Project([], is_draft=True).file(str(path))
    assert file is not None
    unit = next(unit for unit in file.outline.units if unit.kind == "class")
    model = model_for(file, unit)
    assert steps(lambda: list(ask(model)), at_most=4_000_000)


def model_in(tmp_path: Path, text: str, name: str) -> Model:
    path = tmp_path / "code.py"
    path.write_text(HEAD + text, encoding="utf-8")
    file = Project([]).file(str(path))
    assert file is not None
    return model_for(file, next(unit for unit in file.outline.units if unit.name == name))


TRAINS = """
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    while True:
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
"""


def test_layers_of_torch_leave_steps_for_what_is_done_with_them(tmp_path: Path) -> None:
    layers = "".join(f"    layers.append(nn.BatchNorm2d({width}))\n" for width in range(1, 501))
    model = model_in(
        tmp_path, f"def train():\n    layers = []\n{layers}    model = nn.Sequential(*layers){TRAINS}", "train"
    )
    assert model.modules.closed.yes
    assert len(model.events("stepped")) == 1


@pytest.mark.parametrize(("work", "hidden"), [("total += i * j", False), ("total += build(i)", True)])
def test_a_function_that_is_left_hides_what_it_speaks_of(tmp_path: Path, work: str, hidden: bool) -> None:
    rounds = "".join(f"        if size > {i}:\n            {work}\n" for i in range(400))
    boxes = f"def boxes(size):\n    total, i, j = 0, size, size\n    for _ in range(8):\n{rounds}    return total\n\n\n"
    text = f"{boxes}def train(size):\n    model = nn.Linear(3, boxes(size)){TRAINS}"
    assert model_in(tmp_path, text, "train").modules.closed.yes is not hidden


TRAINER = """\
class Trainer:
    def __init__(self, batches, held_out):
        self.batches, self.held_out = batches, held_out
        self.model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.count = 0

    def run(self):
        while self.count < 100:
            for batch in self.batches:
                self.optimizer.zero_grad()
                self.model(batch).sum().backward()
                self.optimizer.step()
                self.count += 1
                if self.count % 10 == 0:
                    self.validate()

    def validate(self):
        self.model.eval()
        found = {"a": [], "b": []}
        for batch in self.held_out:
            with torch.no_grad():
                found["a"].append(self.model(batch).mean())
        for name in ("a", "b"):
            found[name] = sum(found[name]) / len(found[name])
        self.model.train()
"""


@pytest.mark.parametrize("budget", range(200, 1300, 50))
def test_a_loop_that_is_cut_short_proves_nothing_of_what_it_lacks(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_STEPS", "LEAST_STEPS"):
        monkeypatch.setattr(f"paramlint.symbolic.building.entries.{name}", budget)
    assert check_text(HEAD + TRAINER, [left_in_eval]) == []


CLEARED = """
def main(batches):
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for batch in batches:
        model(batch).sum().backward()
        optimizer.zero_grad()
        optimizer.step()
        probe = nn.Sequential(*[nn.Linear(4, 4) for _ in range(8)])
        print(sum(p.numel() for p in probe.parameters()))
"""


def test_what_comes_before_the_end_of_the_steps_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for budget in (300, 500, 5000):
        for name in ("MAX_STEPS", "LEAST_STEPS"):
            monkeypatch.setattr(f"paramlint.symbolic.building.entries.{name}", budget)
        found.append(len(check_text(HEAD + CLEARED, [gradients_cleared_too_soon])))
    assert found == [1, 1, 1]


FROZEN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.third = nn.Conv1d(4, 4, 1)
        self.head = nn.Linear(4, 2)
        for m in self.modules():
            if isinstance(m, nn.Conv1d):
                nn.init.zeros_(m.bias)
        for name, p in self.named_parameters():
            if "head.bias" in name:
                nn.init.zeros_(p)


def main():
    net = Net()
    for name, p in net.named_parameters():
        if name.startswith("head"):
            p.requires_grad = False
    return torch.optim.SGD(net.parameters(), lr=0.1)
"""


@pytest.mark.parametrize("budget", range(400, 700, 6))
def test_a_condition_that_a_cut_short_build_did_not_meet_may_be_true(
    budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_STEPS", "LEAST_STEPS"):
        monkeypatch.setattr(f"paramlint.symbolic.building.entries.{name}", budget)
    assert check_text(HEAD + FROZEN, [init_never_matches, parameter_group_never_matches]) == []


def over_each(depth: int, does: str) -> str:
    heads = [f"{'    ' * (2 + level)}for i{level} in (1, 2, 3, 4, 5, 6, 7, 8):\n" for level in range(depth)]
    return "".join(heads) + f"{'    ' * (2 + depth)}{does}\n"


TRAINED = """

def train(batches):
    {before}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in batches:
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()
"""


def test_what_trains_a_network_that_takes_most_of_the_steps_is_read(tmp_path: Path) -> None:
    net = NET + over_each(6, "self.add_module(f'x{i0}{i1}{i2}{i3}{i4}{i5}', nn.Linear(1, 1))")
    model = model_in(tmp_path, net + TRAINED.format(before="model = Net()"), "train")
    assert [event.kind for event in model.events("cleared", "backward", "stepped")] == [
        "cleared",
        "backward",
        "stepped",
    ]
    assert not model.is_cut_short
    assert not any(tensor.known for tensor in model.optimizers.seen[0].tensors)


def test_what_follows_an_object_that_takes_most_of_the_steps_is_read(tmp_path: Path) -> None:
    grid = "class Grid:\n    def __init__(self):\n        self.at = {}\n" + over_each(
        6, "self.at[i0, i1, i2, i3, i4, i5] = 0"
    )
    text = f"{grid}\n\ndef grid():\n    return Grid()\n" + TRAINED.format(before="grid()\n    model = nn.Linear(1, 1)")
    model = model_in(tmp_path, text, "train")
    assert [event.kind for event in model.events("cleared", "backward", "stepped")] == [
        "cleared",
        "backward",
        "stepped",
    ]
    assert len(model.optimizers.seen[0].tensors.seen) == 2
