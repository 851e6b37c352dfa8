"""Functions outside the project: Python's own and those of torch whose effect is on what is interpreted."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Sized
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from paramlint.knowledge import BUFFER_CLASSES, DEPRECATED_INIT, INIT_FUNCTIONS, OPTIMIZERS, PARAMETER_CLASSES
from paramlint.knowledge.foreign import foreign_optimizer, only_looks
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.collections import containers, iteration, named_tuples, regular, texts
from paramlint.symbolic.external import attributes_by_name, copying, instance_tests, yes_or_no
from paramlint.symbolic.external.unknown_calls import escape, made_by
from paramlint.symbolic.interpreter import Handler, Interpreter
from paramlint.symbolic.library import leaves, tensors
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
    External,
    Instance,
    Item,
    Items,
    Object,
    Partial,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    small_constants,
    text_of,
)
from paramlint.symbolic.values.inputs import inputs_of, tensors_in

#: Functions of other modules that neither keep nor change what they are given.
_HARMLESS_MODULES = ("math.", "torch.", "numpy.", "np.", "logging.", "warnings.", "os.", "time.", "random.", "re.",
                     "json.", "typing.", "inspect.", "sys.", "operator.", "einops.", "string.",
                     "itertools.")  # fmt: skip
#: What gives a tensor that was computed from the given ones: `numpy.squeeze` asks a tensor for its own method.
_OF_TENSORS = ("torch.", "einops.rearrange", "einops.repeat", "einops.reduce", "einops.einsum", "numpy.squeeze")
_HARMLESS = frozenset(
    {"print", "repr", "hash", "dir", "sum", "issubclass", "format", "ord",
     "chr", "bytes", "complex", "divmod", "pow", "hex", "bin", "oct", "open", "input", "slice", "object", "tqdm",
     "tqdm.tqdm",
     "warnings.warn"}
)  # fmt: skip


def call_external(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value:
    """The result of calling something by its dotted name."""
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(run, arguments, node)
    short = name.rpartition(".")[2]
    filled = arguments.keywords.get("out") if name.startswith("torch.") else None
    if isinstance(filled, TensorValue):
        tensors.written(run, filled, short, arguments, node)
        return filled
    if name in PARAMETER_CLASSES:
        return leaves.make_parameter(run, arguments, node)
    if name in BUFFER_CLASSES:
        return _buffer(run, arguments, node)
    if name.startswith("torch.nn.init.") and (
        short in INIT_FUNCTIONS or short in DEPRECATED_INIT or short.endswith("_")
    ):
        return tensors.initialize(run, DEPRECATED_INIT.get(short, short), arguments, node)
    if name == "torch.autograd.Variable":
        return leaves.make_variable(run, arguments, node)
    if tensors.is_factory(name):
        return tensors.make(run, name, arguments, node)
    is_of_torch = name.startswith("torch.optim.") and short[:1].isupper() and "scheduler" not in name
    if name in OPTIMIZERS or is_of_torch or foreign_optimizer(name):
        from paramlint.symbolic.library.optimizer_calls import make_optimizer

        return make_optimizer(run, name, arguments, node)
    from paramlint.symbolic.library.optimizer_calls import optimizer_of
    from paramlint.symbolic.library.training_calls import training_function

    known = training_function(run, name, arguments, node)
    if known is not None:
        return known
    if short.endswith("_") and not short.startswith("_") and _first_tensor(arguments) is not None:
        return _external_initializer(run, name, arguments, node)
    if name.startswith(_OF_TENSORS) and tensors_in(arguments.values()):
        return _of_tensors(run, name, arguments, node)
    if name.startswith("math.") and not arguments.keywords:
        for tensor in tensors_in(arguments.values()):
            run.emit("read", tensor, node, how="number")
        return computed(run, getattr(math, short, None), name, arguments)
    if name in _HARMLESS or name.startswith(_HARMLESS_MODULES):
        return Unknown(f"{name}({_shown(arguments)})", _loop_of(arguments))
    optimizer = optimizer_of(run, name, arguments, node)
    if optimizer is not None:
        return optimizer
    iteration.use_iterators(run, short, arguments, node)
    if not only_looks(short):
        escape(run, arguments, node)
    result = Unknown(f"{name}({_shown(arguments)})#{run.serial()}", _loop_of(arguments))
    return made_by(run, short, result, arguments, node)


def _shown(arguments: Arguments) -> str:
    said = [text_of(v.value if isinstance(v, Item) else v) for v in arguments.positional]
    return ", ".join([*said, *(f"{k}={text_of(v)}" for k, v in arguments.keywords.items())])


def _loop_of(arguments: Arguments) -> int:
    return next((v.loop for v in arguments.values() if isinstance(v, Unknown) and v.loop), 0)


def _first_tensor(arguments: Arguments) -> TensorValue | None:
    first = arguments.get(0, "tensor")
    return first if isinstance(first, TensorValue) else None


def _external_initializer(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value:
    """An initialiser of another library, by the underscore of its name: `trunc_normal_(self.pos_embed, std=.02)`."""
    tensor = _first_tensor(arguments)
    assert tensor is not None
    rest = Arguments(arguments.positional[1:], arguments.keywords)
    tensors.written(run, tensor, name.rpartition(".")[2], rest, node, initializer=True, function=name)
    return tensor


def _of_tensors(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value:
    for value in tensors_in(arguments.values()):
        run.emit("read", value, node, how="function", function=name)
    if name in ("torch.numel", "torch.equal", "torch.allclose"):
        return run.unknown_call(name)
    first = arguments.get(0)
    if name == "torch.broadcast_to" and isinstance(first, TensorValue):
        sizes = Arguments(arguments.positional[1:], arguments.keywords)
        return tensors.tensor_method(run, first, "expand", sizes, node)
    made = run.derived(node, inputs_of(arguments, name.rpartition(".")[2]), factory=name)
    if isinstance(first, TensorValue) and name.rpartition(".")[2] in (
        "from_numpy",
        "as_tensor",
        "reshape",
        "transpose",
    ):
        made.view, made.base, made.storage = "view", first, first.storage
    return made


def _buffer(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    return leaves.make_parameter(run, arguments, node, role="buffer")


# Python's own


def computed(run: Interpreter, function: Callable[..., Any] | None, name: str, arguments: Arguments) -> Value:
    """A pure function of numbers, where all are known; else its text."""
    values = arguments.values()
    if (
        any(isinstance(v, Choice) for v in values)
        and len(values) <= 3
        and not arguments.keywords
        and not arguments.unknown
    ):
        place = next(i for i, v in enumerate(arguments.positional) if isinstance(v, Choice))
        given = list(arguments.positional)

        def with_one(value: Value) -> Value:
            return computed(run, function, name, Arguments([*given[:place], value, *given[place + 1 :]]))

        return run.each(values[place], with_one)
    if function is not None and not arguments.keywords and not arguments.unknown:
        plain = []
        for value in values:
            if isinstance(value, Constant):
                plain.append(value.value)
            elif isinstance(value, SequenceValue) and value.items.plain is not None:
                if not all(isinstance(v, Constant) for v in value.items.plain):
                    break
                plain.append([v.value for v in value.items.plain])  # type: ignore[attr-defined]
            else:
                break
        else:
            result = small_constants.computed(function, plain, name.rpartition(".")[2])
            if result is not None and isinstance(result.value, (int, float, str)):
                return result
    return Unknown(f"{name}({_shown(arguments)})", _loop_of(arguments))


def _number(function: Callable[..., Any], name: str) -> Handler:
    def handler(run: Interpreter, arguments: Arguments, node: Any) -> Value:
        first = arguments.get(0)
        if isinstance(first, TensorValue):
            run.emit("read", first, node, how="number")
        if isinstance(first, SequenceValue) and first.is_iterator:
            containers.items_of(run, first, node)
        if (
            name == "int"
            and isinstance(first, Unknown)
            and len(arguments.positional) == 1
            and not _may_be_fraction(first)
        ):
            return first
        return computed(run, function, name, arguments)

    return handler


def _may_be_fraction(value: Unknown) -> bool:
    """Whether something unknown may be no whole number: `dim * ratio` may be, `dim` is taken for one."""
    is_float = value.default is not None and isinstance(value.default.value, float)
    return is_float or value.annotation == "float" or any(sign in value.text for sign in " .(")


def _dict(
    run: Interpreter, arguments: Arguments, node: Any, ordered: bool = False, by_attribute: bool = False
) -> Value:
    made = Dictionary(**run.made(node))
    made.is_ordered, made.by_attribute = ordered, by_attribute
    first = arguments.get(0)
    if first is not None:
        containers.update(run, made, first)
        if isinstance(first, Dictionary):
            made.source = first.source
    for name, value in arguments.keywords.items():
        containers.set_entry(run, made, Constant(name), value)
    if arguments.unknown_keywords:
        made.forget("its keywords")
    return made


def _default_dict(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    made = Dictionary(**run.made(node))
    made.forget("defaultdict")
    made.maker = arguments.get(0)
    return made


def _len(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value = arguments.get(0)

    def count(one: Value) -> Value:
        if isinstance(one, Constant) and isinstance(one.value, Sized):
            return Constant(len(one.value))
        items = one.items if isinstance(one, (SequenceValue, Instance)) else None
        if isinstance(one, Instance):
            run.build(one)
            items = one.items
        if items is not None and items.known and not any(row.guard for row in items.rows):
            counts = [math.prod(loop.count or 0 for loop in row.loops) for row in items.rows]
            if all(c or not row.loops for c, row in zip(counts, items.rows, strict=True)):
                return Constant(sum(counts))
        if isinstance(one, Dictionary) and one.known and not one.rest and all(not c[0][0] for c in one.cells.values()):
            return Constant(len(one.cells))
        if isinstance(one, TensorValue) and one.shape:
            return one.shape[0]
        serial = f"#{one.number}" if isinstance(one, Object) else ""
        return Unknown(f"len({text_of(one)}){serial}", one.loop if isinstance(one, Unknown) else 0)

    return run.each(value, count) if value is not None else run.unknown_call("len()")


def _partial(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    function = arguments.get(0)
    if function is None:
        return run.unknown_call("partial()")
    rest = Arguments(
        arguments.positional[1:],
        arguments.keywords,
        arguments.unknown_positional,
        arguments.unknown_keywords,
        arguments.spread,
    )
    return Partial(function, rest)


def _identity(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    return arguments.get(0) or run.unknown_call("?")


@dataclass(frozen=True)
class _Address:
    """What `id(x)` gives of an object: another one for each."""

    number: int


def _id(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`id(x)`, which tells objects apart: of what is made anew in each round it cannot be told."""
    first = arguments.get(0)
    if isinstance(first, (TensorValue, Instance)) and first.made is not None and not first.loops:
        return Constant(_Address(first.number))
    return Unknown(f"id({_shown(arguments)})", _loop_of(arguments))


#: Methods of texts that may make long ones of short ones, or are told below.
_GROWING = frozenset({"format", "format_map", "encode", "zfill", "ljust", "rjust", "center", "expandtabs"})


def constant_method(run: Interpreter, owner: Constant, name: str, arguments: Arguments) -> Value:
    """A method of a string, number or tuple."""
    if name in ("startswith", "endswith"):
        arguments = replace(arguments, positional=[_as_constant(v) for v in arguments.positional])
    values = arguments.values()
    if all(isinstance(v, Constant) for v in values) and not arguments.unknown and not name.startswith("_"):
        method = getattr(type(owner.value), name, None)
        if callable(method) and name not in _GROWING:
            result = small_constants.computed(
                method,
                [owner.value, *(v.value for v in arguments.positional if isinstance(v, Constant))],
                name,
                **{k: v.value for k, v in arguments.keywords.items() if isinstance(v, Constant)},
            )
            if result is None:
                return run.unknown_call("?")
            if isinstance(result.value, list):
                rows = [Item(ALWAYS, (), owner.giving(x)) for x in result.value[:256]]
                return SequenceValue("list", Items(rows))
            if isinstance(result.value, (str, int, float, tuple, type(None))):
                return owner.giving(result.value)
    if name == "format" and isinstance(owner.value, str):
        return texts.formatted(run, owner.value, arguments)
    if name == "join" and isinstance(owner.value, str) and values:
        return texts.together(run, owner.value, values[0])
    return Unknown(f"{owner!r}.{name}({_shown(arguments)})", _loop_of(arguments))


def _as_constant(value: Value | Item) -> Value | Item:
    """A tuple of texts as one constant."""
    plain = value.items.plain if isinstance(value, SequenceValue) and value.kind == "tuple" else None
    if plain is None or not all(isinstance(one, Constant) for one in plain):
        return value
    return Constant(tuple(one.value for one in plain if isinstance(one, Constant)))


def _torch_identity(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`torch.jit.script(module)` and the like: the same module, or one that works as it."""
    first = arguments.get(0)
    if isinstance(first, Instance):
        run.emit("wrapped", first, node, how="script")
    return first or run.unknown_call("script()")


_HANDLERS: dict[str, Handler] = {
    **iteration.HANDLERS,
    **yes_or_no.HANDLERS,
    **instance_tests.HANDLERS,
    **attributes_by_name.HANDLERS,
    **regular.HANDLERS,
    "int": _number(int, "int"),
    "float": _number(float, "float"),
    "bool": _number(bool, "bool"),
    "str": _number(str, "str"),
    "abs": _number(abs, "abs"),
    "round": _number(round, "round"),
    "min": _number(min, "min"),
    "max": _number(max, "max"),
    "divmod": _number(divmod, "divmod"),
    "id": _id,
    "pow": _number(pow, "pow"),
    "dict": _dict,
    **dict.fromkeys(("munch.Munch", "easydict.EasyDict", "addict.Dict", "box.Box"), partial(_dict, by_attribute=True)),
    "collections.OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "typing.OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "typing.Dict": _dict,
    "OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "collections.defaultdict": _default_dict,
    "collections.namedtuple": named_tuples.make_class,
    "len": _len,
    "functools.partial": _partial,
    "staticmethod": _partial,  # as an attribute of a class, neither is given the instance
    "functools.lru_cache": lambda run, arguments, node: External("functools.wraps"),
    "copy.deepcopy": copying.deep_copy,
    "copy.copy": copying.shallow_copy,
    "keyword.iskeyword": _number(keyword.iskeyword, "iskeyword"),
    "typing.cast": lambda run, arguments, node: arguments.get(1) or NONE,
    "torch.jit.script": _torch_identity,
    "torch.jit.export": _identity,
    "torch.jit.trace": _torch_identity,
    "torch.fx.symbolic_trace": _torch_identity,
    "torch.quantization.prepare_qat": _torch_identity,
    "tqdm": _identity,
    "tqdm.tqdm": _identity,
    "tqdm.auto.tqdm": _identity,
}
