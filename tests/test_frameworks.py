"""Which frameworks a file names, and what is run on it: torch's rules are not on Keras, nor Keras's on torch."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.engine.nominate import Nominator
from paramlint.frontends.cli import main
from paramlint.frontends.rule_testing import check_text
from paramlint.knowledge.frameworks import GLUON, KERAS, TORCH, frameworks
from paramlint.knowledge.gluon_names import block_name
from paramlint.knowledge.keras_generation import generation, required
from paramlint.knowledge.keras_names import LAYERS, layer_owns, public_name

ROOT = Path(__file__).parent.parent
LISTED = """
class Net(layers.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(4) for _ in range(2)]
        self.stack = [layers.Dense(4)] * 3
        self.w = self.add_weight(shape=(2, 2))

    def call(self, x):
        return x
"""


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("import torch", TORCH),
        ("import tensorflow as tf\nx = tf.keras.layers", KERAS),
        ("from mxnet.gluon import nn", GLUON),
        ("import keras, torch", KERAS | TORCH),
        ("import gluonnlp", GLUON),
        ("import numpy", frozenset()),
    ],
)
def test_the_frameworks_of_a_file(text, used):
    assert frameworks(text.encode()) == used


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("tf_keras.layers.Dense", "keras.layers.Dense"),
        ("keras.src.layers.core.dense.Dense", "keras.layers.Dense"),
        ("keras.api.initializers.HeNormal", "keras.initializers.HeNormal"),
        ("tensorflow.keras.initializers.he_normal", "keras.initializers.HeNormal"),
        ("keras.models.Sequential", "keras.Sequential"),
        ("keras.layers.Layer", "keras.Layer"),
        ("tensorflow.python.keras.engine.training.Model", "keras.Model"),
        ("tensorflow.random_normal_initializer", "tensorflow.initializers.RandomNormal"),
        ("torch.optim.SGD", "torch.optim.SGD"),
        ("keras_hub.layers.Dense", "keras_hub.layers.Dense"),
    ],
)
def test_public_names_of_keras(spelled, name):
    assert public_name(spelled) == name


def test_public_names_of_gluon():
    assert block_name("mxnet.gluon.nn.Dense") == block_name("mxnet.gluon.nn.basic_layers.Dense") == "gluon.Dense"
    assert block_name("mxnet.gluon.Trainer") == "gluon.Trainer"
    assert block_name("torch.nn.Linear") == "torch.nn.Linear"


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("from keras import ops", "3"),
        ("import keras\nkeras.random.SeedGenerator(1)", "3"),
        ("import tf_keras", "2"),
        ("model.fit_generator(x)", "2"),
        ("import keras\nself.add_weight('bias', shape=(3,))", "2"),
        ("import keras\nself.add_weight(shape=(3,), name='bias')", ""),
        ("from tensorflow import keras", ""),
    ],
)
def test_the_generation_of_keras(text, which):
    assert generation(text.encode()) == which


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("tensorflow<2.16", "2"),
        ("Requires-Dist: tensorflow (<2.14.0,>=2.6.0) ; extra == 'tensorflow'", "2"),
        ("    'tensorflow-gpu==1.15',", "2"),
        ("tensorflow~=2.12.0", "2"),
        ("tf-keras>=2.14", "2"),
        ("Keras==2.2.4", "2"),
        ('keras = "^2.4"', "2"),
        ("tensorflow<2.16; python_version < '3.9'\ntensorflow>=2.16; python_version >= '3.9'", "2"),
        ("tensorflow >= 2.16", "3"),
        ('dependencies = ["keras>=3.3,<4", "numpy"]', "3"),
        ("tensorflow==2.17.0", "3"),
        ("tensorflow>=2.4,<3", ""),
        ("tensorflow~=2.12", ""),
        ("tensorflow==2.*", ""),
        ("tensorflow", ""),
        ("tensorflow-datasets==1.0\ntensorflow_probability<0.24\nkeras-core\ntensorflow_text<2.14", ""),
        ("# tensorflow<2.16", ""),
    ],
)
def test_the_generation_that_requirements_bring(text, which):
    assert required(text) == which


VARIABLE = """import tensorflow as tf

class Scale(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones((4,)))
"""


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("requirements.txt", "tensorflow>=2.4\n", 1),
        ("requirements.txt", "tensorflow>=2.4,<2.16\n", 0),
        ("pyproject.toml", '[project]\ndependencies = ["tensorflow<=2.12"]\n', 0),
        ("src/setup.cfg", "[options]\ninstall_requires =\n    tf-keras\n", 0),
        ("src/scales-1.0.dist-info/METADATA", "Requires-Dist: tensorflow (<2.14)\n\nMore.\n", 0),
        ("src/scales-1.0.dist-info/METADATA", "Requires-Dist: numpy\n\nNot with tensorflow<2.14.\n", 1),
        ("src/other-1.0.dist-info/METADATA", "Requires-Dist: tensorflow (<2.14)\n\n", 1),
    ],
)
def test_a_project_that_needs_keras_2_is_judged_by_it(tmp_path, capsys, place, text, said):
    package = tmp_path / "src" / "scales"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "layers.py").write_text(VARIABLE, encoding="utf-8")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(text, encoding="utf-8")
    main(["check", "--isolated", "--no-cache", "--select", "PRM807", str(package)])
    assert capsys.readouterr().out.count("PRM807") == said


def test_a_change_of_the_requirements_is_seen_through_the_cache(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers.py").write_text(VARIABLE, encoding="utf-8")
    for text, said in (("tensorflow", 1), ("tensorflow<2.16", 0), ("tensorflow>=2.16", 1)):
        (tmp_path / "requirements.txt").write_text(text, encoding="utf-8")
        main(["check", "--isolated", "--cache-dir", "cache", "--select", "PRM807", "layers.py"])
        assert capsys.readouterr().out.count("PRM807") == said


def test_rules_run_on_the_files_of_their_framework():
    on_keras = check_text(f"from keras import layers\n{LISTED}", RULES)
    assert {d.code for d in on_keras} == {"PRM813"}
    with_torch = check_text(f"import torch\nfrom keras import layers\n{LISTED}", RULES)
    assert {d.code for d in with_torch} == {"PRM813"}, "Keras tracks lists, so torch's rules are silent"
    assert check_text(f"from other import layers\n{LISTED}", RULES) == []


def test_files_of_torch_are_shown_to_the_rules_of_torch_alone():
    nominator = Nominator(RULES)
    kept = nominator.of_frameworks(TORCH)
    assert {rule.code for rule in kept.rules if rule.triggers} == {
        rule.code for rule in RULES if rule.triggers and "torch" in rule.frameworks
    }
    assert nominator.of_frameworks(TORCH) is kept


def test_layers_own_weights_or_not():
    assert layer_owns("keras.layers.Dense") is True
    assert layer_owns("keras.layers.Flatten") is False
    assert layer_owns("keras.layers.TimeDistributed") is None
    assert LAYERS["LSTMCell"]["owns"] == "always"


def shown() -> list[tuple[str, str, str]]:
    """The examples of the page: the name of a file, its code, and what is printed of it."""
    page = (ROOT / "docs" / "keras.md").read_text(encoding="utf-8")
    return re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```\n\n```console\n\$ (paramlint check .*?)```", page, re.S)


@pytest.mark.parametrize(("name", "code", "printed"), shown(), ids=[name for name, _, _ in shown()])
def test_the_page_shows_what_is_printed(name, code, printed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(code, encoding="utf-8")
    command, _, wanted = printed.partition("\n")
    main([*command.removeprefix("paramlint ").split(), "--no-cache"])
    assert capsys.readouterr().out == wanted


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="the table is made from Keras")
def test_the_table_of_keras_is_up_to_date():
    script = ROOT / "scripts" / "generate-keras-knowledge"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
