"""What `paramlint show` says of models of Keras and blocks of Gluon, from their source alone."""

from __future__ import annotations

import pytest

from paramlint.facts.files import Project
from paramlint.frontends.cli import main
from paramlint.symbolic.code.program import Program
from paramlint.symbolic.showing.layers.initializers_shown import layer_name
from paramlint.symbolic.showing.show import show
from paramlint.symbolic.showing.show_document import Buffer, Init, Parameter
from paramlint.symbolic.showing.show_targets import TargetError, subjects

HEAD = """\
import keras
from keras import layers, initializers
from mxnet import gluon, init
from mxnet.gluon import nn


"""


@pytest.fixture
def shown(tmp_path):
    """The table of `net` in a text."""

    def run(text, *, defaults=False, **arguments):
        path = tmp_path / "net.py"
        path.write_text(HEAD + text)
        (subject,) = subjects(Program(Project([], is_draft=True)), f"{path}:net")
        return show(subject, arguments, defaults=defaults)

    return run


def as_text(row: Parameter) -> str:
    shape = "?" if row.shape is None else "x".join(map(str, row.shape)) or "scalar"
    said = [row.name, shape, row.init.call if row.init else "-"]
    said += [row.condition and f"if {row.condition}"] if row.condition else [] if row.certain else ["maybe"]
    said += ["buffer"] if isinstance(row, Buffer) else ["frozen"] if row.requires_grad is False else []
    said += ["unsure"] if row.requires_grad is None else []
    said += [f"tied {', '.join(row.tied_with)}"] if row.tied_with else []
    return "  ".join(said)


CASES = {
    "attributes, lists and dictionaries that Keras follows": (
        """
class net(keras.Model):
    def __init__(self, dim):
        super().__init__()
        self.one = layers.Dense(dim)
        self.many = [layers.Dense(2 * dim, use_bias=False) for _ in range(2)]
        self.named = {"a": layers.Embedding(10, dim)}
        self.lost = [None]
        self.lost[0] = layers.Dense(7)
""",
        [
            "one.kernel  ?xdim  glorot_uniform",
            "one.bias  dim  zeros",
            "many.{2}.kernel  ?x2 * dim  glorot_uniform",
            "named.a.embeddings  10xdim  random_uniform",
        ],
    ),
    "shapes go through the calls": (
        """
class net(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.table = layers.Embedding(10, 6)
        self.norm = layers.LayerNormalization()
        self.out = layers.Dense(3, kernel_initializer=initializers.TruncatedNormal(stddev=0.02))

    def call(self, ids):
        return self.out(self.norm(self.table(ids)))
""",
        [
            "table.embeddings  10x6  random_uniform",
            "norm.gamma  6  ones",
            "norm.beta  6  zeros",
            "out.kernel  6x3  truncated_normal",
            "out.bias  3  zeros",
        ],
    ),
    "build and add_weight": (
        """
class net(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="he_normal")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=False)
        self.add_weight(name="kept_nowhere", shape=())
""",
        [
            "w  input_shape[-1]xunits  he_normal",
            "kept_nowhere  scalar  zeros",
            "b  units  zeros  buffer",
        ],
    ),
    "a base class builds": (
        """
class Base(keras.layers.Layer):
    def __init__(self, units=4):
        super().__init__()
        self.body = layers.Dense(units)

class net(Base):
    def __init__(self):
        super().__init__(units=8)
        self.head = layers.Dense(1)
""",
        [
            "body.kernel  ?x8  glorot_uniform",
            "body.bias  8  zeros",
            "head.kernel  ?x1  glorot_uniform",
            "head.bias  1  zeros",
        ],
    ),
    "a functional model": (
        """
def net():
    x = inputs = keras.Input((8, 8, 1))
    for filters in (4, 8):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.MaxPooling2D()(x)
    lost = layers.Dense(100)(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))
""",
        [
            "conv2d.kernel  3x3x1x4  glorot_uniform",
            "conv2d.bias  4  zeros",
            "conv2d_1.kernel  3x3x4x8  glorot_uniform",
            "conv2d_1.bias  8  zeros",
            "head.kernel  32x2  glorot_uniform",
            "head.bias  2  zeros",
        ],
    ),
    "a sequential model, layer by layer": (
        """
def net(depth):
    model = keras.Sequential()
    model.add(layers.Dense(4, input_shape=(3,)))
    for _ in range(depth):
        model.add(layers.Dense(4, use_bias=False))
    model.add(layers.Dense(1, use_bias=False))
    return model
""",
        [
            "dense.kernel  3x4  glorot_uniform",
            "dense.bias  4  zeros",
            "dense_{i}.kernel  ?x4  glorot_uniform  maybe",
            "dense_{j}.kernel  ?x1  glorot_uniform",
        ],
    ),
    "what is frozen": (
        """
def net():
    base = keras.Sequential([keras.Input((3,)), layers.Dense(2, use_bias=False), layers.Dense(2, use_bias=False)])
    for layer in base.layers:
        layer.trainable = False
    rest = layers.Dense(1, use_bias=False, trainable=False)
    rest.trainable = True
    return keras.Sequential([base, rest])
""",
        [
            "sequential.dense.kernel  3x2  glorot_uniform  frozen",
            "sequential.dense_1.kernel  2x2  glorot_uniform  frozen",
            "dense.kernel  2x1  glorot_uniform",
        ],
    ),
    "of some layers it is not known whether they are frozen": (
        """
def net():
    model = keras.Sequential([layers.Dense(2, use_bias=False), layers.Dense(2, use_bias=False)])
    for layer in model.layers[:-1]:
        layer.trainable = False
    return model
""",
        ["dense.kernel  ?x2  glorot_uniform  unsure", "dense_1.kernel  2x2  glorot_uniform  unsure"],
    ),
    "one layer in two places": (
        """
class net(keras.Model):
    def __init__(self):
        super().__init__()
        self.left = layers.Dense(2, use_bias=False)
        self.right = self.left
""",
        [
            "left.kernel  ?x2  glorot_uniform  tied right.kernel",
            "right.kernel  ?x2  glorot_uniform  tied left.kernel",
        ],
    ),
    "conditions": (
        """
class net(keras.Model):
    def __init__(self, norm, act=None):
        super().__init__()
        self.norm = layers.BatchNormalization(scale=False) if norm else None
        if act is not None:
            self.act = layers.PReLU()
""",
        [
            "norm.beta  ?  zeros  if norm",
            "act.alpha  ?  zeros  if act is not None",
            "norm.moving_mean  ?  zeros  if norm  buffer",
            "norm.moving_variance  ?  ones  if norm  buffer",
        ],
    ),
    "both directions of a recurrent layer": (
        """
def net():
    return keras.Sequential([keras.Input((5, 6)), layers.Bidirectional(layers.GRU(3))])
""",
        [
            "bidirectional.forward_layer.gru_cell.kernel  6x9  glorot_uniform",
            "bidirectional.forward_layer.gru_cell.recurrent_kernel  3x9  orthogonal",
            "bidirectional.forward_layer.gru_cell.bias  2x9  zeros",
            "bidirectional.backward_layer.gru_cell.kernel  6x9  glorot_uniform",
            "bidirectional.backward_layer.gru_cell.recurrent_kernel  3x9  orthogonal",
            "bidirectional.backward_layer.gru_cell.bias  2x9  zeros",
        ],
    ),
    "a block of Gluon": (
        """
class net(nn.HybridBlock):
    def __init__(self, classes):
        super().__init__()
        with self.name_scope():
            self.body = nn.HybridSequential()
            self.body.add(nn.Conv2D(8, 3, in_channels=3), nn.Activation("relu"), nn.BatchNorm())
            self.table = nn.Embedding(10, 4, weight_initializer=init.Normal(0.02))
            self.out = nn.Dense(10, in_units=4, use_bias=False, params=self.table.params)
            self.gain = self.params.get("gain", shape=(1,), init=init.One())
            self.head = nn.Dense(classes)
        self.body.collect_params().setattr("grad_req", "null")
""",
        [
            "body.0.weight  8x3x3x3  -  frozen",
            "body.0.bias  8  zeros  frozen",
            "body.2.gamma  ?  ones  frozen",
            "body.2.beta  ?  zeros  frozen",
            "table.weight  10x4  normal  tied out.weight",
            "out.weight  10x4  -  tied table.weight",
            "gain  1  one",
            "head.weight  classesx?  -",
            "head.bias  classes  zeros",
            "body.2.running_mean  ?  zeros  buffer",
            "body.2.running_var  ?  ones  buffer",
        ],
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_rows(shown, title):
    text, expected = CASES[title]
    table = shown(text)
    assert [as_text(row) for row in (*table.parameters, *table.buffers)] == expected
    assert not table.unknown


def test_arguments_decide(shown):
    text = CASES["a sequential model, layer by layer"][0]
    assert [row.shape for row in shown(text, depth=1).parameters] == [(3, 4), (4,), (4, 4), (4, 1)]
    assert [row.name for row in shown(text, depth=0).parameters] == ["dense.kernel", "dense.bias", "dense_1.kernel"]


def test_what_is_not_known_is_said(shown):
    table = shown(
        "class net(keras.Model):\n    def __init__(self, encoder):\n        super().__init__()\n"
        "        self.encoder = encoder\n        self.base = keras.applications.ResNet50()\n        self.dim = 3\n"
        "    def call(self, x):\n        return self.base(self.encoder(x))\n"
    )
    assert [part.name for part in table.unknown] == ["encoder.**", "base.**"]


def test_an_initialiser_is_told_with_its_arguments(shown, tmp_path):
    table = shown(
        "def net(std):\n    return keras.Sequential([\n"
        "        layers.Dense(1, kernel_initializer=initializers.RandomNormal(0.1, std, seed=3))])\n"
    )
    path = str(tmp_path / "net.py")
    assert table.parameters[0].init == Init(
        call="random_normal", arguments={"mean": 0.1, "stddev": "std"}, filename=path, row=9
    )


def test_a_model_of_the_module(shown):
    table = shown("net = keras.Sequential([keras.Input((3,))])\nnet.add(layers.Dense(2))\n")
    assert [row.shape for row in table.parameters] == [(3, 2), (2,)]


def test_what_is_no_model_is_refused(shown):
    with pytest.raises(TargetError, match="`net` gives no layer, block or model"):
        shown("def net():\n    return 3\n")


@pytest.mark.parametrize(
    ("name", "told"),
    [("Dense", "dense"), ("Conv2D", "conv2d"), ("PReLU", "p_re_lu"), ("SimpleRNN", "simple_rnn"), ("LSTM", "lstm"),
     ("BatchNormalization", "batch_normalization")],
)  # fmt: skip
def test_layers_are_named_as_keras_names_them(name, told):
    assert layer_name(name) == told


def test_the_classes_of_a_file_and_every_form(tmp_path, monkeypatch, capsys):
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(HEAD + CASES["shapes go through the calls"][0] + "\n\nclass Plain:\n    pass\n")
    assert main(["show", "net.py", "--output-format", "markdown", "--report", "out.html"]) == 0
    assert "| `out.kernel` | 6 × 3 | truncated\\_normal(stddev=0.02) |" in capsys.readouterr().out
    assert "truncated_normal" in (tmp_path / "out.html").read_text()
