"""Run the runtime halves of rules on one model, or on one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Rule
from paramlint.verify.document.found import Proved

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


def prove(model: LiveModel, rules: Iterable[Rule]) -> Iterator[Proved]:
    """All proofs, rule by rule."""
    for rule in rules:
        for verify in rule.verifiers if rule.is_asked_of(model.frameworks) else ():
            for proof in verify(model):
                yield Proved(rule, proof)


def prove_run(run: TrainingRun, rules: Iterable[Rule]) -> Iterator[Proved]:
    """All proofs about a run, rule by rule."""
    for rule in rules:
        for verify in rule.trainers:
            for proof in verify(run):
                yield Proved(rule, proof)
