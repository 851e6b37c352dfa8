"""Functions outside the project: Python's own and those of torch whose effect is on what is interpreted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sized
from typing import Any

from paramlint.knowledge import BUFFER_CLASSES, DEPRECATED_INIT, INIT_FUNCTIONS, OPTIMIZERS, PARAMETER_CLASSES
from paramlint.model.guard import ALWAYS
from paramlint.symbolic import classes, containers, copying, iteration, named_tuples, regular, tensors, texts, yes_or_no
from paramlint.symbolic.calls import escape
from paramlint.symbolic.inputs import inputs_of, tensors_in
from paramlint.symbolic.interpreter import Interpreter, one_of
from paramlint.symbolic.limits import MAX_CONSTANT
from paramlint.symbolic.program import ClassValue
from paramlint.symbolic.values import (
    FALSE,
    NONE,
    TRUE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
    External,
    Function,
    Instance,
    Item,
    Items,
    Object,
    Partial,
    SequenceValue,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)

Handler = Callable[[Interpreter, Arguments, Any], Value]
_REASONS = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)
#: Functions of other modules that neither keep nor change what they are given.
_HARMLESS_MODULES = ("math.", "torch.", "numpy.", "np.", "logging.", "warnings.", "os.", "time.", "random.", "re.",
                     "json.", "typing.", "inspect.", "sys.", "operator.", "einops.", "string.",
                     "itertools.")  # fmt: skip
_HARMLESS = frozenset(
    {"print", "id", "repr", "hash", "vars", "dir", "sum", "issubclass", "format", "ord",
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
    if name in PARAMETER_CLASSES:
        return tensors.make_parameter(run, arguments, node)
    if name in BUFFER_CLASSES:
        return _buffer(run, arguments, node)
    if name.startswith("torch.nn.init.") and (
        short in INIT_FUNCTIONS or short in DEPRECATED_INIT or short.endswith("_")
    ):
        return tensors.initialize(run, DEPRECATED_INIT.get(short, short), arguments, node)
    if name == "torch.autograd.Variable":
        return tensors.make_variable(run, arguments, node)
    if tensors.is_factory(name):
        return tensors.make(run, name, arguments, node)
    if name in OPTIMIZERS or (name.startswith("torch.optim.") and short[:1].isupper() and "scheduler" not in name):
        from paramlint.symbolic.training import make_optimizer

        return make_optimizer(run, name, arguments, node)
    from paramlint.symbolic.training import training_function

    known = training_function(run, name, arguments, node)
    if known is not None:
        return known
    if short.endswith("_") and not short.startswith("_") and _first_tensor(arguments) is not None:
        return _external_initializer(run, name, arguments, node)
    if name.startswith("torch.") and tensors_in(arguments.values()):
        return _of_tensors(run, name, arguments, node)
    if name.startswith("math.") and not arguments.keywords:
        return computed(run, getattr(math, short, None), name, arguments)
    if name in _HARMLESS or name.startswith(_HARMLESS_MODULES):
        return Unknown(f"{name}({_shown(arguments)})", _loop_of(arguments))
    escape(run, arguments, node)
    return Unknown(f"{name}({_shown(arguments)})#{run.serial()}", _loop_of(arguments))


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
    if name in ("torch.numel", "torch.is_tensor", "torch.equal", "torch.allclose"):
        return run.unknown_call(name)
    made = run.derived(node, inputs_of(arguments, name.rpartition(".")[2]), factory=name)
    first = arguments.get(0)
    if isinstance(first, TensorValue) and name.rpartition(".")[2] in (
        "from_numpy",
        "as_tensor",
        "reshape",
        "transpose",
    ):
        made.view, made.base, made.storage = "view", first, first.storage
    return made


def _buffer(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    return tensors.make_parameter(run, arguments, node, role="buffer")


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
            try:
                result = function(*plain)
                if isinstance(result, (int, float, str, bool)) and len(str(result)) < MAX_CONSTANT:
                    return Constant(result)
            except _REASONS:
                pass
    return Unknown(f"{name}({_shown(arguments)})", _loop_of(arguments))


def _number(function: Callable[..., Any], name: str) -> Handler:
    def handler(run: Interpreter, arguments: Arguments, node: Any) -> Value:
        first = arguments.get(0)
        if isinstance(first, TensorValue):
            run.emit("read", first, node, how="number")
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


def _dict(run: Interpreter, arguments: Arguments, node: Any, ordered: bool = False) -> Value:
    made = Dictionary(**run.made(node))
    made.is_ordered = ordered
    first = arguments.get(0)
    if first is not None:
        containers.update(run, made, first)
        if isinstance(first, Dictionary):
            made.source = first.source
    for keyword, value in arguments.keywords.items():
        containers.set_entry(run, made, Constant(keyword), value)
    if arguments.unknown_keywords:
        made.forget("its keywords")
    return made


def _default_dict(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    made = Dictionary(**run.made(node))
    made.forget("defaultdict")
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


def _getattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.attributes import get_attribute

    owner, name = arguments.get(0), arguments.get(1)
    if owner is None or name is None:
        return run.unknown_call("getattr()")

    def of_name(one: Value) -> Value:
        if isinstance(one, Constant) and isinstance(one.value, str):
            value = one.value
            return run.each(owner, lambda o: get_attribute(run, o, value, node))
        return Unknown(f"getattr({text_of(owner)}, {text_of(one)})", one.loop if isinstance(one, Unknown) else 0)

    return run.each(name, of_name)


def _setattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.attributes import set_attribute
    from paramlint.symbolic.registration import set_under

    if len(arguments.positional) != 3:
        return NONE
    owner, name, value = arguments.get(0), arguments.get(1), arguments.get(2)
    assert owner is not None and name is not None and value is not None

    def of_name(one: Value) -> Value:
        if isinstance(one, Constant) and isinstance(one.value, str):
            attribute = one.value
            run.each(owner, lambda o: set_attribute(run, o, attribute, value, node))
        else:
            for _, instance in alternatives(owner):
                if isinstance(instance, Instance) and instance.is_module:
                    set_under(run, instance, one, value, node, "setattr")
        return NONE

    return run.each(name, of_name)


def _delattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    from paramlint.symbolic.attributes import delete_attribute

    owner, name = arguments.get(0), arguments.get(1)
    if owner is not None and isinstance(name, Constant) and isinstance(name.value, str):
        attribute = name.value
        run.each(owner, lambda o: delete_attribute(run, o, attribute, node))
    return NONE


def _hasattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    owner, name = arguments.get(0), arguments.get(1)
    if not isinstance(name, Constant) or not isinstance(name.value, str) or owner is None:
        return run.unknown_call("hasattr()")
    attribute = name.value

    def has(one: Value) -> Value:
        if isinstance(one, Instance):
            run.build(one)
            cell = one.attributes.get(attribute)
            if cell and run.guard.implies(one_of([guard for guard, _ in cell]) or ALWAYS):
                return TRUE
            if cell is None and one.known and one.cls is not None:
                if classes.member(run, one.cls, attribute) is not None:
                    return TRUE
                if one.items is None or not any(row.key == name for row in one.items.rows):
                    if not one.is_module or attribute in ("weight", "bias") or not _has_module_method(attribute):
                        return FALSE
        if isinstance(one, TensorValue):
            return TRUE if attribute in ("data", "grad", "shape", "device") else run.unknown_call("hasattr()")
        return Unknown(f"hasattr({text_of(one)}, {attribute!r})")

    return run.each(owner, has)


def _has_module_method(name: str) -> bool:
    from paramlint.symbolic.modules import METHODS

    return name in METHODS


def _isinstance(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value, kinds = arguments.get(0), arguments.get(1)
    if value is None or kinds is None:
        return run.unknown_call("isinstance()")
    wanted = _classes(kinds)
    return run.each(value, lambda one: _is_instance(run, one, wanted, kinds))


def _classes(value: Value) -> list[Value] | None:
    if isinstance(value, SequenceValue):
        plain = value.items.plain
        if plain is None:
            return None
        found = [_classes(one) for one in plain]
        return None if any(f is None for f in found) else [c for f in found for c in f or []]
    if isinstance(value, (ClassValue, External)):
        return [value]
    return None


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (float,), "str": (str,), "bool": (bool,), "tuple": (tuple,), "range": (range,),
    "bytes": (bytes,), "numbers.Number": (int, float), "collections.abc.Iterable": (str, tuple, range),
    "collections.Iterable": (str, tuple, range), "typing.Iterable": (str, tuple, range),
    "list": (), "dict": (), "set": (),
    "collections.abc.Sequence": (str, tuple, range), "typing.Sequence": (str, tuple, range),
    "numbers.Integral": (int,), "numbers.Real": (int, float),
}  # fmt: skip
_SEQUENCES = {
    "list": {"list"}, "tuple": {"tuple"}, "set": {"set"}, "collections.abc.Iterable": {"list", "tuple", "set", "range"},
    "collections.Iterable": {"list", "tuple", "set", "range"}, "typing.Iterable": {"list", "tuple", "set", "range"},
    "collections.abc.Sequence": {"list", "tuple"}, "typing.Sequence": {"list", "tuple"}, "typing.List": {"list"},
}  # fmt: skip


def _is_instance(run: Interpreter, value: Value, wanted: list[Value] | None, kinds: Value) -> Value:
    unknown = Unknown(f"isinstance({text_of(value)}, {_names(kinds)})", value.loop if isinstance(value, Unknown) else 0)
    if wanted is None:
        return unknown
    names = [one.name for one in wanted if isinstance(one, External)]
    if isinstance(value, Unknown) and value.annotation in ("int", "str") and value.default != NONE:
        said = {"int": 0, "str": ""}[value.annotation]
        if all(n in _TYPES for n in names) and len(names) == len(wanted):
            return TRUE if any(isinstance(said, _TYPES[n]) for n in names) else FALSE
    if isinstance(value, Instance):
        if value.cls is None:
            return unknown
        answers = [classes.is_subclass(run, value.cls, one) for one in wanted]
        return TRUE if True in answers else unknown if None in answers else FALSE
    if isinstance(value, TensorValue):
        if any(n in ("torch.Tensor", "torch.FloatTensor") for n in names):
            return TRUE
        if any(n in PARAMETER_CLASSES for n in names):
            return TRUE if value.role == "parameter" else unknown
        return (
            FALSE
            if all(n in _TYPES or n.startswith("torch.nn.") for n in names) and len(names) == len(wanted)
            else unknown
        )
    if isinstance(value, Constant):
        if "object" in names or any(isinstance(value.value, _TYPES.get(n, ())) for n in names):
            return TRUE
        return FALSE if all(map(_has_no_constants, names)) else unknown
    if isinstance(value, SequenceValue):
        if any(value.kind in _SEQUENCES.get(n, ()) for n in names):
            return TRUE
        return FALSE if all(n in _TYPES or n.startswith("torch.") for n in names) else unknown
    if isinstance(value, Dictionary):
        if any(n in ("dict", "collections.abc.Mapping", "typing.Dict", "collections.OrderedDict") for n in names):
            return TRUE
        return FALSE if all(n in _TYPES or n.startswith("torch.") for n in names) else unknown
    if isinstance(value, (Function, ClassValue, Partial)):
        own = "types.FunctionType" if isinstance(value, Function) else "type"
        if any(n == (own if not isinstance(value, Partial) else "functools.partial") or n in _CALLABLE for n in names):
            return TRUE
        return FALSE if all(map(_has_no_constants, names)) else unknown
    return unknown


_CALLABLE = frozenset({"object", "collections.abc.Callable", "typing.Callable"})


def _has_no_constants(name: str) -> bool:
    """Whether a class, by its name, has no numbers, texts, tuples or None among its instances, but those told above."""
    if name in _TYPES or "." not in name or name.startswith(("torch.", "functools.", "types.")):
        return True
    package, _, short = name.rpartition(".")
    is_abstract = package.startswith(("collections", "typing", "numbers", "abc")) or "abc" in package.split(".")[-1]
    return short[:1].isupper() and not is_abstract


def _names(kinds: Value) -> str:
    found = _classes(kinds)
    if found is None:
        return text_of(kinds)
    return " or ".join(one.name.rpartition(".")[2] for one in found if isinstance(one, (External, ClassValue)))


def _issubclass(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value, kinds = arguments.get(0), arguments.get(1)
    wanted = _classes(kinds) if kinds is not None else None
    if isinstance(value, (ClassValue, External)) and wanted is not None:
        answers = [classes.is_subclass(run, value, one) for one in wanted]
        if None not in answers:
            return TRUE if True in answers else FALSE
    return run.unknown_call("issubclass()")


def _type(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    value = arguments.get(0)
    if isinstance(value, Instance) and value.cls is not None and len(arguments.positional) == 1:
        return value.cls
    return Unknown(f"type({text_of(value) if value is not None else ''})")


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


def _super_setattr(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`object.__setattr__(self, name, value)`: past what Module does, so nothing is registered."""
    from paramlint.symbolic.registration import hide

    owner, name, value = arguments.get(0), arguments.get(1), arguments.get(2)
    if owner is not None and isinstance(name, Constant) and isinstance(name.value, str) and value is not None:
        attribute = name.value
        for guard, one in alternatives(owner):
            with run.under(guard) as is_possible:
                if is_possible and isinstance(one, Instance):
                    hide(run, one, attribute, value, node)
    return NONE


#: Methods of texts that may make long ones of short ones, or are told below.
_GROWING = frozenset({"format", "format_map", "encode", "zfill", "ljust", "rjust", "center", "expandtabs"})


def constant_method(run: Interpreter, owner: Constant, name: str, arguments: Arguments) -> Value:
    """A method of a string, number or tuple."""
    values = arguments.values()
    if all(isinstance(v, Constant) for v in values) and not arguments.unknown and not name.startswith("_"):
        method = getattr(owner.value, name, None)
        if callable(method) and name not in _GROWING:
            try:
                result = method(
                    *(v.value for v in arguments.positional if isinstance(v, Constant)),
                    **{k: v.value for k, v in arguments.keywords.items() if isinstance(v, Constant)},
                )
            except _REASONS:
                return run.unknown_call("?")
            if isinstance(result, list):
                return SequenceValue("list", Items([Item(ALWAYS, (), Constant(x)) for x in result[:256]]))
            if isinstance(result, (str, int, float, bool, tuple, type(None))) and len(str(result)) < MAX_CONSTANT:
                return Constant(result)
    if name == "format" and isinstance(owner.value, str):
        return texts.formatted(run, owner.value, arguments)
    if name == "join" and isinstance(owner.value, str) and values:
        return texts.together(run, owner.value, values[0])
    return Unknown(f"{owner!r}.{name}({_shown(arguments)})", _loop_of(arguments))


def _torch_identity(run: Interpreter, arguments: Arguments, node: Any) -> Value:
    """`torch.jit.script(module)` and the like: the same module, or one that works as it."""
    first = arguments.get(0)
    if isinstance(first, Instance):
        run.emit("wrapped", first, node, how="script")
    return first or run.unknown_call("script()")


_HANDLERS: dict[str, Handler] = {
    **iteration.HANDLERS,
    **yes_or_no.HANDLERS,
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
    "pow": _number(pow, "pow"),
    "dict": _dict,
    "collections.OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "typing.OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "typing.Dict": _dict,
    "OrderedDict": lambda run, arguments, node: _dict(run, arguments, node, ordered=True),
    "collections.defaultdict": _default_dict,
    "collections.namedtuple": named_tuples.make_class,
    "len": _len,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "hasattr": _hasattr,
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "type": _type,
    "object.__setattr__": _super_setattr,
    "functools.partial": _partial,
    "functools.lru_cache": lambda run, arguments, node: External("functools.wraps"),
    "copy.deepcopy": copying.deep_copy,
    "copy.copy": copying.shallow_copy,
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
