"""The Python interface: watch a model being built, then ask.

with paramlint.trace() as t:
    model = build()
print(t.report(model))
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

import torch
from torch import nn

from paramlint.engine.catalogue import select
from paramlint.live.build.poison import PoisonMode
from paramlint.live.build.protocols import Build
from paramlint.live.keras.creations import Creations
from paramlint.live.keras.keras_model import kind_of
from paramlint.live.keras.mirror import as_torch
from paramlint.live.live_model import LiveModel
from paramlint.live.observe.functions import Functions
from paramlint.live.observe.memory import ShadowMode
from paramlint.live.observe.registrations import Registrations
from paramlint.live.questions.forward import Example
from paramlint.rule import Rule
from paramlint.verify.document.found import Finding
from paramlint.verify.judge.prove import prove


class Trace:
    """Watches all operations on tensors while it is entered. New memory is full of NaN until it is written."""

    def __init__(self) -> None:
        self._shadow = ShadowMode()
        self._registrations = Registrations()
        self._creations = Creations()
        self._entered = ExitStack()

    def __enter__(self) -> Trace:
        for context in (self._registrations, PoisonMode(), self._creations, self._shadow):
            self._entered.enter_context(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.close()

    @property
    def model(self) -> nn.Module:
        """The one model with parameters that was built meanwhile.

        Raises:
            ValueError: there is none, or there are several.
        """
        if len(self._registrations.roots()) > 1:
            gc.collect()  # a module that was replaced may hang in a cycle
        roots = self._registrations.roots()
        if len(roots) != 1:
            names = " and ".join(sorted(f"`{type(root).__name__}`" for root in roots))
            what = f"the models {names} were built" if roots else "no model was built"
            raise ValueError(f"{what} inside of the trace, not one: pass `trace.live(model)`")
        return roots[0]

    def live(
        self,
        model: nn.Module,
        *,
        example: Example | None = None,
        optimizer: torch.optim.Optimizer | None = None,
    ) -> LiveModel:
        """What is known about a model built meanwhile.

        Args:
            model: built inside of the `with` block; what was there before is of status `unseen`.
            example: gives the arguments for one pass: a tensor, a tuple or a dict.
            optimizer: to be compared with the model's parameters.
        """
        module = as_torch(model, self._creations)
        build = Build(module, self._shadow, self._registrations, Functions(), virtual=False)
        return kind_of(module)(build, make_example=example, optimizer=optimizer)

    def report(
        self,
        model: nn.Module,
        *,
        example: Example | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        rules: Iterable[Rule] | None = None,
    ) -> Report:
        """What the rules, by default those that are on, prove about a model; see `live` for the arguments."""
        live = self.live(model, example=example, optimizer=optimizer)
        return Report(live, tuple(map(Finding.of, prove(live, select(preview=True) if rules is None else rules))))


@dataclass(frozen=True)
class Report:
    """A model and what was proved about it; as text, one line a finding."""

    model: LiveModel
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))
