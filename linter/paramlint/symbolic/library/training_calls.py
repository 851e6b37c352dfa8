"""Optimizers, state dicts, passes backward: what training code does to the parameters of a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from paramlint.knowledge import OPTIMIZERS, TENSOR_INIT_INPLACE
from paramlint.knowledge.ranks import parameter_rank
from paramlint.model import Misfit
from paramlint.model.guard import ALWAYS, Guard
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.containers import go_through, use_up
from paramlint.symbolic.collections.loops import repeating
from paramlint.symbolic.definitions.attributes import stand_in
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.missing_attributes import note_missing
from paramlint.symbolic.library.tensors import make, tensor_method
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Constant,
    Dictionary,
    Function,
    Instance,
    Item,
    Loop,
    Native,
    Object,
    SequenceValue,
    Storage,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_data,
    is_text,
    text_of,
)

#: Functions of torch, and of what takes after it, that limit gradients.
CLIPPING = frozenset({"clip_grad_norm_", "clip_grad_norm", "clip_grad_value_", "clip_grad_value"})


@dataclass(frozen=True)
class Member:
    """A tensor in a group of an optimizer: under which guard, once for each round of which loops."""

    tensor: TensorValue
    guard: Guard
    loops: tuple[Loop, ...]


@dataclass(repr=False)
class GroupValue:
    """A group of an optimizer: its tensors, whether these are all, and its options.

    `pairs` counts the tensors that were given with their names; `misfits` are what an optimizer refuses.
    """

    members: list[Member]
    known: bool
    options: dict[str, Value]
    node: Any
    guard: Guard
    source: tuple[str, Value] | None = None
    given: Value | None = None
    is_added: bool = False
    pairs: int = 0
    misfits: list[Misfit] = field(default_factory=list)


class OptimizerValue(Object):
    """An optimizer of torch, of another library by its name, or of a class of the project that inherits from one."""

    __slots__ = ("arguments", "cls", "groups", "kind")
    holds_nothing = True

    def __init__(self, kind: str, arguments: Arguments, cls: ClassValue | None = None, **made: Any) -> None:
        super().__init__(**made)
        self.kind = kind
        self.cls = cls
        self.arguments = arguments
        self.groups: list[GroupValue] = []

    def __repr__(self) -> str:
        return f"<{self.kind.rpartition('.')[2]} {self.number}>"


@dataclass
class Collected:
    """What an iterable of parameters gives; of one of a group it is sure that it holds no groups itself."""

    members: list[Member] = field(default_factory=list)
    known: bool = True
    of_group: bool = False
    pairs: int = 0
    misfits: list[Misfit] = field(default_factory=list)

    def note(self, value: Value, holder: SequenceValue) -> None:
        """Note an item of a container that an optimizer refuses there."""
        for _, one in alternatives(value):
            if isinstance(one, SequenceValue) and one.kind != "tuple":
                self.misfits.append(Misfit("iterable", one.made or holder.made, holder.made))
            elif is_text(one):
                self.misfits.append(Misfit("name", holder.made, holder.made))


def make_optimizer(
    run: Interpreter, name: str, arguments: Arguments, node: Any, cls: ClassValue | None = None
) -> Value:
    """`torch.optim.Adam(parameters, ...)`."""
    made = OptimizerValue(name, arguments, cls, **run.made(node))
    given = arguments.get(0, "params") or arguments.get(0, "named_parameters")
    names = OPTIMIZERS.get(name, ())[1:]
    options = {k: v for k, v in arguments.keywords.items() if k != "params"}
    for option, value in zip(names, arguments.positional[1:], strict=False):
        if not isinstance(value, Item):
            options[option] = value
    run.optimizers.append(made)
    run.emit("optimizer", made, node, arguments=arguments, options=options, algorithm=name)
    if given is not None:
        for guard, one in alternatives(given):
            with run.under(guard) as is_possible:
                if is_possible:
                    add_groups(run, made, one, options, node)
                    if isinstance(one, Dictionary) and not one.cells.get("params") and one.source is None:
                        made.groups[-1].misfits.append(Misfit("keys", one.made, run.site(node)))
    return made


def add_groups(run: Interpreter, optimizer: OptimizerValue, given: Value, options: dict[str, Value], node: Any) -> None:
    """Give an optimizer an iterable of parameters, or of groups."""
    dictionaries: list[tuple[Guard, tuple[Loop, ...], Dictionary]] = []
    if isinstance(given, Dictionary):
        dictionaries.append((ALWAYS, (), given))
    elif isinstance(given, SequenceValue):
        for row in given.items.rows:
            for guard, one in alternatives(row.value):
                joined = guard & row.guard
                if isinstance(one, Dictionary) and joined is not None:
                    dictionaries.append((joined, row.loops, one))
    if not dictionaries:
        _add_group(run, optimizer, given, options, node)
        return
    for guard, _, dictionary in dictionaries:
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            cell = dictionary.cells.get("params")
            inner = dict(options)
            for key, held in dictionary.cells.items():
                value = run.read(held)
                if isinstance(key, str) and key != "params" and value is not None:
                    inner[key] = value
            dictionary.is_given = True
            params = run.read(cell) if cell else None
            where = dictionary.made.node if dictionary.made is not None else node
            _add_group(run, optimizer, params or run.unknown_call("params"), inner, where, dictionary)
    if isinstance(given, SequenceValue) and not given.items.known:
        optimizer.groups.append(GroupValue([], False, options, node, run.guard))


def _add_group(
    run: Interpreter, optimizer: OptimizerValue, given: Value, options: dict[str, Value], node: Any, made: Any = None
) -> None:
    collected = Collected(of_group=made is not None)
    _collect(run, given, ALWAYS, (), collected, node)
    source = given.source if isinstance(given, SequenceValue) else None
    if isinstance(given, SequenceValue) and given.kind in ("iterator", "parameters"):
        if made is None:
            go_through(run, given, node)
        else:  # the dictionary may stand in another function
            given.used.append(node)
    group = GroupValue(collected.members, collected.known, options, node, run.guard, source, given)
    group.pairs, group.misfits = collected.pairs, collected.misfits
    optimizer.groups.append(group)
    run.emit("grouped", optimizer, node, group=group, given=given, dictionary=made)


def collect(run: Interpreter, value: Value) -> Collected:
    """The tensors that an iterable of parameters gives."""
    found = Collected()
    _collect(run, value, ALWAYS, (), found, None)
    return found


def _collect(
    run: Interpreter, value: Value, guard: Guard, loops: tuple[Loop, ...], found: Collected, node: Any, depth: int = 0
) -> None:
    run.step()
    for inner, one in alternatives(value):
        joined = guard & inner
        if joined is None or depth > 6:
            continue
        if isinstance(one, TensorValue):
            found.members.append(Member(one, joined, loops))
        elif isinstance(one, SequenceValue):
            for row in one.items.rows:
                both = joined & row.guard
                if both is None:
                    continue
                item = row.value
                plain = item.items.plain if isinstance(item, SequenceValue) and item.kind == "tuple" else None
                if plain is not None and len(plain) == 2 and isinstance(plain[1], TensorValue):
                    found.pairs += not isinstance(plain[0], TensorValue)
                    _collect(run, plain[1], both, loops + row.loops, found, node, depth + 1)  # (name, parameter)
                else:
                    found.note(row.value, one)
                    _collect(run, row.value, both, loops + row.loops, found, node, depth + 1)
            if not one.items.known:
                found.known = False
        elif isinstance(one, Dictionary):
            for cell in one.cells.values():
                for held, entry in cell:
                    both = joined & held
                    if both is not None:
                        _collect(run, entry, both, loops, found, node, depth + 1)
            for row in one.rest:
                _collect(run, row.value, joined, loops + row.loops, found, node, depth + 1)
        elif isinstance(one, Unknown):
            if _is_tensor_like(one) or (found.of_group and depth and one.owner is not None and not one.loop):
                found.members.append(Member(as_tensor(run, one, node, is_parameter=True), joined, loops))
            else:
                found.known = False
        else:
            found.known = False


def _is_tensor_like(value: Unknown) -> bool:
    return value.name in ("weight", "bias") or "parameters" in value.text


def optimizer_attribute(run: Interpreter, optimizer: Value, name: str) -> Value:
    """`optimizer.name`."""
    return Native(optimizer, name) if name != "param_groups" else Unknown(f"{optimizer!r}.param_groups")


def optimizer_method(run: Interpreter, optimizer: Value, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of an optimizer."""
    assert isinstance(optimizer, OptimizerValue)
    if name == "step":
        run.emit("stepped", optimizer, node, arguments=arguments)
        closure = arguments.get(0, "closure")
        if closure is not None and closure != NONE:
            run.call(closure, Arguments(), node)
        if optimizer.cls is not None and _clears_by_itself(optimizer.cls):
            run.emit("cleared", optimizer, node, how="step")
        return run.unknown_call("step()")
    if name == "zero_grad":
        run.emit("cleared", optimizer, node, how="zero_grad")
        return NONE
    if name == "add_param_group":
        given = arguments.get(0, "param_group")
        if given is not None:
            for guard, one in alternatives(given):
                with run.under(guard) as is_possible:
                    if is_possible:
                        before = len(optimizer.groups)
                        add_groups(run, optimizer, one, {}, node)
                        for group in optimizer.groups[before:]:
                            group.is_added = True
        return NONE
    if name == "state_dict":
        made = Dictionary(**run.made(node))
        made.forget("state of an optimizer")
        made.source = ("state_dict", optimizer)
        run.emit("taken", optimizer, node, state=made)
        return made
    if name == "load_state_dict":
        run.emit("loaded", optimizer, node, state=arguments.get(0, "state_dict"), arguments=arguments)
        return NONE
    if name not in ("train", "eval", "profile_hook_step", "register_step_pre_hook", "register_step_post_hook"):
        run.emit("escaped", optimizer, node)  # what a method of an optimizer of its own kind does is not known
    return run.unknown_call(f"{optimizer!r}.{name}()")


def _clears_by_itself(cls: ClassValue) -> bool:
    """Whether the `step` of an optimizer of the project clears the gradients too."""
    found = cls.outline.methods.get("step")
    if not found:
        return False
    text = cls.file.facts.source.lines(found[-1].first, found[-1].last)
    return "zero_grad" in text or ".grad = None" in text


# What looks like a module, tensor or optimizer, and is unknown

_OF_MODULES = frozenset(
    {"parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children",
     "named_children", "state_dict", "load_state_dict", "train", "eval", "requires_grad_", "cuda", "cpu", "half",
     "bfloat16", "apply", "register_buffer", "register_parameter", "add_module", "to_empty", "get_submodule",
     "resize_token_embeddings"}
)  # fmt: skip


_NEW = frozenset({"new_zeros", "new_ones", "new_empty", "new_full"})


def unknown_method(run: Interpreter, owner: Unknown, name: str, arguments: Arguments, node: Any) -> Value | None:
    """A method of something unknown, where its name says what it must be; None where it does not."""
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
    if name == "detach":
        from paramlint.symbolic.library.registration import parameter_found

        found = parameter_found(run, owner, node)
        return tensor_method(run, found, name, arguments, node) if isinstance(found, TensorValue) else None
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


def as_tensor(run: Interpreter, value: Unknown, node: Any, *, is_parameter: bool = False) -> TensorValue:
    """The tensor that something unknown must be: one for each text, and for each class that its owner may be by the
    conditions of now; a parameter by its name, or where that is known."""
    from paramlint.symbolic.external.instance_tests import classes_asked

    of_classes = classes_asked(run, value.owner) if value.name not in ("data", "grad") else ()
    key = ("tensor", value, of_classes)
    known = run.memo.get(key)
    if known is None:
        if value.owner is not None and value.name == "data":
            inner = as_tensor(run, value.owner, node)
            known = run.view(inner, "data", node, inner.shape)
        elif value.owner is not None and value.name == "grad":
            base = as_tensor(run, value.owner, node)
            known = base.grad
            if known is None:
                known = TensorValue("gradient", Storage(True))
                known.base, known.text = base, value.text
                base.grad = known
        else:
            is_parameter = is_parameter or value.name in ("weight", "bias") or "parameters()" in value.text
            role = "parameter" if is_parameter else "plain"
            known = TensorValue(role, Storage(True))  # type: ignore[arg-type]
            known.text = value.text
            known.of_classes = of_classes
            ranks = {parameter_rank(name, value.name) for name in of_classes}
            if len(ranks) == 1 and (rank := ranks.pop()) is not None:
                known.shape = tuple(Unknown(f"{value.text}.shape[{i}]") for i in range(rank))
                run.numbers.update(text_of(size) for size in known.shape)
            run.tensors.append(known)
        run.memo[key] = known
    assert isinstance(known, TensorValue)
    return known


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
