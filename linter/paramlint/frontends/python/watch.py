"""Watch a training run in its first steps: `with paramlint.watch(model, optimizer) as watched:`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from paramlint.engine.catalogue import select as select_rules
from paramlint.frontends.python.named import selectors
from paramlint.live.keras.keras_model import seen_late
from paramlint.live.training.hooks import Hooks
from paramlint.live.training.loop import Loop
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.roots import Variables, optimizers_of, roots_of
from paramlint.live.training.training_run import TrainingRun
from paramlint.verify.document.found import Finding, Proved
from paramlint.verify.document.run_schema import RunDocument
from paramlint.verify.judge.prove import prove, prove_run
from paramlint.verify.judge.summarize_run import summarize_run
from paramlint.verify.process.child import one_line

if TYPE_CHECKING:
    from paramlint.rule import Rule

#: Rules whose halves for built models tell of places that one module has from the start.
PLACES = ("PRM301", "PRM302")


class Watch:
    """The first steps of a run. `findings` may be asked at any time, and are complete when the steps are over."""

    def __init__(self, model: Any, optimizer: Any = None, *, steps: int = 20, rules: Iterable[Rule]) -> None:
        self._roots = roots_of(model)
        self._optimizers = optimizers_of(optimizer)
        self._steps = steps
        self._rules = list(rules)
        self._recorder: Recorder | None = None
        self._hooks: Hooks | None = None
        self._loop: Loop | None = None
        self._document: RunDocument | None = None
        self._findings: tuple[Finding, ...] | None = None
        self._variables = Variables.of(None)

    def __enter__(self) -> Watch:
        self.start(sys._getframe(1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, frame: FrameType | None = None) -> None:
        """Begin, where `with` does not fit; `stop` has to follow.

        Args:
            frame: whose variables give names to models and optimizers that are seen beside the watched ones.
        """
        self._variables = Variables.of(frame)
        recorder = Recorder(self._roots, self._optimizers, self._steps, self._variables.all)
        self._recorder, self._hooks, self._loop = recorder, Hooks(recorder), Loop(recorder)
        self._hooks.install()

    def stop(self) -> None:
        """Take all hooks away and judge; what was watched is let go."""
        if self._hooks is None:
            return
        self._hooks.remove()
        self._hooks = None
        self._findings, self._document = self._judged()
        self._recorder, self._loop, self._variables = None, None, Variables.of(None)
        self._roots, self._optimizers = {}, {}

    @property
    def is_on(self) -> bool:
        """Whether it has begun, and `stop` was not called."""
        return self._hooks is not None

    def step(self) -> None:
        """Say that a step is over, in a loop whose optimizer is none of torch's, before gradients are cleared."""
        if self._loop is not None:
            self._loop.step()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, in the order of the codes."""
        return self._judged()[0]

    @property
    def document(self) -> RunDocument:
        """The report as data."""
        return self._judged()[1]

    def to_json(self) -> str:
        """The report as JSON."""
        from paramlint.frontends.report.plain import indented_json

        return indented_json(self.document)

    def save(self, path: str) -> None:
        """Write the report as a page."""
        from paramlint.frontends.python.pages import run_page

        with open(path, "w", encoding="utf-8") as file:
            file.write(run_page(self.document))

    def _repr_html_(self) -> str:
        from paramlint.frontends.python.pages import framed, run_page

        return framed(run_page(self.document))

    def __str__(self) -> str:
        from paramlint.frontends.report.runs.run_text import run_text

        return run_text(self.document)

    def _judged(self) -> tuple[tuple[Finding, ...], RunDocument]:
        if self._findings is not None and self._document is not None:
            return self._findings, self._document
        if self._recorder is None:
            return (), RunDocument(target=", ".join(filter(None, self._roots)) or "model", steps=0)
        notes: list[str] = []
        proved = sorted(self._proved(self._recorder, notes), key=lambda one: one.rule.code)
        found = tuple(map(Finding.of, proved))
        return found, summarize_run(self._recorder, found, notes)

    def _proved(self, recorder: Recorder, notes: list[str]) -> Iterable[Proved]:
        run = TrainingRun(recorder, self._variables)
        models = [seen_late(root) for root in self._roots.values()]
        for rule in self._rules:
            try:
                yield from list(prove_run(run, [rule]))
                for model in models if rule.code in PLACES else []:
                    yield from [found for found in prove(model, [rule]) if _is_one_place(found)]
            except Exception as error:
                notes.append(f"{rule.code} could not be asked: {one_line(error)}")


def _is_one_place(found: Proved) -> bool:
    """Whether all names are of one module's parts: what two models or heads share is mostly meant."""
    return len({name.rpartition(".")[0] for name in Finding.of(found).names}) == 1


def watch(
    model: Any, optimizer: Any = None, *, steps: int = 20, select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> Watch:
    """See `paramlint.watch`."""
    return Watch(
        model, optimizer, steps=steps, rules=select_rules(selectors(select), (), selectors(ignore), preview=True)
    )
