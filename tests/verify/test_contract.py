"""Contracts: written short and exact, read strictly, compared entry by entry, from the file to the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomllib
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paramlint.config import name_patterns  # noqa: E402
from paramlint.config.toml_file import ConfigError  # noqa: E402
from paramlint.engine.catalogue import RULES, select  # noqa: E402
from paramlint.frontends.cli.verify.command import verify_command  # noqa: E402
from paramlint.frontends.cli.verify.contract_text import contract_text, tied_patterns  # noqa: E402
from paramlint.live.build.protocols import build_virtual  # noqa: E402
from paramlint.live.construct import watched  # noqa: E402
from paramlint.live.declared.agreement import Breach  # noqa: E402
from paramlint.live.declared.contract import read_contract  # noqa: E402
from paramlint.live.declared.folding import folded  # noqa: E402
from paramlint.live.live_model import LiveModel  # noqa: E402
from paramlint.verify.job import Plan  # noqa: E402
from paramlint.verify.judge.prove import prove  # noqa: E402
from paramlint.verify.judge.summarize import summarize  # noqa: E402

MODELS = Path(__file__).parent / "models.py"
CONTRACT = select(("PRM220",))


class Net(nn.Module):
    """Blocks of which each has a part that is tied to that of the other stack, and one table for all."""

    def __init__(self, depth: int = 3, std: float = 0.02, tie: bool = True) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 16)
        self.encoder = nn.ModuleList(nn.Linear(16, 16) for _ in range(depth))
        self.decoder = nn.ModuleList(nn.Linear(16, 16) for _ in range(depth))
        self.head = nn.Linear(16, 50, bias=False)
        self.scale = nn.Parameter(torch.arange(4.0) ** 2)  # by no law
        self.encoder[0].bias.requires_grad_(False)
        for one, other in zip(self.encoder, self.decoder, strict=True):
            nn.init.normal_(one.weight, std=std)
            if tie:
                other.weight = one.weight
        if tie:
            self.head.weight = self.table.weight


def text_of(factory: Callable[[], nn.Module]) -> str:
    summary = summarize(watched(factory), Plan(), CONTRACT)
    return contract_text("m:f", summary.parameters, summary.buffers)


def compared(factory: Callable[[], nn.Module], text: str, folder: Path) -> tuple[Breach, ...]:
    path = folder / "parameters.toml"
    path.write_text(text)
    model = watched(factory)
    model.contract = read_contract(str(path))
    return model.agreement.breaches


def test_the_text_is_short_exact_and_stable() -> None:
    text = text_of(Net)
    assert text == text_of(Net)
    assert text.partition("\n\n")[2] == (
        '[parameters."scale"]\nshape = [4]\ndtype = "float32"\n\n'
        '[parameters."table.weight"]\nshape = [50, 16]\ndtype = "float32"\ninit = "normal(std=1)"\n'
        'tied = ["head.weight"]\n\n'
        '[parameters."encoder.{0-2}.weight"]\nshape = [16, 16]\ndtype = "float32"\ninit = "normal(std=0.02)"\n'
        'tied = ["decoder.*.weight"]\n\n'
        '[parameters."encoder.0.bias"]\nshape = [16]\ndtype = "float32"\ninit = "uniform(-0.25, 0.25)"\n'
        "frozen = true\n\n"
        '[parameters."encoder.{1-2}.bias"]\nshape = [16]\ndtype = "float32"\ninit = "uniform(-0.25, 0.25)"\n\n'
        '[parameters."decoder.{0-2}.bias"]\nshape = [16]\ndtype = "float32"\ninit = "uniform(-0.25, 0.25)"\n\n'
        "[buffers]\n"
    )
    assert tomllib.loads(text)["complete"] is True


def test_a_model_keeps_the_contract_written_from_it(tmp_path: Path) -> None:
    assert compared(Net, text_of(Net), tmp_path) == ()


@pytest.mark.parametrize(
    ("change", "names", "expected", "found"),
    [
        ({"std": 0.03}, ["encoder.0.weight"], {"init": '"normal(std=0.02)"'}, {"init": '"normal(std=0.03)"'}),
        (
            {"tie": False},
            ["table.weight", "encoder.0.weight"],
            {"tied": '["head.weight"]'},
            {"tied": "[]"},
        ),
        (
            {"depth": 2},
            ["encoder.2.weight", "encoder.2.bias", "decoder.2.bias"],
            {"parameters": '["encoder.{0-2}.weight"]'},
            {"parameters": '["encoder.{0-1}.weight"]'},
        ),
        (
            {"depth": 5},
            ["encoder.3.weight", "encoder.3.bias", "decoder.3.bias"],
            {"parameters": "[]"},
            {"parameters": '["encoder.{3-4}.weight"]'},
        ),
    ],
)
def test_each_broken_entry_is_one_breach(
    tmp_path: Path, change: dict[str, Any], names: list[str], expected: dict[str, str], found: dict[str, str]
) -> None:
    breaches = compared(lambda: Net(**change), text_of(Net), tmp_path)
    assert [breach.name for breach in breaches] == names
    assert (breaches[0].expected, breaches[0].found) == (expected, found)


def test_a_layer_tied_to_the_wrong_one_breaks_the_contract(tmp_path: Path) -> None:
    def crossed() -> nn.Module:
        net = Net()
        net.decoder[0].weight, net.decoder[1].weight = net.decoder[1].weight, net.decoder[0].weight
        return net

    (breach,) = compared(crossed, text_of(Net), tmp_path)
    assert breach.message == (
        '`encoder.0.weight` and 1 more break the contract: tied is `["decoder.1.weight"]`, not `["decoder.*.weight"]`'
    )


def test_one_parameter_for_all_layers(tmp_path: Path) -> None:
    def shared(layers: int) -> nn.Module:
        one = nn.Linear(4, 4, bias=False)
        return nn.ModuleList([one] * layers + [nn.Linear(4, 4, bias=False)] * (4 - layers))

    text = text_of(lambda: shared(4))
    assert 'tied = ["{1-3}.weight"]' in text
    assert compared(lambda: shared(4), text, tmp_path) == ()
    (breach,) = compared(lambda: shared(3), text, tmp_path)
    assert breach.found == {"tied": '["{1-2}.weight"]'}


def test_a_contract_by_hand_compares_only_what_it_says(tmp_path: Path) -> None:
    by_hand = '[parameters."*coder.*.weight"]\ninit = "normal(std=1/50)"\n\n[parameters."*.bias"]\nshape = [16]\n'
    assert compared(Net, by_hand, tmp_path) == ()
    assert compared(lambda: Net(depth=7, tie=True), by_hand, tmp_path) == ()
    (breach,) = compared(Net, '[parameters."encoder.*.bias"]\nfrozen = true\ndtype = "float16"\n', tmp_path)
    assert breach.message == (
        '`encoder.0.bias` and 2 more break the contract: dtype is `"float32"`, not `"float16"`; '
        "frozen is `false`, not `true`"
    )
    (gone,) = compared(Net, '\n[parameters."encodr.*.weight"]\nfrozen = false\n', tmp_path)
    assert (gone.row, gone.tensor) == (2, None)
    assert "`encodr.*.weight` of the contract is no parameter of the model; did you mean `encoder." in gone.message


def test_the_rule_reports_breaches_at_the_model_or_in_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('[parameters."head.*"]\nshape = [1]\n[parameters.gone]\n')
    model = watched(Net)
    model.contract = read_contract(str(path))
    (rule,) = [rule for rule in RULES if rule.code == "PRM220"]
    shape, gone = (proved.proof for proved in prove(model, [rule]))
    assert (shape.parameter, Path(shape.filename)) == ("table.weight", Path(__file__))
    assert shape.evidence["expected"] == {"shape": "[1]"}
    assert shape.evidence["contract"] == f"{model.contract.path}:1"
    assert (gone.parameter, gone.filename, gone.row) == ("gone", model.contract.path, 3)
    assert list(prove(watched(Net), [rule])) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("complet = true", "p.toml:1: `complet` is no setting; did you mean `complete`?"),
        ("[parameters.x]\nshap = [1]", "p.toml:2: `shap` is no setting; did you mean `shape`?"),
        ("[parameters.x]\nshape = 1\n[parameters.y]\nshape = [1]\n", "p.toml:2: `shape`: expected a list, got a "),
        ("[parameters.x]\nshape = [1]\n[parameters.y]\nshape = 2\n", "p.toml:4: `shape`: expected a list, got a "),
        ("parameters = 3", "p.toml:1: `parameters`: expected a table, got a whole number"),
        ("[parameters]\nx = 3", "p.toml:2: expected a table, got a whole number"),
        ('[parameters.x]\n\ninit = "norml()"', "p.toml:3: `norml` is no law; did you mean `normal`?"),
        ('[parameters."x.{0-99999999}"]', "p.toml:1: `x.{0-99999999}` covers 100,000,000 names"),
        ('[parameters.x]\ntied = ["x.{0-99999999}"]', "p.toml:1: `x.{0-99999999}` covers 100,000,000 names"),
        ("[parameters.x]\npersistent = true", "p.toml:1: `persistent` is said of no parameter"),
        ("[buffers.x]\nfrozen = true", "p.toml:1: `frozen` is said of no buffer"),
        ("[parameters", "p.toml:1: is not valid TOML"),
    ],
)
def test_what_is_no_contract_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_contract("p.toml")
    assert str(caught.value).startswith(said)


NAMES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, unique=True)


@settings(max_examples=200, deadline=None)
@given(NAMES)
def test_folded_names_are_those_that_were_folded(rows: list[tuple[int, int]]) -> None:
    names = [f"layers.{layer}.experts.{expert}.w1" for layer, expert in rows]
    patterns = folded(names)
    assert sorted(name for p in patterns for name in name_patterns.enumerated(p)) == sorted(names)


def test_names_that_look_like_patterns_and_values_that_are_not_finite(tmp_path: Path) -> None:
    def odd() -> nn.Module:
        values = {"a*b": 1.0, "axb": 2.0, "{0-3}": -float("inf"), 'we"ird': float("nan"), "ü\n\x7f": 0.0}
        return nn.ParameterDict({name: nn.Parameter(torch.full((3,), value)) for name, value in values.items()})

    assert compared(odd, text_of(odd), tmp_path) == ()


def test_folding() -> None:
    assert folded(["a.0.b1", "a.1.b1", "a.3.b1", "c"]) == ["a.{0-1,3}.b1", "c"]
    assert folded(["a.01", "a.2"]) == ["a.01", "a.2"]
    assert folded([f"{a}.{b}" for a in range(3) for b in range(2)]) == ["{0-2}.{0-1}"]
    assert tied_patterns("a.1.x.2", ["b.1.y.2", "b.1.y.3", "c"]) == ("b.*.y.*", "b.*.y.3", "c")


@pytest.mark.parametrize(
    ("pattern", "name", "texts"),
    [
        ("*.weight", "a.b.weight", ("a.b",)),
        ("*.weight", "weight", None),
        ("a.{0-3,8}.b", "a.8.b", ("8",)),
        ("a.{0-3,8}.b", "a.4.b", None),
        ("a.{0-3,8}.b", "a.x.b", None),
        ("a?", "ab", ("b",)),
        ("a{b}", "a{b}", ()),
        ("a.b", "aXb", None),
    ],
)
def test_patterns(pattern: str, name: str, texts: tuple[str, ...] | None) -> None:
    assert name_patterns.captures(pattern, name) == texts


def linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False)


class Block(nn.Module):
    def __init__(self, width: int, hidden: int, key_value: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (linear(width, n) for n in (width, key_value, key_value, width))
        self.gate, self.up, self.down = linear(width, hidden), linear(width, hidden), linear(hidden, width)
        self.norm1, self.norm2 = nn.RMSNorm(width), nn.RMSNorm(width)


class Llama(nn.Module):
    """The shape of a Llama of 70 billion parameters."""

    def __init__(self, std: float = 0.02) -> None:
        super().__init__()
        self.embedding = nn.Embedding(128256, 8192)
        self.blocks = nn.ModuleList(Block(8192, 28672, 1024) for _ in range(80))
        self.norm = nn.RMSNorm(8192)
        self.head = linear(8192, 128256)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=std)


def test_a_contract_for_70_billion_parameters(tmp_path: Path) -> None:
    """Without values: what is compared is known from the calls."""
    model = LiveModel(build_virtual(Llama))
    summary = summarize(model, Plan(), CONTRACT)
    assert summary.summary.elements > 70e9
    text = contract_text("m:f", summary.parameters, summary.buffers)
    assert text.count("\n") < 80
    path = tmp_path / "parameters.toml"
    path.write_text(text)
    model.contract = read_contract(str(path))
    assert model.agreement.breaches == model.agreement.undecided == ()
    other = LiveModel(build_virtual(lambda: Llama(std=0.01)), contract=model.contract)
    assert len(other.agreement.breaches) == 9  # seven kinds in the blocks, the embedding and the head


class Buffered(nn.Module):
    def __init__(self, length: int = 8, persistent: bool = True, more: bool = False) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm1d(4) for _ in range(2))
        self.register_buffer("table", torch.zeros(length), persistent=persistent)
        if more:
            self.register_buffer("mask", torch.ones(3))


@pytest.mark.parametrize(
    ("change", "names", "found"),
    [
        ({}, [], {}),
        ({"length": 9}, ["table"], {"shape": "[9]"}),
        ({"persistent": False}, ["table"], {"persistent": "false"}),
        ({"more": True}, ["mask"], {"buffers": '["mask"]'}),
    ],
)
def test_buffers_are_part_of_the_contract(
    tmp_path: Path, change: dict[str, Any], names: list[str], found: dict[str, str]
) -> None:
    text = text_of(Buffered)
    assert '[buffers."norms.{0-1}.running_var"]\nshape = [4]\ndtype = "float32"\ninit = "constant(1)"\n' in text
    breaches = compared(lambda: Buffered(**change), text, tmp_path)
    assert [breach.name for breach in breaches] == names
    assert [breach.found for breach in breaches] == [found] * len(names)
    # Of a contract that has no table of buffers, as earlier ones, they are no part.
    assert compared(lambda: Buffered(**change), text.partition("[buffers")[0], tmp_path) == ()


def test_a_contract_may_not_know_a_buffer_that_is_none(tmp_path: Path) -> None:
    (gone,) = compared(Buffered, '[buffers."tabel"]\npersistent = true\n', tmp_path)
    assert gone.message == "`tabel` of the contract is no buffer of the model; did you mean `table`?"


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(verify_command, arguments)


def test_the_command_writes_and_compares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = f"{MODELS}:Good"
    assert verify(target, "--write-contract", "parameters.toml").exit_code == 0
    written = Path("parameters.toml").read_text()
    assert list(tmp_path.iterdir()) == [tmp_path / "parameters.toml"]
    Path("paramlint.toml").write_text(f'[verify]\ntargets = ["{target}"]\ncontract = "parameters.toml"\n')
    assert verify().exit_code == 0
    Path("parameters.toml").write_text(written.replace('tied = ["head.weight"]', "frozen = true"))
    result = verify("--select", "PRM220")
    assert result.exit_code == 1
    assert "--- parameters.toml:5\n  - frozen = true\n  + frozen = false\n  - tied = []\n" in result.output
    found = json.loads(verify("--output-format", "json").stdout)["findings"]
    assert [(f["code"], f["parameter"]) for f in found] == [("PRM220", "embed.weight")]
    assert found[0]["evidence"]["found"] == {"frozen": "false", "tied": '["head.weight"]'}
    # It is written again over what does not hold any more, and a failure leaves the old one.
    assert verify(f"{MODELS}:Broken", "--write-contract", "parameters.toml").exit_code == 2
    assert "frozen" in Path("parameters.toml").read_text()
    assert verify("--write-contract", "parameters.toml").exit_code == 0
    assert Path("parameters.toml").read_text() == written


@pytest.mark.heavy
def test_laws_are_declared_on_the_command_line_and_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = f"{MODELS}:Good"
    right = "blocks.*.weight=kaiming_uniform(a=5**0.5)"
    assert verify(target, "--law", right, "--law", "head.weight=normal()").exit_code == 0
    Path("paramlint.toml").write_text('[verify.laws]\n"embed.weight" = "zeros()"\n"*.bias" = "uniform(-1, 1)"\n')
    result = verify(target, "--law", right)
    assert result.exit_code == 1
    assert "`embed.weight` do not follow `zeros()`: " in result.output
    assert "`blocks.0.bias` do not follow `uniform(-1, 1)`: it was written as `uniform(-0.25, 0.25)`" in result.output
    assert "also blocks.1.bias, blocks.2.bias" in result.output
    assert verify(target, "--law", "*=normal()", "--law", right, "--law", "*.bias=uniform(-1/4, 1/4)").exit_code == 0
    assert verify(target, "--isolated").exit_code == 0
    nowhere = verify(target, "--isolated", "--law", "embd.weight=zeros()")
    assert nowhere.exit_code == 2
    assert "no parameter is called `embd.weight`, so its law was not compared; did you mean `embed.weight`?" in (
        nowhere.output
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["m:f", "--law", "*.weight"], "`*.weight` declares no law"),
        (["m:f", "--law", "*=norml()"], "did you mean `normal`?"),
        (["m:f", "--contract", "gone.toml"], "gone.toml:1: cannot be read: No such file or directory"),
        (["m:f", "--contract", "wrong.toml"], "wrong.toml:1: `x` is no setting; there are complete, parameters"),
        (["m:f", "--contract", "c.toml", "--write-contract", "d.toml"], "give one of them"),
        (["m:f", "m:g", "--contract", "c.toml"], "a contract is about one model"),
        (["m", "--discover", "--write-contract", "c.toml"], "a contract is about one model"),
        (["m:f", "--write-contract", "gone/c.toml"], "the contract cannot be written: there is no folder `gone`"),
        (["m:f", "--config", "wrong.toml"], "wrong.toml:1: `x` is no setting"),
        (["m:f", "--isolated", "--config", "c.toml"], "--isolated reads no configuration"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text("")
    Path("wrong.toml").write_text("x = 1\n")
    result = verify(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
