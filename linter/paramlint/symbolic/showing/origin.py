"""Who gave a tensor its values: the last call that filled all of it, where that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paramlint.knowledge import INIT_FUNCTIONS
from paramlint.knowledge.initializers import METHOD_ARGUMENTS
from paramlint.model.event import Event
from paramlint.model.guard import Guard
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.definitions.calls import parameters_of
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.showing.show_document import Init, Scalar
from paramlint.symbolic.values import Arguments, Choice, External, TensorValue, Value
from paramlint.symbolic.values.wording import of_each_round, scalar

#: Of in-place methods and factories that take values other than sizes, the names of these.
_METHODS: Mapping[str, tuple[str, ...]] = {**METHOD_ARGUMENTS, "fill_": ("value",)}
_FACTORIES: Mapping[str, tuple[str, ...]] = {
    "torch.full": ("", "fill_value"),
    "torch.full_like": ("", "fill_value"),
    "torch.arange": ("start", "end", "step"),
    "torch.linspace": ("start", "end", "steps"),
    "torch.logspace": ("start", "end", "steps", "base"),
}
_NOT_VALUES = frozenset(
    {"", "data", "device", "dtype", "generator", "input", "layout", "m", "memory_format", "n", "names", "out",
     "pin_memory", "requires_grad", "size"}
)  # fmt: skip


def origin(run: Interpreter, tensor: TensorValue, context: Guard, *, is_outermost: bool = True) -> Init | None:
    """The call that the values of a tensor come from.

    Args:
        run: the finished run.
        tensor: the tensor.
        context: under which conditions it is looked at.
        is_outermost: whether an initialiser of the project is told, and not the call that it makes.

    Returns:
        None where nothing gave it values, they were computed or changed in part since, or another call may be the last.
    """
    storage = tensor.storage
    events = [*([storage.allocated] if storage.allocated is not None else []), *storage.writes]
    if not events or storage.rebound:
        return None
    last = max(events, key=lambda event: event.order[-1])
    known = context & run.assumed
    frame: Frame | None = last.get("initializer_frame") if is_outermost else None
    if known is None or not known.implies(frame.entry if frame is not None else last.guard):
        return None
    if not covers(last) or not _is_whole(last):
        return None
    if frame is not None and frame.call is not None and frame.arguments is not None:
        names: tuple[str, ...] = tuple(parameter.name.value for parameter in parameters_of(frame.node)[0])
        arguments = _named(run, frame.arguments, names, context)
        arguments.pop(names[0], None)
        call = frame.node.name.value
        return Init(call=call, arguments=arguments, filename=frame.call.path, row=frame.call.row)
    if last.kind == "allocated":
        if last.empty:
            return None
        call = last.of.factory
        names = _FACTORIES.get(call, ())
        is_end = call == "torch.arange" and len(last.arguments.positional) == 1
        arguments = _named(run, last.arguments, ("end",) if is_end else names, context)
    elif last.get("reads") or not last.law.endswith("_"):
        return None
    else:
        call = last.law
        is_method = not last.get("initializer")
        names = _METHODS.get(call, ()) if is_method else INIT_FUNCTIONS.get(call, ("",))[1:]
        arguments = _named(run, last.arguments, names, context, is_of_some_size=last.author == "torch")
    return Init(call=call, arguments=arguments, filename=last.site.path, row=last.site.row)


def _is_whole(event: Event) -> bool:
    """Whether all of a tensor was written, and not what a view shows of it."""
    tensor: TensorValue | None = event.get("tensor")
    while tensor is not None and tensor.view:
        if tensor.view not in ("data", "detach"):
            return False
        tensor = tensor.base
    return not event.get("part")


def covers(event: Event) -> bool:
    """Whether something happened for sure to each of the tensors that the one in the event stands for."""
    loops = event.get("loops", ())
    made = {loop.number for loop in getattr(event.of, "loops", ())}
    return made <= {loop.number for loop in loops} and all(loop.count for loop in loops if loop.number not in made)


def _named(
    run: Interpreter, arguments: Arguments | None, names: tuple[str, ...], context: Guard, is_of_some_size: bool = False
) -> dict[str, Scalar]:
    """The arguments that say something of the values, by name; of a layer's own, those where it is not empty."""
    if arguments is None:
        return {}
    given: dict[str, Any] = dict(zip(names, arguments.positional, strict=False))
    found: dict[str, Scalar] = {}
    for name, value in {**given, **arguments.keywords}.items():
        if name not in _NOT_VALUES and isinstance(value, Value) and not isinstance(value, (TensorValue, External)):
            value = of_each_round(_of_some_size(value) if is_of_some_size else value, run.carried)
            said = scalar(value, context)
            if said is not None:
                found[name] = said
    return found


def _of_some_size(value: Value) -> Value:
    """A value without its alternatives for sizes of zero: `1 / math.sqrt(fan) if fan > 0 else 0`."""
    if not isinstance(value, Choice):
        return value
    return Choice([(g, one) for g, one in value.options if not any(said.endswith(" <= 0") for said in g.true_texts)])
