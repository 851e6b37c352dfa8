"""The safe fixes of Keras's rules, proved in Keras: what the code says that it does, it does once it is fixed.

Before, it does something else, so that there is no output to be the same.
"""

from __future__ import annotations

import importlib.util
import os
import textwrap
from typing import Any

import pytest

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import fixed_text
from paramlint.knowledge.frameworks import KERAS

HEAD = "import keras\nimport numpy as np\nfrom keras import initializers, layers\n\n\n"
#: For each rule: code, what is asked once it ran, and the answers before and after the fix.
PROOFS: list[tuple[str, str, str, Any, Any]] = [
    (
        "PRM810",
        "layer = layers.Dense(200, kernel_initializer=initializers.TruncatedNormal(0.02))\nlayer.build((None, 200))",
        "round(float(np.mean(layer.kernel.numpy())), 2), round(float(np.std(layer.kernel.numpy())), 2)",
        (0.02, 0.04),
        (0.0, 0.02),
    ),
    (
        "PRM810",
        "layer = layers.Dense(200, kernel_initializer=initializers.RandomNormal(0.5))\nlayer.build((None, 200))",
        "round(float(np.mean(layer.kernel.numpy())), 1), bool(np.std(layer.kernel.numpy()) > 0.25)",
        (0.5, False),
        (0.0, True),
    ),
    (
        "PRM810",
        "layer = layers.Dense(200, kernel_initializer=initializers.RandomUniform(0.05))\nlayer.build((None, 200))",
        "len(np.unique(layer.kernel.numpy())) > 1, round(float(np.min(layer.kernel.numpy())), 2)",
        (False, 0.05),
        (True, -0.05),
    ),
    (
        "PRM812",
        "layer = layers.Dense(4)\nlayer.build((None, 4))\nlayer.weights[0] = np.ones((4, 4))",
        "bool((layer.kernel.numpy() == 1).all())",
        False,
        True,
    ),
    (
        "PRM812",
        "target, online = (keras.Sequential([keras.Input((4,)), layers.Dense(4)]) for _ in range(2))\n"
        "before = target.layers[0].kernel.numpy().copy()\n"
        "for t, s in zip(target.weights, online.weights):\n    t = 0.9 * t + 0.1 * s\n",
        "np.allclose(target.layers[0].kernel.numpy(), 0.9 * before + 0.1 * online.layers[0].kernel.numpy())",
        False,
        True,
    ),
    (
        "PRM818",
        "layer = layers.Dense(4)\nlayer.build((None, 4))\nlayer.trainble = False",
        "len(layer.trainable_weights)",
        2,
        0,
    ),
    (
        "PRM818",
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(1)])\n"
        "for layer in model.layers[:-1]:\n    layer.trainabel = False\n",
        "len(model.trainable_weights)",
        4,
        2,
    ),
]


@pytest.mark.parametrize(("code", "text", "asked", "before", "after"), PROOFS)
def test_a_safe_fix_makes_the_code_do_what_it_says(code, text, asked, before, after):
    rules = [rule for rule in RULES if rule.code == code]
    source = f"{HEAD}def run():\n{textwrap.indent(text, '    ')}\n    return {asked}\n"
    fixed = fixed_text(source, rules, unsafe=False)
    assert fixed != source
    assert (answer(source), answer(fixed)) == (before, after)


def test_each_rule_of_keras_with_a_safe_fix_is_proved():
    safe = {rule.code for rule in RULES if rule.fix == "safe" and rule.frameworks == KERAS}
    assert {code for code, *_ in PROOFS} == safe


def answer(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "proof.py", "exec"), names)
    return names["run"]()
