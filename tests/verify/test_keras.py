"""Models of Keras 3 on its PyTorch backend: what they are, and what is proved of them."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

import torch

import paramlint
from paramlint.assertions import assert_frozen, assert_in_optimizer, assert_init
from paramlint.engine.catalogue import RULES
from paramlint.frontends.cli import main
from paramlint.knowledge.frameworks import KERAS
from paramlint.live.build.build_error import BuildError
from paramlint.live.construct import live_model
from paramlint.live.laws.fit import fit_all
from paramlint.live.laws.notation import parse_law
from paramlint.verify.judge.prove import prove

from . import keras_models as models

FILE = Path(models.__file__)
PAIRS: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
    ("PRM801", models.one_initialiser, models.named_initialiser),
    ("PRM801", models.kept_initialiser, models.cloned_initialiser),
    ("PRM801", models.other_shapes, models.constant_initialiser),
    ("PRM801", models.own_weights, models.attention),
    ("PRM801", models.copied_by_the_layer, models.attention),
    ("PRM802", models.one_seed, models.seed_generator),
    ("PRM802", models.one_seed_cloned, models.counted_seeds),
    ("PRM804", models.unfrozen_base, models.base_with_frozen_norms),
    ("PRM804", models.unfrozen_base, models.frozen_base),
    ("PRM804", models.AlwaysTraining, models.AsTold),
    ("PRM804", models.AlwaysTraining, models.MonteCarlo),
    ("PRM806", models.Slots, models.Appended),
    ("PRM806", models.Nested, models.NestedAtTheEnd),
    ("PRM806", models.InADataclass, models.KeptTwice),
    ("PRM806", models.InANamespace, models.WithAnotherModel),
    ("PRM806", models.InAClosure, models.plain_base),
    ("PRM807", models.of_torch, models.of_keras),
    ("PRM807", models.leaf_of_torch, models.of_keras),
    ("PRM807", models.list_of_torch, models.of_keras),
    ("PRM808", models.MadeInCall, models.MadeBefore),
    ("PRM808", models.MadeByAHelper, models.AroundBuilt),
    ("PRM809", models.scaled, models.scaled_in_call),
    ("PRM809", models.replaced_gamma, models.assigned_gamma),
    ("PRM811", models.zeros, models.zero_at_the_end),
    ("PRM811", models.uncalled_constant, models.ones_below_random),
    ("PRM811", models.ones_behind_dropout, models.zero_branch),
    ("PRM813", models.multiplied, models.each_its_own),
    ("PRM813", models.of_the_class, models.of_the_instance),
    ("PRM813", models.as_the_default, models.without_weights),
    ("PRM813", models.multiplied, models.shared_on_purpose),
    ("PRM813", models.multiplied, models.widths_multiplied),
    ("PRM816", models.CopiedTable, models.TiedTable),
    ("PRM816", models.SetTable, models.StartedLikeTable),
    ("PRM823", models.two_weights, models.TwoNames),
    ("PRM823", models.TwoLayers, models.built_by_shape),
]
each_pair = pytest.mark.parametrize(("code", "bad", "good"), PAIRS, ids=lambda one: getattr(one, "__name__", one))


def live(factory: Callable[..., Any], **options: Any) -> Any:
    tables = ("Table" in factory.__name__) and models.tokens
    return live_model(factory, **{"example": tables or models.example, **options})


def proofs(factory: Callable[..., Any], **options: Any) -> list[Any]:
    model = live(factory, **options)
    assert model.degraded == ()
    return [(found.rule.code, found.proof) for found in prove(model, RULES)]


@each_pair
def test_a_mistake_is_proved_at_its_line(code, bad, good):
    found = proofs(bad)
    assert {told for told, _ in found} == {code}
    rows = FILE.read_text(encoding="utf-8").split("\n")
    for _, proof in found:
        assert proof.filename == str(FILE) and rows[proof.row - 1].endswith(f"# {code}")


@each_pair
def test_its_right_twin_is_silent(code, bad, good):
    assert proofs(good) == []


def test_every_rule_of_keras_with_a_runtime_half_has_a_pair():
    verified = {rule.code for rule in RULES if rule.verifiers and rule.frameworks == KERAS}
    assert {code for code, *_ in PAIRS} == verified


def test_variables_are_named_by_their_paths_and_statistics_and_seeds_are_buffers():
    model = live(models.functional)
    assert [p.name for p in model.parameters] == [
        "batch_normalization.gamma",
        "batch_normalization.beta",
        "dense.kernel",
        "dense.bias",
    ]
    assert {b.name for b in model.buffers} == {
        "batch_normalization.moving_mean",
        "batch_normalization.moving_variance",
        "seed_generator.seed_generator_state",
    }
    assert model.ties == () and model.aliases == ()


def test_names_are_the_same_each_time():
    first, second = live(models.TwoNames), live(models.TwoNames)
    assert [p.name for p in first.parameters] == [p.name for p in second.parameters]
    assert [p.numbers for p in first.parameters] == [p.numbers for p in second.parameters]


def test_a_frozen_layer_has_frozen_parameters_and_its_statistics_are_none():
    model = live(models.frozen_norm)
    assert [p.name for p in model.parameters if not p.requires_grad] == [
        "batch_normalization.gamma",
        "batch_normalization.beta",
    ]
    assert all(b.name.startswith(("batch_normalization.moving", "seed")) for b in model.buffers)


def test_one_path_twice_is_two_parameters():
    model = live(models.two_weights)
    assert [p.name for p in model.parameters] == ["sequential.two_weights.w", "sequential.two_weights.w_1"]


def test_a_shared_layer_is_one_parameter():
    assert len(live(models.shared_on_purpose).parameters) == 2


def test_what_is_not_built_asks_for_an_example():
    model = live(models.NotBuilt, example=None)
    assert model.degraded == ("not built: give --example",)
    assert model.parameters == ()


def test_an_example_that_fails_is_said():
    model = live(models.NotBuilt, example=lambda: "text")
    assert any(note.startswith("not built: the example failed: ") for note in model.degraded)


def test_a_model_may_build_itself_by_a_shape():
    model = live(models.built_by_shape, example=None)
    assert model.degraded == ()
    assert [p.shape for p in model.parameters] == [(3, 4), (4,), (4, 4), (4,)]


def test_inputs_by_name():
    model = live(models.Branches, example=models.by_name)
    assert model.forward is not None and model.forward.error == ""
    assert len(model.parameters) == 4 and model.forward.without_gradient == ()


def test_laws_are_those_of_the_initialisers_and_the_values_follow_them():
    model = live(models.laws)
    told = {p.name.removeprefix("sequential."): p for p in model.parameters}
    assert [p.init.call for p in told.values()] == [
        *("he_normal", "zeros", "truncated_normal", "ones", "variance_scaling", "zeros", "he_uniform"),
        *("lecun_normal", "glorot_normal", "zeros"),
        *("orthogonal", "zeros", "glorot_uniform", "orthogonal", "bias_initializer"),
    ]
    assert all(p.expected is not None for name, p in told.items() if name != "lstm.lstm_cell.bias")
    rows = FILE.read_text(encoding="utf-8").split("\n")
    assert "TruncatedNormal(stddev=0.02)" in rows[told["dense_1.kernel"].init.row - 1]
    fits = fit_all({name: (p.array, p.expected) for name, p in told.items() if p.expected is not None})
    assert {fit.verdict for fit in fits.values()} == {"follows"}


def test_values_that_were_scaled_afterwards_have_another_law():
    model = live(models.wrong_values)
    scaled = model.by_name["sequential.dense_1.kernel"]
    assert scaled.expected is None or scaled.expected.std > 2 * model.by_name["sequential.dense.kernel"].expected.std
    assert scaled.init.row != model.by_name["sequential.dense.kernel"].init.row


def test_a_declared_law_of_keras_is_tested():
    for law, wrong in (
        ("glorot_uniform()", ["sequential.dense_1.kernel"]),
        ("he_normal()", ["sequential.dense.kernel"]),
    ):
        model = live(models.wrong_values)
        model.declared_laws = {"*.kernel": parse_law(law)}
        found = [one.proof.parameter for one in prove(model, RULES) if one.rule.code == "PRM219"]
        assert set(wrong) <= set(found)
    assert_init(live(models.TwoNames), "*.kernel", parse_law("glorot_uniform()"))
    assert_frozen(live(models.frozen_norm), "batch_normalization.*")


def test_an_initialiser_of_the_user_is_named():
    model = live(models.own_initialiser)
    kernel = model.by_name["sequential.dense.kernel"]
    assert kernel.init.call == "filled" and kernel.is_constant


def test_a_factory_may_import_keras_itself():
    command = (
        "from paramlint.live.construct import live_model\n"
        "def f():\n import keras\n return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])\n"
        "print(*[(p.name, p.expected.law) for p in live_model(f).parameters])\n"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=300)
    assert "('sequential.dense.kernel', 'glorot_uniform()')" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("optimizer", "codes"),
    [
        (models.adam, []),
        (models.adam_of_one_layer, ["PRM704", "PRM704"]),
        (models.adam_twice, ["PRM708"]),
        (models.adam_of_torch, []),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_optimizers(optimizer, codes):
    assert [code for code, _ in proofs(models.named_initialiser, optimizer=optimizer)] == codes


def test_an_optimizer_of_torch_misses_what_has_no_path_of_its_own():
    found = proofs(models.two_weights, optimizer=models.adam_of_torch)
    assert [(code, proof.parameter) for code, proof in found] == [
        ("PRM704", "sequential.two_weights.w"),
        ("PRM823", "sequential.two_weights.w"),
    ]


def test_an_optimizer_that_is_not_built_says_nothing():
    model = live(models.functional, optimizer=models.unbuilt_adam)
    assert model.degraded == ("the optimizer is not built: what it trains is not known",)
    assert [one.rule.code for one in prove(model, RULES)] == []


def verify(*arguments: str, folder: Path = FILE.parent, **environment: str) -> Any:
    command = [sys.executable, "-m", "paramlint", "verify", *arguments]
    known = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=known | environment, cwd=folder)


def test_the_command(tmp_path):
    contract, page = tmp_path / "contract.toml", tmp_path / "page.html"
    target = f"{FILE.name}:kept_initialiser"
    done = verify(target, "--write-contract", str(contract), "--report", str(page), "--confirm")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("PRM801 shared-initializer [confirmed]") == 1
    assert "glorot_uniform()" in done.stdout
    assert 'init = "glorot_uniform()"' in contract.read_text(encoding="utf-8")
    assert "glorot_uniform" in page.read_text(encoding="utf-8") and "Block" in page.read_text(encoding="utf-8")
    again = verify(target, "--contract", str(contract), "--select", "PRM220")
    assert again.returncode == 0, again.stdout + again.stderr
    other = verify(f"{FILE.name}:named_initialiser", "--contract", str(contract), "--select", "PRM220")
    assert other.returncode == 1 and "PRM220 broken-contract [confirmed]" in other.stdout


def test_another_backend_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(models.keras.backend, "backend", lambda: "jax")
    with pytest.raises(BuildError) as refused:
        live(models.functional)
    said = "models of Keras 3 are verified on its PyTorch backend"
    assert str(refused.value) == f"`Functional` is on the jax backend: {said}, KERAS_BACKEND=torch"


def test_another_way_to_build_is_refused():
    with pytest.raises(BuildError, match="a model of Keras is built by its constructor"):
        live(models.functional, preset="meta")


def test_a_backend_that_is_not_installed_is_said(tmp_path):
    if importlib.util.find_spec("jax") is not None:
        pytest.skip("JAX is installed")
    done = verify(f"{FILE.name}:functional", KERAS_BACKEND="jax")
    assert done.returncode == 2
    assert "models of Keras 3 are verified on its PyTorch backend" in done.stdout


def test_inspect():
    model = models.one_initialiser()
    before = [v.numpy().copy() for v in model.variables]
    told = paramlint.inspect(model, example=models.example())
    assert told["*.kernel"][0].gradient is not None
    assert [len(told.parameters), len(told.findings)] == [4, 0]  # who drew the values was not seen
    assert [p.name for p in told.parameters] == [v.path.replace("/", ".") for v in model.variables]
    assert told.parameters[0].value is model.variables[0].value
    assert "Sequential" in str(told) and "Mirror" not in str(told)
    assert all((a == b.numpy()).all() for a, b in zip(before, model.variables, strict=True))


def test_inspect_proves_what_can_be_seen_of_a_model_that_is_there():
    model = models.Slots()
    model(models.example())
    assert [one.code for one in paramlint.inspect(model).findings] == ["PRM806"]


def test_trace_and_the_assertions():
    with paramlint.trace() as trace:
        model = models.functional()
    optimizer = models.adam(model)
    assert [p.name for p in trace.live(model).parameters][:1] == [model.variables[0].path.replace("/", ".")]
    assert_in_optimizer(model, optimizer)


def test_the_fixture_of_pytest(parameters):
    model = parameters(models.one_initialiser)
    assert [code for code, _ in ((f.rule.code, f) for f in prove(model, RULES))] == ["PRM801"]


def test_layers_of_a_file_are_discovered():
    (cls,) = [c for n, c in inspect.getmembers(models, inspect.isclass) if n == "OfKeras"]
    assert issubclass(cls, torch.nn.Module)


PAGE = (Path(__file__).parents[2] / "docs" / "keras.md").read_text(encoding="utf-8")
CODE = re.search(r"`net\.py`:\n\n```python\n(.*?)```", PAGE, re.S)
SHOWN = re.findall(r"^\$ (?:KERAS_BACKEND=(\w+) )?paramlint verify (.*)\n((?s:.*?))```", PAGE, re.M)


@pytest.mark.parametrize(("backend", "command", "printed"), SHOWN)
def test_the_page_shows_what_verify_prints(backend, command, printed, tmp_path):
    if backend and importlib.util.find_spec(backend) is not None:
        pytest.skip(f"{backend} is installed")
    assert CODE is not None
    (tmp_path / "net.py").write_text(CODE.group(1), encoding="utf-8")
    done = verify(*command.replace("'", "").split(), folder=tmp_path, **({"KERAS_BACKEND": backend} if backend else {}))
    assert done.stdout == printed


@pytest.mark.parametrize(
    "name",
    ["one_initialiser", "frozen_base", "of_keras", "scaled", "assigned_gamma", "widths_multiplied", "two_weights",
     "functional", "laws"],
)  # fmt: skip
def test_a_live_model_is_what_its_source_says(name, capsys):
    assert main(["show", f"{FILE}:{name}", "--verify"]) == 0
    assert "the live model is what the source says" in capsys.readouterr().out


def test_where_a_live_model_differs_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "import keras\nfrom keras import layers\n\ndef example():\n    return keras.ops.ones((2, 3))\n\n"
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = layers.Dense(2)\n        vars(self)['_layers'].append(layers.Dense(5))\n"
        "    def call(self, x):\n        return self.a(self._layers[1](x))\n"
    )
    assert main(["show", "net.py:Net", "--verify"]) == 2
    assert "`Net` could not be built: not built: give --example" in capsys.readouterr().err
    assert main(["show", "net.py:Net", "--verify", "--example", "net.py:example"]) == 1
    assert "unforeseen: `net.dense_1.kernel` is nothing like it by its source, and of shape 3×5 live" in (
        capsys.readouterr().out
    )
