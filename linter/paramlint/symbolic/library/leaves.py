"""Tensors that are made to be trained or kept: `nn.Parameter(data)`, buffers, `Variable(data)`."""

from __future__ import annotations

from typing import Any

from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.registration import parameter_found
from paramlint.symbolic.values import FALSE, NONE, TRUE, Arguments, TensorValue, Value


def make_parameter(run: Interpreter, arguments: Arguments, node: Any, role: str = "parameter") -> Value:
    """`nn.Parameter(data, requires_grad)`: shares the memory of what it is given."""
    data = arguments.get(0, "data")
    flag = (arguments.get(1, "requires_grad") or TRUE) if role == "parameter" else None

    def wrap(value: Value) -> Value:
        value, made = parameter_found(run, value, node), run.new_tensor(node, filled=True, role=role)
        made.requires_grad = flag
        made.registers_as = as_buffer(arguments.get(1, "persistent")) if role == "buffer" else ""
        if isinstance(value, TensorValue):
            made.storage, made.shape, made.dtype = value.storage, value.shape, value.dtype
            made.sources, made.factory = (value,), value.factory
            made.base = value
        elif value != NONE:
            made.sources = (value,)
            made.factory = "?"
        run.emit("allocated", made, node, law="parameter", data_of=value, empty=False)
        return made

    return run.each(data if data is not None else NONE, wrap)


def as_buffer(persistent: Value | None) -> str:
    """As what a buffer is registered that is said to be persistent, or not."""
    if persistent == FALSE:
        return "buffer:passing"
    return "buffer" if persistent in (None, TRUE) else "buffer:unsure"


def make_variable(run: Interpreter, arguments: Arguments, node: Any) -> TensorValue:
    """`Variable(data, requires_grad=True)`, of old code: a leaf."""
    made = run.new_tensor(node, filled=True, factory="torch.autograd.Variable")
    made.requires_grad = arguments.keywords.get("requires_grad")
    run.emit("allocated", made, node, law="as_tensor", arguments=arguments, empty=False)
    return made
