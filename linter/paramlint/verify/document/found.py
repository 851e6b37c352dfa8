"""A finding about a live model or a training run, as programs read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paramlint.finding import Group, Proof
from paramlint.rule import Rule


@dataclass(frozen=True)
class Finding:
    """What a rule says about a model that is there, or about a run of it.

    Attributes:
        rule: that says it.
        proof: what it saw.
    """

    rule: Rule
    proof: Proof

    @property
    def code(self) -> str:
        """Such as `PRM710`."""
        return self.rule.code

    @property
    def name(self) -> str:
        """That of the rule, such as `parameter-in-no-group`."""
        return self.rule.name

    @property
    def group(self) -> Group:
        """`bug`, `risk` or `pedantic`."""
        return self.rule.group

    @property
    def message(self) -> str:
        """One line: what is wrong, and what follows."""
        return self.proof.message

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, modules or models that it is about, the first one first."""
        held = self.proof.evidence.get("names") or (self.proof.parameter,)
        return tuple(held)

    @property
    def step(self) -> int | None:
        """The step of a run in which it was seen first, from 1; None where there was no run."""
        return self.proof.evidence.get("step")

    @property
    def evidence(self) -> dict[str, Any]:
        """What was measured, by name."""
        return self.proof.evidence

    def __str__(self) -> str:
        place = f"{self.proof.filename}:{self.proof.row}: " if self.proof.filename else ""
        about = f"{self.proof.parameter}: " if self.proof.parameter else ""
        return f"{place}{self.code} {about}{self.message}"
