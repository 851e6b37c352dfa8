"""What the static side knows about Keras, without Keras: `keras.json`, generated from one version and dated by it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pkgutil import get_data
from types import MappingProxyType
from typing import Any

_FACTS: Mapping[str, Any] = json.loads(get_data("paramlint.knowledge", "keras.json") or b"")

KERAS_VERSION: str = _FACTS["KERAS_VERSION"]
LAYERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(_FACTS["LAYERS"])
"""Layers by their last name: their arguments, and whether they own weights."""
INITIALIZERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(_FACTS["INITIALIZERS"])
"""Initialisers by their last name: their arguments, and whether they draw random values."""
INITIALIZER_TEXTS: Mapping[str, str] = MappingProxyType(_FACTS["INITIALIZER_TEXTS"])
"""What a text stands for as an initialiser: `"he_normal"` is `HeNormal`."""
APPLICATIONS: Mapping[str, bool] = MappingProxyType(_FACTS["APPLICATIONS"])
"""Models that come with weights, and whether batch normalisation is in them."""
CLONES = frozenset(_FACTS["CLONES"])
"""Layers that clone the initialisers that they are given."""
LAYER_NAMES = frozenset(_FACTS["LAYER_NAMES"])
"""Attributes of every layer."""
MODEL_NAMES = frozenset(_FACTS["MODEL_NAMES"])
"""Attributes of every model."""
OPTIMIZERS = frozenset(_FACTS["OPTIMIZERS"])

#: Layers of Keras 2 that Keras 3 has no more.
_OLD_LAYERS = frozenset(
    ("CuDNNGRU", "CuDNNLSTM", "LocallyConnected1D", "LocallyConnected2D", "SyncBatchNormalization", "MaxoutDense")
)
#: What a class of the user's inherits from to be a layer.
_BASES = frozenset(("Layer", "Model", "Sequential", "Functional", "Wrapper", "RNN"))
_MODELS = frozenset(("Model", "Sequential", "Functional"))
#: The package as it is spelled, the longest first.
_SPELLINGS = ("tensorflow.python.keras", "tensorflow.compat.v1.keras", "tensorflow.compat.v2.keras", "tensorflow.keras",
              "tensorflow._keras", "keras.api._v2.keras", "keras.api", "keras.src", "tf_keras.src", "tf_keras",
              "tf.keras", "keras")  # fmt: skip
_OF_TENSORFLOW = re.compile(r"tensorflow(?:\.compat\.v[12])?\.(?:initializers\.)?(\w+)_initializer$")


@cache
def public_name(name: str) -> str:
    """A name under Keras's own public spelling: `keras.layers.Dense` for `tensorflow.keras.layers.Dense`.

    Others are returned unchanged.
    """
    inside = _without_package(name)
    if inside == name:
        return _of_tensorflow(name)
    module, _, last = inside.rpartition(".")
    where = module.split(".")
    if last in _MODELS:
        return "keras.Model" if last == "Functional" else f"keras.{last}"
    if last == "Layer":
        return "keras.Layer"
    if last in LAYERS or last in _OLD_LAYERS:
        return f"keras.layers.{last}" if "initializers" not in where else f"keras.initializers.{last}"
    if last in INITIALIZERS:
        return f"keras.initializers.{last}"
    if last in INITIALIZER_TEXTS and any("initializers" in part for part in where):
        return f"keras.initializers.{INITIALIZER_TEXTS[last]}"
    if last in OPTIMIZERS:
        return f"keras.optimizers.{last}"
    if last in APPLICATIONS:
        return f"keras.applications.{last}"
    return f"keras.{module}.{last}" if module else f"keras.{last}"


def _without_package(name: str) -> str:
    for spelling in _SPELLINGS:
        if name.startswith(spelling + "."):
            return name[len(spelling) + 1 :]
    return name


def _of_tensorflow(name: str) -> str:
    """TensorFlow's own spellings of initialisers: `tf.random_normal_initializer`."""
    match = _OF_TENSORFLOW.fullmatch(name)
    if match is not None and match[1] in INITIALIZER_TEXTS:
        return f"tensorflow.initializers.{INITIALIZER_TEXTS[match[1]]}"
    return name


def is_base(name: str) -> bool:
    """Whether what inherits from this public name is a layer."""
    head, _, last = name.rpartition(".")
    return head in ("keras", "keras.layers") and (last in _BASES or last in LAYERS)


def is_model(name: str) -> bool:
    """Whether this public name is a model class."""
    return name.startswith("keras.") and name.rpartition(".")[2] in _MODELS


def layer_owns(name: str) -> bool | None:
    """Whether what a class of Keras makes has weights; `None` where that depends on what it is given."""
    head, _, last = name.rpartition(".")
    if head != "keras.layers":
        return True if head == "keras.applications" else None
    if last in _OLD_LAYERS:
        return True
    said = LAYERS[last]["owns"] if last in LAYERS else "children"
    return {"always": True, "never": False}.get(said)
