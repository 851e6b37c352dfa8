"""Calls of what is not known: what they may be by their name, and what unknown code gets hold of."""

from __future__ import annotations

import re
from typing import Any

from paramlint import nodes
from paramlint.knowledge.foreign import only_averages, only_looks
from paramlint.symbolic.collections import texts
from paramlint.symbolic.collections.iteration import use_iterators
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import (
    TRUE,
    Arguments,
    Choice,
    Dictionary,
    Function,
    Instance,
    Partial,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    is_data,
    text_of,
)
from paramlint.syntax.walk import walk

#: Words in the name of what may hold the model and its optimizer, and do something to them when it is called.
_RUNS_THE_TRAINING = re.compile(r"callback|hook|handler|trainer|runner|learner|engine|strategy|plugin|fabric|agent")
#: Functions that build a model by its name.
_MAKES_MODEL = re.compile(r"^(?:build|make|create|get)_(?:backbone|encoder|model|trunk|network|net)$")
#: Methods that tensors and modules have too: they are given a device, sizes or numbers, and keep nothing.
_OF_TENSORS = frozenset(
    {"to", "cuda", "cpu", "float", "half", "double", "long", "int", "type", "type_as", "view", "view_as", "reshape",
     "expand", "expand_as", "repeat", "permute", "transpose", "squeeze", "unsqueeze", "flatten", "size", "sum", "mean",
     "argmax", "max", "min", "item", "detach", "clone", "contiguous", "gather", "masked_fill", "chunk", "split",
     "scale"}
)  # fmt: skip


def call_unknown(run: Interpreter, function: Unknown, arguments: Arguments, node: Any) -> Value:
    """A call of something unknown; what looks like a method of a module, tensor or optimizer is taken for one."""
    lacking = run.lacking.get(id(function))
    name = function.name or function.text.rpartition(".")[2]
    if lacking is not None and lacking.is_module and lacking.known and not only_looks(name):  # whoever inherits has it
        run.emit("escaped", lacking, node)
        lacking.escaped = True
    if function.owner is not None:
        from paramlint.symbolic.library.training_calls import unknown_method

        known = unknown_method(run, function.owner, function.name, arguments, node)
        if known is not None:
            return known
    from paramlint.symbolic.definitions.annotations import made_by_argument

    made = made_by_argument(run, function, arguments, node)
    if made is not None:
        return made
    from paramlint.symbolic.library.optimizer_calls import optimizer_of

    optimizer = optimizer_of(run, function.text, arguments, node)
    if optimizer is not None:  # the class, or what makes one, is an argument, an option, an entry of a table
        return optimizer
    known = texts.ends_known(run, function, arguments) if name in ("startswith", "endswith") else None
    if known is not None:
        return known
    use_iterators(run, name, arguments, node)
    averages = function.owner is not None and only_averages(function.owner.text, name)
    if (function.owner is None or name not in _OF_TENSORS) and not only_looks(name) and not averages:
        escape(run, arguments, node)
        if function.owner is not None and _RUNS_THE_TRAINING.search(function.owner.text.lower()):
            run.emit("escaped", function.owner, node)
    held = run.stand_ins.get(function)
    event = run.emit("called", held, node, arguments=arguments) if held is not None else None
    if held is not None and event is not None:  # a pass: what a module gives is computed from it, whatever it is given
        event.data["result"] = result = run.derived(node, [held, *inputs_of_call(arguments)], factory="call")
        return result
    if is_tensor_call(arguments):
        return run.derived(node, [function, *(v for v in arguments.values() if isinstance(v, TensorValue))])
    given = ", ".join(text_of(v) for v in arguments.values())
    loop = function.loop or next((v.loop for v in arguments.values() if isinstance(v, Unknown) and v.loop), 0)
    if function.name in ("to", "cuda"):  # a module stays the one that it is
        return Unknown(f"{function.text}({given})", loop)
    return made_by(run, name, Unknown(f"{function.text}({given})#{run.serial()}", loop), arguments, node)


def made_by(run: Interpreter, name: str, result: Unknown, arguments: Arguments, node: Any) -> Unknown:
    """What unknown code gives: a model with trained weights where it is asked for one, `MODELS[n](pretrained=True)`."""
    is_looked_up = getattr(node, "func", None).__class__.__name__ == "Subscript"
    if arguments.keywords.get("pretrained") == TRUE and (is_looked_up or _MAKES_MODEL.search(name)):
        from paramlint.symbolic.definitions.attributes import stand_in

        run.emit("loaded", stand_in(run, result), node, arguments=arguments)
    return result


def is_tensor_call(arguments: Arguments) -> bool:
    return any(isinstance(value, TensorValue) for value in arguments.values())


def inputs_of_call(arguments: Arguments) -> list[Value]:
    """What a result may be computed from, of what a module is given."""
    return [v for v in arguments.values() if isinstance(v, (TensorValue, Unknown, Choice, SequenceValue, Dictionary))]


def escape(run: Interpreter, arguments: Arguments, node: Any) -> None:
    """What unknown code gets hold of: from then on nothing is said to be missing of it."""
    seen: set[int] = set()
    stack: list[Any] = list(arguments.values())
    while stack and len(seen) < 64:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (TensorValue, Instance)):
            run.emit("escaped", value, node)
            value.escaped = True
        elif value.__class__.__name__ == "OptimizerValue" or (isinstance(value, Unknown) and not is_data(value)):
            run.emit("escaped", run.stand_ins.get(value, value), node)
        elif isinstance(value, SequenceValue):
            value.escaped = True
            stack.extend(row.value for row in value.items.rows)
        elif isinstance(value, Dictionary):
            value.escaped = True
            stack.extend(v for cell in value.cells.values() for _, v in cell)
            stack.extend(row.value for row in value.rest)
        elif isinstance(value, Choice):
            stack.extend(v for _, v in value.options)
        elif isinstance(value, Partial):
            stack.extend(value.arguments.values())
        elif isinstance(value, Function):
            stack.extend([value.bound] if value.bound is not None else _closed_over(run, value))


def _closed_over(run: Interpreter, function: Function) -> list[Value]:
    """What the names in a function that another made stand for there: whoever calls it uses that."""
    if function.env is None:
        return []
    names = {one.value for one in walk(function.node.body) if isinstance(one, nodes.Name)}
    held = (run.read(cell) for name, cell in function.env.cells.items() if name in names)
    return [value for value in held if value is not None]
