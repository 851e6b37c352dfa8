"""State dicts, passes backward, what looks like a model: what training code does; optimizers have their own file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from paramlint.knowledge import TENSOR_INIT_INPLACE
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.containers import go_through, use_up
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.definitions.attributes import stand_in
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.missing_attributes import note_missing
from paramlint.symbolic.library.optimizer_calls import OptimizerValue, collect
from paramlint.symbolic.library.tensors import as_tensor, make, tensor_method
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    External,
    Function,
    Instance,
    Item,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_data,
    text_of,
)

#: Functions of torch, and of what takes after it, that limit gradients.
CLIPPING = frozenset({"clip_grad_norm_", "clip_grad_norm", "clip_grad_value_", "clip_grad_value"})


# What looks like a module, tensor or optimizer, and is unknown

_OF_MODULES = frozenset(
    {"parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children",
     "named_children", "state_dict", "load_state_dict", "train", "eval", "requires_grad_", "cuda", "cpu", "half",
     "bfloat16", "apply", "register_buffer", "register_parameter", "add_module", "to_empty", "get_submodule",
     "resize_token_embeddings"}
)  # fmt: skip


def is_no_module(run: Interpreter, value: Value, name: str) -> bool:
    """Whether something that is asked for a method of modules cannot be one here: a function, or by a condition."""
    if name not in _OF_MODULES:
        return False
    asked = run.memo.get(("instance asked", value.text), {}) if isinstance(value, Unknown) else {}
    is_other = any(External("torch.nn.Module") in kinds and not run.guard.fits(true) for true, kinds in asked.items())
    return isinstance(value, Function) or is_other


_NEW = frozenset({"new_zeros", "new_ones", "new_empty", "new_full"})


def unknown_method(run: Interpreter, owner: Unknown, name: str, arguments: Arguments, node: Any) -> Value | None:
    """A method of something unknown, where its name says what it must be; None where it does not."""
    if name in ("detach", "requires_grad_"):
        from paramlint.symbolic.library.registration import parameter_found

        found = parameter_found(run, owner, node)
        if isinstance(found, TensorValue):
            return tensor_method(run, found, name, arguments, node)
    if name in _OF_MODULES and not (name in ("cuda", "cpu", "half", "bfloat16") and owner not in run.stand_ins):
        from paramlint.symbolic.library.modules import module_method

        result = module_method(run, stand_in(run, owner), name, arguments, node)
        return owner if isinstance(result, Instance) and result is run.stand_ins.get(owner) else result
    if name in ("to", "cuda"):
        from paramlint.symbolic.library.modules import names_device

        to_device, known = names_device(name, arguments), run.stand_ins.get(owner)
        if known is not None or (to_device and not is_data(owner)):  # whether it is a module may show later
            run.emit("moved", known or owner, node, how=name, arguments=arguments, to_device=to_device)
        if known is not None or not is_data(owner):  # a module stays the one that it is
            return owner
    if name in ("backward", "manual_backward"):  # of a loss, or `accelerator.backward(loss)`
        loss = arguments.get(0, "loss")
        run.emit("backward", loss or owner, node, arguments=arguments, through=owner if loss is not None else None)
        return NONE
    if name in ("step", "optimizer_step"):  # of an optimizer, or `scaler.step(optimizer)`
        given = [pair for v in arguments.values() for pair in alternatives(v)]
        optimizers = [(guard, one) for guard, one in given if isinstance(one, OptimizerValue)]
        for guard, optimizer in optimizers:
            with run.under(guard) as is_possible:
                if is_possible:
                    run.emit("stepped", optimizer, node, arguments=Arguments(), through=name)
        first = arguments.get(0, "optimizer")
        if not optimizers and isinstance(first, Unknown) and _is_scaler(owner):
            run.emit("stepped", first, node, arguments=Arguments(), through=name)
        elif not optimizers:
            run.emit("stepped", owner, node, arguments=arguments)
        return run.unknown_call("step()")
    if name == "unscale_":  # of a scaler of losses: the optimizer and what it holds stay as they are
        return NONE
    if name in ("prepare", "setup") and any(isinstance(v, (Instance, OptimizerValue)) for v in arguments.values()):
        return _prepared(run, arguments, node)
    if name == "unwrap_model" and arguments.get(0) is not None:
        return arguments.get(0)
    if name in CLIPPING and arguments.get(0) is not None:  # `accelerator.clip_grad_norm_(parameters, 1.0)`
        note_clipping(run, name, arguments, node)
        return run.unknown_call(name)
    if name.startswith(("zero_grad", "clear_grad", "reset_grad")):
        run.emit("cleared", owner, node, how=name)
        return NONE
    if name == "add_param_group":
        run.emit("grouped", owner, node, given=arguments.get(0))
        return NONE
    if name in _NEW:
        return make(run, f"torch.{name.removeprefix('new_')}", arguments, node)
    if name.endswith("_") and not name.startswith("_") and not name.endswith("__"):
        if owner.name in ("data", "weight", "bias", "grad") or owner.text.endswith((".data", "]")) or owner.loop:
            if name in TENSOR_INIT_INPLACE and note_missing(run, owner, name, node):
                return owner
            tensor_method(run, as_tensor(run, owner, node), name, arguments, node)
            return owner
    return None


def _is_scaler(owner: Unknown) -> bool:
    """Whether something unknown scales losses, by its name: its `step(optimizer)` is that of the optimizer."""
    return "scaler" in owner.text.partition("#")[0].rpartition(".")[2].lower() or "GradScaler" in owner.text


def _prepared(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`accelerator.prepare(model, optimizer, loader)`: what works as each of its arguments, in order."""
    first = arguments.get(0)
    if len(arguments.positional) == 1 and not arguments.unknown and first is not None:
        return first
    made = SequenceValue("tuple", **run.made(node))
    for value in arguments.positional:
        containers.add(run, made.items, value if isinstance(value, Item) else Item(ALWAYS, (), value))
    if arguments.unknown_positional:
        made.items.forget("prepare(*...)")
    return made


def note_clipping(run: Interpreter, name: str, arguments: Arguments, node: Any) -> None:
    """Note what is given to one of the functions that clip gradients."""
    given = arguments.get(0, "parameters") or NONE
    clipped = collect(run, given)
    for _, one in alternatives(given):
        if isinstance(one, SequenceValue) and one.is_iterator:
            go_through(run, one, node)
            use_up(run, one)
    tensors = [member.tensor for member in clipped.members] if clipped.known else []
    options = [one for _, one in alternatives(given)]
    run.emit("read", given, node, how="clipped", function=name, tensors=tensors, options=options)


def training_function(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value | None:
    """Functions of torch that save, load, clip or run again; None for others."""
    short = name.rpartition(".")[2]
    if name in (
        "torch.save",
        "pickle.dump",
        "joblib.dump",
        "safetensors.torch.save_file",
        "safetensors.torch.save_model",
    ):
        run.emit("saved", arguments.get(0) or NONE, node, arguments=arguments)
        return NONE
    if name in ("torch.load", "safetensors.torch.load_file"):
        return run.unknown_call(f"{name}({text_of(arguments.get(0) or NONE)})")
    if short in CLIPPING:
        note_clipping(run, name, arguments, node)
        return run.unknown_call(name)
    if name in ("torch.utils.checkpoint.checkpoint", "torch.utils.checkpoint.checkpoint_sequential"):
        function = arguments.get(0, "function")
        if not run.guard.loop:  # it is so in the first round
            arguments = replace(arguments, positional=[_in_first_round(run, v) for v in arguments.positional])
        run.emit("wrapped", function or NONE, node, how="checkpoint", arguments=arguments)
        return run.derived(
            node, [v for v in arguments.values() if isinstance(v, (TensorValue, Instance))], factory="call"
        )
    if name in ("ignite.engine.Engine", "ignite.engine.engine.Engine"):
        _run_for_batches(run, arguments.get(0, "process_function"), node)
        return run.unknown_call(name)
    if name.endswith(".set_grad_enabled") and name.startswith("torch."):
        records = arguments.get(0, "mode")
        if isinstance(records, Constant) and not run.guard:
            run.records_gradient = bool(records.value)  # until the function ends, or the `with` that it opens
        return Unknown(f"torch.set_grad_enabled({text_of(records or NONE)})")
    if name == "torch.autograd.backward":
        run.emit("backward", arguments.get(0) or NONE, node, arguments=arguments)
        return NONE
    return None


def _in_first_round(run: Interpreter, value: Value | Item) -> Value | Item:
    """What a value that one round of a loop hands to the next is in the first."""
    while isinstance(value, Unknown) and value in run.in_first_round:
        value = run.in_first_round[value]
    return value


def _run_for_batches(run: Interpreter, function: Value | None, node: Any) -> None:
    """What an engine of ignite does: it calls a function with itself and each batch."""
    if not isinstance(function, Function):
        return
    loop = containers.new_loop(run, "batches")
    with repeating(run, (loop,)):
        run.call(function, Arguments([Unknown("engine"), Unknown("batch", loop.number)]), node)


def state_method(run: Interpreter, owner: Dictionary, name: str, arguments: Arguments, node: Any) -> Value | None:
    """A method of a state dict: going through it gives tensors of their own identity; None for others."""
    if owner.source is None or owner.source[0] != "state_dict" or name not in ("items", "values"):
        return None
    module = owner.source[1]
    if not isinstance(module, Instance):
        return None
    made = SequenceValue("list", **run.made(node))
    loop = containers.new_loop(run, f"state of {text_of(module)}")
    tensor = run.new_tensor(node, filled=True, factory="state_dict")
    tensor.text = f"{text_of(module)}.state_dict()[...]"
    value: Value = containers.pair(run, Unknown("name", loop.number), tensor, node) if name == "items" else tensor
    made.items.rows.append(Item(ALWAYS, (loop,), value))
    made.source = ("state_dict", module)
    return made


def state_entry(run: Interpreter, owner: Dictionary, index: Value, node: Any) -> Value | None:
    """What stands in a model's state dict under a key that nothing was put under; None elsewhere."""
    module = owner.source[1] if owner.source is not None and owner.source[0] == "state_dict" else None
    if not isinstance(module, Instance) or owner.cells or owner.rest:
        return None
    key = ("state entry", owner, text_of(index))
    if key not in run.memo:
        tensor = run.memo[key] = run.new_tensor(node, filled=True, factory="state_dict")
        tensor.text = f"{text_of(module)}.state_dict()[{text_of(index)}]"
    known = run.memo[key]
    assert isinstance(known, TensorValue)
    return known
