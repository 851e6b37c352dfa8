"""The benchmark of agreement: what it counts as covered, exact and wrong, and that its live side is what is built."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NET = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, dim, depth=2, config=None):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(dim, 3 * dim, bias=False) for _ in range(depth)])
        self.scale = nn.Parameter(torch.zeros(dim), requires_grad=False)
        self.head = nn.Linear(dim, dim)
        self.head.weight = nn.Parameter(torch.ones(dim, dim))
        self.tied = self.head
        self.register_buffer("mask", torch.ones(3), persistent=False)
"""


@pytest.fixture
def agreement(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import agreement  # type: ignore[import-not-found]

    yield agreement
    for name in ("agreement", "live_models"):
        sys.modules.pop(name, None)


def row(name: str, **others: Any) -> dict[str, Any]:
    usual = {"certain": True, "condition": None, "count": None, "shape": None, "dtype": None, "init": None}
    more = {"tied_with": [], "requires_grad": None, "filename": "/site/net.py", "row": 7}
    return {"name": name} | usual | more | others


def init(call: str, row: int = 7, **arguments: Any) -> dict[str, Any]:
    return {"call": call, "arguments": arguments, "filename": "/site/net.py", "row": row}


def live(name: str, shape: list[int], made: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    usual = {"dtype": "float32", "status": "written", "tied_with": [], "requires_grad": True}
    return {"name": name, "shape": shape, "init": made} | usual | others


LIVE = {
    "target": "net:Net",
    "arguments": {
        "dim": {"source": "8", "origin": "guessed", "holds": {}},
        "config": {"source": "net.Config()", "origin": "guessed", "holds": {"size": 3}},
        "act": {"source": "torch.nn.ReLU", "origin": "guessed", "holds": {}},
        "depth": {"source": "2", "origin": "default", "holds": {}},
    },
    "parameters": [
        live("blocks.0.weight", [24, 8], {**init("kaiming_uniform_", a=5**0.5), "filename": "net.py"}),
        live("blocks.1.weight", [24, 8], {**init("kaiming_uniform_", a=5**0.5), "filename": "net.py"}),
        live("scale", [8], {**init("zeros", 8), "filename": "net.py"}, requires_grad=False),
        live("head.weight", [8, 8], {**init("ones", 10), "filename": "net.py"}, tied_with=["tied.weight"]),
    ],
    "buffers": [
        live("empty", [0, 3], persistent=True),
        live("lazy", [], status="lazy"),
        live("mask", [3], persistent=False),
    ],
}


def scored(agreement: Any, parameters: list[Any], buffers: list[Any] = [], unknown: list[Any] = []) -> Any:  # noqa: B006
    told = {"parameters": parameters, "buffers": buffers, "unknown": unknown, "steps": 7}
    return agreement.Comparison(LIVE, told, "/site").score()


def test_what_is_covered_exact_and_certain(agreement: Any) -> None:
    rows = [row("blocks.{depth}.weight", shape=["3 * dim", 8]), row("scale", certain=False)]
    score = scored(
        agreement, rows, [row("mask")], [{"name": "head.**", "why": agreement.OVER_BUDGET}, {"name": "**", "why": ""}]
    )
    assert (score.names, score.covered, score.exact, score.certain, score.shaped) == (8, 5, 4, 3, 2)
    assert score.missed == ["net:Net tied.weight", "net:Net empty", "net:Net lazy"]
    assert (score.wrong, score.over_budget, score.steps, score.claims) == ([], 1, 7, 2)


RIGHT = [
    row("blocks.{2}.weight", count=2, shape=["dim * config.size", "dim"], init=init("kaiming_uniform_", a="5 ** 0.5")),
    row("blocks.{0-1}.weight", count=2, requires_grad=True, dtype="torch.float32"),
    row("scale", shape=[8], init=init("zeros_", 8), requires_grad=False),
    row("scale", init=init("constant_", 8, val=0.0)),
    row("head.weight", shape=["what()", "dim"], tied_with=["tied.weight"], init=init("torch.ones", 10)),
    row("{some}.weight", tied_with=["{some}.weight"], certain=False),
    row("gone", certain=False, shape=[1]),
    row("gone", count=0),
]


@pytest.mark.parametrize("claim", RIGHT, ids=[claim["name"] for claim in RIGHT])
def test_claims_that_hold(agreement: Any, claim: dict[str, Any]) -> None:
    assert scored(agreement, [claim]).wrong == []


WRONG = [
    (row("gone"), "name"),
    (row("blocks.{3}.weight", count=3), "count"),
    (row("blocks.{2-5}.weight"), "name"),
    (row("mask"), "kind"),
    (row("scale", shape=[8, 1]), "shape"),
    (row("scale", shape=["dim + 1"]), "shape"),
    (row("blocks.0.weight", shape=["config.size", 8]), "shape"),
    (row("scale", dtype="float16"), "dtype"),
    (row("scale", requires_grad=True), "requires_grad"),
    (row("scale", tied_with=["head.weight"]), "tie"),
    (row("scale", init=init("ones_", 8)), "init"),
    (row("scale", init=init("normal_", 8)), "init"),
    (row("scale", init=init("zeros", 9)), "place"),
    (row("blocks.1.weight", init=init("kaiming_uniform_", a=0)), "init"),
]


@pytest.mark.parametrize(("claim", "kind"), WRONG, ids=[f"{claim['name']} {kind}" for claim, kind in WRONG])
def test_claims_that_do_not_hold(agreement: Any, claim: dict[str, Any], kind: str) -> None:
    (wrong,) = scored(agreement, [claim]).wrong
    assert wrong.kind == kind
    assert str(wrong).endswith("  net.py:7")


def test_the_row_with_more_text_stands_for_a_name(agreement: Any) -> None:
    assert scored(agreement, [row("sca{any}", shape=[9]), row("scale", shape=[8])]).wrong == []


def test_a_buffer_that_is_not_persistent(agreement: Any) -> None:
    (wrong,) = scored(agreement, [], [row("mask", persistent=True)]).wrong
    assert (wrong.kind, wrong.claim, wrong.live) == ("persistent", True, False)


def test_what_is_empty_is_written_by_nobody(agreement: Any) -> None:
    claims = [row("empty", init=init("randn")), row("lazy", shape=[3, 3], init=init("normal_"))]
    assert scored(agreement, [], claims).wrong == []


def test_ties_that_are_not_told(agreement: Any) -> None:
    assert scored(agreement, [row("head.weight"), row("tied.weight")]).untold_ties == 1
    assert scored(agreement, [row("head.weight", tied_with=["tied.weight"]), row("tied.weight")]).untold_ties == 0


def test_arguments_that_are_passed(agreement: Any) -> None:
    assert agreement.literals(LIVE["arguments"]) == {"dim": "8"}


def test_a_package_from_its_classes_to_the_table(
    agreement: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    (tmp_path / "agreed.py").write_text(NET)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    asked: list[Any] = []

    def told(target: str, arguments: dict[str, str], *, defaults: bool) -> Any:
        asked.append((target, arguments, defaults))
        return {"parameters": [row("scale", shape=["dim + 1"])], "buffers": [], "unknown": [], "steps": 1}

    monkeypatch.setattr(agreement, "symbolic_rows", told)
    assert agreement.main(["agreed", "--live-cache", "cache", "--verbose"]) == 1
    assert asked == [("agreed:Net", {"dim": "64"}, True)]
    kept = json.loads((tmp_path / "cache" / "agreed.json").read_text())["classes"][0]
    assert [one["name"] for one in kept["parameters"]] == [
        "scale",
        "blocks.0.weight",
        "blocks.1.weight",
        "head.weight",
        "head.bias",
    ]
    assert kept["parameters"][1]["init"] | {"arguments": {}} == {
        "call": "kaiming_uniform_",
        "arguments": {},
        "filename": "agreed.py",
        "row": 7,
        "within": "Linear.reset_parameters",
    }
    assert kept["parameters"][3]["tied_with"] == ["tied.weight"]
    assert kept["buffers"][0]["persistent"] is False
    text = capsys.readouterr().out
    assert "agreed:Net scale: shape ['dim + 1'], live [64]" in text
    (tmp_path / "agreed.py").unlink()
    assert agreement.main(["agreed", "--live-cache", "cache", "--bare"]) == 1  # from the cache
    assert asked[1] == ("agreed:Net", {}, False)
