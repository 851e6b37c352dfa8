"""What the static side knows about Gluon, the layers of MXNet 1.9, without MXNet."""

from __future__ import annotations

#: Spellings of the module of blocks, the longest first.
_BLOCKS = (
    "mxnet.gluon.nn.basic_layers",
    "mxnet.gluon.nn.conv_layers",
    "mxnet.gluon.nn",
    "mxnet.gluon.rnn",
    "mxnet.gluon.contrib.nn",
    "mxnet.gluon.contrib.rnn",
    "gluon.nn",
    "mxnet.gluon.block",
    "mxnet.gluon",
)
OWNING = frozenset(
    ("BatchNorm", "BatchNormReLU", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D",
     "Conv3DTranspose", "Dense", "DeformableConvolution", "Embedding", "GRU", "GRUCell", "GroupNorm", "InstanceNorm",
     "LSTM", "LSTMCell", "LayerNorm", "ModulatedDeformableConvolution", "PReLU", "RNN", "RNNCell", "SparseEmbedding",
     "SyncBatchNorm",)
)  # fmt: skip
"""Blocks with parameters."""
CONTAINERS = frozenset(
    ("Sequential", "HybridSequential", "Concurrent", "HybridConcurrent", "SequentialRNNCell", "HybridSequentialRNNCell")
)
"""Blocks that hold those that are added to them."""
BASES = frozenset(("Block", "HybridBlock", "SymbolBlock", "RecurrentCell", "HybridRecurrentCell"))
PLAIN = frozenset(
    ("Activation", "AvgPool1D", "AvgPool2D", "AvgPool3D", "Dropout", "ELU", "Flatten", "GELU", "GlobalAvgPool1D",
     "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "HybridLambda",
     "Identity", "Lambda", "LeakyReLU", "MaxPool1D", "MaxPool2D", "MaxPool3D", "PixelShuffle1D", "PixelShuffle2D",
     "PixelShuffle3D", "ReflectionPad2D", "SELU", "SiLU", "Swish",)
)  # fmt: skip
"""Blocks without parameters."""
BIASED = frozenset(("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"))
"""Blocks that have a bias unless `use_bias` is false."""


def block_name(name: str) -> str:
    """A name under Gluon's public spelling, `gluon.Dense` for `mxnet.gluon.nn.Dense`; others unchanged."""
    for spelling in _BLOCKS:
        if name.startswith(spelling + "."):
            return "gluon." + name[len(spelling) + 1 :].rpartition(".")[2]
    return name


def is_block_base(name: str) -> bool:
    """Whether what inherits from this public name is a block."""
    head, _, last = name.rpartition(".")
    return head == "gluon" and (last in BASES or last in CONTAINERS or last in OWNING)


def block_owns(name: str) -> bool | None:
    """Whether what a class of Gluon makes has parameters; `None` where that depends on what it is given."""
    head, _, last = name.rpartition(".")
    if head != "gluon":
        return None
    return True if last in OWNING else False if last in PLAIN else None
