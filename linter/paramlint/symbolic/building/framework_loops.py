"""Training loops that stand in a library: of a class that fits in, the methods are called as that loop calls them."""

from __future__ import annotations

from paramlint.model.guard import ALWAYS
from paramlint.symbolic.building import entry
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.attributes import get_attribute
from paramlint.symbolic.definitions.calls import parameters_of
from paramlint.symbolic.interpreter import Frame, Interpreter
from paramlint.symbolic.library.optimizer_calls import OptimizerValue
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.values import (
    FALSE,
    TRUE,
    Dictionary,
    External,
    Function,
    Instance,
    Item,
    Items,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
)


def is_lightning(run: Interpreter, instance: Instance) -> bool:
    """Whether a class is a LightningModule."""
    if instance.cls is None:
        return False
    return any(_name(base).endswith("LightningModule") for base in classes.mro(run, instance.cls)[1:])


def _name(base: Value) -> str:
    if isinstance(base, ClassValue):
        return base.name if base.file.is_stub else ""
    return base.name if isinstance(base, External) else ""


def fit(run: Interpreter, instance: Instance) -> None:
    """`Trainer.fit(module)`: the optimizers once, then one step of training for each batch.

    A class that optimizes by hand gets its optimizers from `self.optimizers()`, and steps itself. Where the library
    does it with several optimizers it is not said which of them a loss is for, so none steps.
    """
    try:
        _fit(run, instance)
    except OverBudgetError:
        entry.cut_short(run)


def _fit(run: Interpreter, instance: Instance) -> None:
    found = entry.run_method(run, instance, "configure_optimizers")
    optimizers = _optimizers(found) if found is not None else []
    automatic = instance.attributes.get("automatic_optimization")
    is_automatic = automatic is None or run.read(automatic) != FALSE
    if not is_automatic and optimizers:
        instance.attributes["_configured"] = [(ALWAYS, _as_given(optimizers))]
    method = get_attribute(run, instance, "training_step", None)
    if not isinstance(method, Function):
        return
    run.emit("mode", instance, method.node, author="torch", how="train", value=TRUE)
    loop = containers.new_loop(run, "batches")
    names = [p.name.value for p in parameters_of(method.node)[0][1:]]
    batch: dict[str, object] = {name: Unknown(name, loop.number) for name in names}
    with repeating(run, (loop,)):
        result = entry.run_method(run, instance, "training_step", batch)
        loss = _loss(run, result)
        if not is_automatic or loss is None or len(optimizers) != 1:
            return
        run.frames.append(Frame(method.node, method.place, None, ALWAYS))
        run.inside = "training_step"
        try:
            run.emit("cleared", optimizers[0], method.node, author="torch", how="zero_grad")
            run.emit("backward", loss, method.node, author="torch")
            run.emit("stepped", optimizers[0], method.node, author="torch")
        finally:
            run.frames.pop()


def _optimizers(value: Value) -> list[OptimizerValue]:
    """The optimizers that `configure_optimizers` returns: one, a list, a pair with schedules, a dictionary."""
    found: list[OptimizerValue] = []
    for _, one in alternatives(value):
        if isinstance(one, OptimizerValue):
            found.append(one)
        elif isinstance(one, SequenceValue):
            found += [o for row in one.items.rows for o in _optimizers(row.value)]
        elif isinstance(one, Dictionary):
            found += [o for _, held in one.cells.get("optimizer", ()) for o in _optimizers(held)]
    return found


def _as_given(optimizers: list[OptimizerValue]) -> Value:
    """What `self.optimizers()` gives: the one, or a list of several."""
    if len(optimizers) == 1:
        return optimizers[0]
    return SequenceValue("list", Items([Item(ALWAYS, (), one) for one in optimizers]))


def _loss(run: Interpreter, value: Value | None) -> TensorValue | None:
    """The loss that `training_step` returns: a tensor, or the entry `loss` of a dictionary."""
    if isinstance(value, Dictionary):
        value = run.read(value.cells.get("loss", []))
    return value if isinstance(value, TensorValue) else None
