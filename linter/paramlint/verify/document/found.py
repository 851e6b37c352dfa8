"""What was found in a source, in a live model or in a training run, as programs read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from paramlint.finding import Diagnostic, Group, Proof, Verdict, plain
from paramlint.rule import Rule


class Proved(NamedTuple):
    """A rule, and what it has seen."""

    rule: Rule
    proof: Proof


@dataclass(frozen=True)
class Finding:
    """What a rule says about a source, about a model that is there, or about a run of it.

    Attributes:
        code: such as `PRM710`.
        name: that of the rule, such as `parameter-in-no-group`.
        group: `bug`, `risk` or `pedantic`; `error` for what kept a file from being checked.
        message: one line: what is wrong, and what follows.
        filename: where it stands; empty where no line of the user's is known.
        row, column: from 1; 0 where there is none.
        names: the parameters, modules or models that it is about, the first one first; of a live model.
        step: of a run, in which it was seen first, from 1.
        verdict: what the live model says to it, where both were asked.
        fix: what would remove it, as an imperative phrase.
        evidence: what was measured, by name.
    """

    code: str
    name: str
    group: Group | Literal["error"]
    message: str
    filename: str = ""
    row: int = 0
    column: int = 0
    names: tuple[str, ...] = ()
    step: int | None = None
    verdict: Verdict | None = None
    fix: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, proved: Proved) -> Finding:
        """A finding about a live model or a run."""
        rule, proof = proved
        names = tuple(proof.evidence.get("names") or (proof.parameter,))
        return cls(
            rule.code,
            rule.name,
            rule.group,
            proof.message,
            proof.filename,
            proof.row,
            names=names if any(names) else (),
            step=proof.evidence.get("step"),
            evidence=proof.evidence,
        )

    @classmethod
    def of_diagnostic(cls, said: Diagnostic) -> Finding:
        """A finding in a source; its row is that of the file, in a notebook that of the cell."""
        return cls(
            said.code,
            said.name,
            said.group,
            said.message,
            said.path,
            said.start.row,
            said.start.column,
            verdict=said.verdict,
            fix=said.fix.title if said.fix is not None else None,
            evidence=said.evidence | ({} if said.cell is None else {"cell": said.cell}),
        )

    def __str__(self) -> str:
        row = f":{self.row}" if self.row else ""
        column = f":{self.column}" if self.column else ""
        place = f"{self.filename}{row}{column}: " if self.filename else ""
        about = f"{self.names[0]}: " if self.names else ""
        return plain(f"{place}{self.code} {about}{self.message}")
