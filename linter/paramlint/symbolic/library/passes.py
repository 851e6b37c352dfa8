"""What a module's pass computes, worked out when somebody asks: by running its `forward` beside the trace."""

from __future__ import annotations

from paramlint.symbolic.code.source_trace import Trace
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import MAX_PASS_STEPS, MAX_PASSES, OverBudgetError
from paramlint.symbolic.values import (
    Arguments,
    Constant,
    Dictionary,
    Function,
    Instance,
    SequenceValue,
    TensorValue,
    Value,
)


def sources_of(run: Interpreter, tensor: TensorValue) -> tuple[Value, ...]:
    """What a tensor was computed from; for the result of a pass, what `forward` made it from where that is known."""
    if tensor.view == "index" and tensor.base is not None:
        whole = result_of(run, tensor.base)
        part = _part(run, whole, tensor.part) if whole is not None else None
        return tensor.sources if part is None else (part,)
    whole = result_of(run, tensor)
    return tensor.sources if whole is None else (whole,)


def result_of(run: Interpreter, tensor: TensorValue) -> Value | None:
    """What `forward` returned where a tensor stands for it; None where that cannot be told."""
    passed = run.passes.get(tensor.number)
    if passed is None:
        return None
    key = ("pass", tensor.number)
    if key not in run.memo:
        run.memo[key] = None
        run.memo[key] = _run(run, *passed)
    result: Value | None = run.memo[key]
    return result


def _run(run: Interpreter, instance: Instance, arguments: Arguments) -> Value | None:
    if instance.cls is None or instance.cls.file.is_stub or not instance.known:
        return None
    forward = classes.member(run, instance.cls, "forward", instance)
    count = run.memo.get("passes", 0)
    if not isinstance(forward, Function) or forward.place.file.is_stub or count >= MAX_PASSES:
        return None
    run.memo["passes"] = count + 1
    trace, run.trace = run.trace, Trace()
    steps, budget = run.steps, run.budget
    run.budget = steps + MAX_PASS_STEPS
    attributes = {name: list(cell) for name, cell in instance.attributes.items()}
    try:
        return run.call(forward, arguments, forward.node)
    except OverBudgetError:
        return None
    finally:
        run.trace, run.steps, run.budget = trace, steps, budget
        instance.attributes = attributes


def _part(run: Interpreter, whole: Value, part: Value | None) -> Value | None:
    if not isinstance(part, Constant):
        return None
    if isinstance(whole, SequenceValue) and isinstance(part.value, int) and whole.items.plain is not None:
        plain = whole.items.plain
        return plain[part.value] if -len(plain) <= part.value < len(plain) else None
    if isinstance(whole, Dictionary) and isinstance(part.value, str) and part.value in whole.cells:
        return run.read(whole.cells[part.value])
    return None
