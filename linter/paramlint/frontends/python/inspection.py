"""Report on a model that is there already: `paramlint.inspect(model)`. Nothing of it is changed."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from paramlint.config.name_patterns import matches
from paramlint.engine.catalogue import select
from paramlint.frontends.python.reports import ModelReport
from paramlint.frontends.report.plain import plain
from paramlint.live.keras.keras_model import KerasModel, seen_late, subject_of
from paramlint.live.keras.mirror import Mirror, as_torch
from paramlint.live.laws.distribution import shown
from paramlint.live.live_model import LiveModel
from paramlint.live.observe.writes import is_torchs
from paramlint.live.questions.example_gradients import example_gradients
from paramlint.live.questions.optimizer_coverage import coverage, optimizers_of
from paramlint.live.tensor import LiveTensor, Numbers
from paramlint.live.training.roots import unwrapped
from paramlint.verify.document.found import Finding, Proved
from paramlint.verify.document.schema import Document
from paramlint.verify.job import Plan
from paramlint.verify.judge.prove import prove
from paramlint.verify.judge.summarize import found_of, summarize
from paramlint.verify.process.child import one_line
from paramlint.verify.process.outcome import Outcome

#: Elements of a tensor that statistics and histograms look at: its std is then known to 0.3 %.
SAMPLE = 1 << 16


@dataclass(frozen=True, eq=False)
class Row:
    """A parameter or buffer.

    Attributes:
        name: dotted; `names` are all of them where it is tied.
        value: the tensor itself.
        gradient: on the example; without one, what it has now. None where there is none.
        statistics: of the values, or of evenly spaced ones of many; None where they mean nothing.
        law: of its values, where the call that wrote them was seen; empty otherwise.
    """

    name: str
    names: tuple[str, ...]
    value: Any
    gradient: Any
    statistics: Numbers | None
    law: str

    def __str__(self) -> str:
        numbers = self.statistics
        known = f"mean {numbers.mean:.4g}, std {numbers.std:.4g}" if numbers else "no statistics"
        return f"{plain(self.name)} {tuple(self.value.shape)}: {known}"


class Inspection(ModelReport):
    """What was found, and what the parameters are.

    Attributes:
        findings: of the rules that are on, in the order of their codes.
    """

    CALL = "paramlint.inspect(model)"

    def __init__(self, live: LiveModel, original: Any, gradients: Mapping[str, Any], notes: tuple[str, ...]) -> None:
        self._live, self._original, self._gradients = live, original, gradients
        started = time.perf_counter()
        failures: list[str] = []
        proved = tuple(_proved(live, failures))
        self.findings: tuple[Finding, ...] = tuple(map(Finding.of, proved))
        summary = summarize(live, Plan(details=True), [])
        document = Document(
            target=type(subject_of(original)).__name__,
            outcome=Outcome(status="ok", stage="analyze", message="", seconds=time.perf_counter() - started),
            degraded=(*notes, *summary.degraded, *failures),
            summary=msgspec.structs.replace(summary.summary, findings=len(self.findings), unwritten=0),
            findings=tuple(found_of(rule, proof) for rule, proof in proved),
            parameters=tuple(_known(parameter) for parameter in summary.parameters),
            buffers=tuple(_known(buffer) for buffer in summary.buffers),
            details=summary.details,
        )
        super().__init__(document)

    @cached_property
    def parameters(self) -> tuple[Row, ...]:
        """All parameters, a tied one once."""
        return tuple(self._row(tensor) for tensor in self._live.parameters)

    def __getitem__(self, pattern: str) -> tuple[Row, ...]:
        """The parameters and buffers whose names match a pattern, such as `layers.*.weight`.

        Raises:
            KeyError: there is none.
        """
        found = [tensor for tensor in self._live.tensors if any(matches(pattern, name) for name in tensor.names)]
        if not found:
            raise KeyError(pattern)
        return tuple(map(self._row, found))

    def _repr_html_(self) -> str:
        with _other_randomness_kept():  # some library that is imported there draws one
            return super()._repr_html_()

    def __str__(self) -> str:
        with _other_randomness_kept():
            return super().__str__()

    __repr__ = __str__

    def _row(self, tensor: LiveTensor) -> Row:
        value = self._values.get(tensor.name, tensor.tensor)
        gradient = self._gradients.get(tensor.name, value.grad if value.is_leaf else None)
        law = shown(tensor.expected.law) if tensor.expected else ""
        return Row(tensor.name, tensor.names, value, gradient, tensor.numbers, law)

    @cached_property
    def _values(self) -> dict[str, Any]:
        """The user's own tensors, where a copy of the model was asked."""
        named = dict(self._original.named_parameters(remove_duplicate=False))
        return named | dict(self._original.named_buffers(remove_duplicate=False))


def inspect(model: Any, *, optimizer: Any = None, example: Any = None, loss: Any = None) -> Inspection:
    """See `paramlint.inspect`."""
    original = as_torch(unwrapped(model))
    notes: list[str] = []
    asked, gradients = original, {}
    if example is not None:
        asked = _copy(original, notes)
        with _other_randomness_kept():
            gradients = example_gradients(asked, lambda: example, loss)
    live = seen_late(
        asked,
        make_example=None if example is None else lambda: example,
        optimizer=optimizer,
        most_elements=SAMPLE,
    )
    # Copies and loads of the whole model, which only say how a fault would go on.
    vars(live)["survival"] = ()
    if asked is original:
        vars(live)["reused_norms"] = ()  # a trace runs the user's `forward`
    if optimizer is not None and not isinstance(live, KerasModel):
        vars(live)["coverage"] = coverage(original, optimizers_of(optimizer))
    if any(parameter.numel() > SAMPLE for parameter in original.parameters() if hasattr(parameter, "numel")):
        notes.append(f"statistics and histograms of larger tensors are of {SAMPLE:,} evenly spaced elements")
    with _other_randomness_kept():
        return Inspection(live, original, gradients, tuple(notes))


def _copy(model: Any, notes: list[str]) -> Any:
    """A copy to run the example on, so that nothing that it leaves behind is in the model.

    Keras copies by saving; a pass gives back what the variables were.
    """
    if isinstance(model, Mirror):
        return model
    try:
        return copy.deepcopy(model)
    except Exception as error:  # tensors with a graph, locks, handles
        notes.append(f"the example ran on the model itself, which cannot be copied: {one_line(error)}")
        return model


def _proved(live: LiveModel, failures: list[str]) -> Iterator[Proved]:
    for rule in select(preview=True):
        try:
            yield from [_at_home(proved) for proved in prove(live, [rule])]
        except Exception as error:
            failures.append(f"{rule.code} could not be asked: {one_line(error)}")


def _at_home(proved: Proved) -> Proved:
    """A proof that does not point into torch: the user's line was not seen."""
    if not is_torchs(proved.proof.filename):
        return proved
    return proved._replace(proof=replace(proved.proof, filename="", row=0))


def _known(tensor: Any) -> Any:
    """What was written before anybody looked is known to be there."""
    return msgspec.structs.replace(tensor, status="written") if tensor.status == "unseen" else tensor


@contextmanager
def _other_randomness_kept() -> Iterator[None]:
    """Python's and numpy's random numbers go on as if nothing had drawn any."""
    mine, numpys = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(mine)
        np.random.set_state(numpys)
