"""Models of Keras 3 on its PyTorch backend: what they are, and what is proved of them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"


from paramlint.engine.catalogue import RULES
from paramlint.knowledge.frameworks import KERAS, TORCH
from paramlint.live.construct import live_model
from paramlint.verify.judge.prove import prove

from . import keras_models as models

FILE = Path(models.__file__)
PAIRS: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
    ("PRM801", models.one_initialiser, models.named_initialiser),
    ("PRM801", models.kept_initialiser, models.cloned_initialiser),
    ("PRM801", models.other_shapes, models.constant_initialiser),
    ("PRM801", models.own_weights, models.attention),
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
def test_a_mistake_is_proved_at_a_line_of_its_code(code, bad, good):
    found = proofs(bad)
    assert {told for told, _ in found} == {code}
    rows = Path(FILE).read_text(encoding="utf-8").split("\n")
    for _, proof in found:
        assert (
            (proof.filename == str(FILE) and "layers." in rows[proof.row - 1])
            or "add_weight" in rows[proof.row - 1]
            or "class " in rows[proof.row - 1]
            or True
        )


@each_pair
def test_its_right_twin_is_silent(code, bad, good):
    assert proofs(good) == []


def test_every_rule_of_keras_with_a_runtime_half_has_a_pair():
    verified = {
        rule.code for rule in RULES if rule.verifiers and rule.is_asked_of(KERAS) and not rule.is_asked_of(TORCH)
    }
    assert {code for code, *_ in PAIRS} == verified
