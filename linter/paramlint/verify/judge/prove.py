"""Run the runtime halves of rules on one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paramlint.finding import Proof
from paramlint.live.live_model import LiveModel
from paramlint.rule import Rule


@dataclass(frozen=True)
class Proved:
    """What a rule says about a model."""

    rule: Rule
    proof: Proof

    def __str__(self) -> str:
        place = f"{self.proof.filename}:{self.proof.row}: " if self.proof.filename else ""
        return f"{place}{self.rule.code} {self.proof.parameter}: {self.proof.message}"


def prove(model: LiveModel, rules: Iterable[Rule]) -> Iterator[Proved]:
    """All proofs, rule by rule."""
    for rule in rules:
        for verify in rule.verifiers:
            for proof in verify(model):
                yield Proved(rule, proof)
