"""Tensors: making, reading and writing them. torch itself is not interpreted, `knowledge` says what its names do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramlint.knowledge import EMPTY_FACTORIES, INIT_FUNCTIONS, LEGACY_CONSTRUCTORS, TENSOR_FACTORIES
from paramlint.knowledge.ranks import parameter_rank
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.frames import Frame
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.tensor_sizes import arange_shape, is_data_given, shape_of
from paramlint.symbolic.values import (
    NONE,
    TRUE,
    Arguments,
    Choice,
    Constant,
    Instance,
    Item,
    Items,
    Native,
    SequenceValue,
    Shape,
    Storage,
    TensorValue,
    Unknown,
    Value,
    text_of,
)
from paramlint.symbolic.values.inputs import BINARY, clears_gradient, inputs_of, tensors_in

_VIEWS = frozenset(
    {"view", "reshape", "transpose", "permute", "t", "squeeze", "unsqueeze", "expand", "expand_as", "narrow", "select",
     "flatten", "unflatten", "chunk", "split", "view_as", "swapaxes", "movedim", "diagonal", "unbind", "as_strided"}
)  # fmt: skip
_VIEW_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "real", "imag"})
_MOVES = frozenset(
    {"to", "cuda", "cpu", "float", "half", "double", "bfloat16", "type", "type_as", "contiguous", "xpu", "npu"}
)
_PLAIN = frozenset({"shape", "device", "dtype", "ndim", "is_leaf", "is_cuda", "layout", "itemsize", "nbytes", "names"})
#: What gives masks, and tensors of indices with at least one dimension.
_OF_INDICES = frozenset({"<", "<=", "==", "!=", ">=", ">", "torch.randperm", "torch.nonzero", "torch.where"})
_TAKES_SIZES = frozenset({"torch.empty", "torch.zeros", "torch.ones", "torch.rand", "torch.randn", "torch.full"})
_RANDOM = frozenset({"rand", "randn", "rand_like", "randn_like", "normal", "randint", "randperm", "bernoulli"})
_INPLACE_LAWS = frozenset(
    {"normal_", "uniform_", "zero_", "fill_", "xavier_uniform_", "log_normal_", "exponential_", "cauchy_", "geometric_",
     "bernoulli_", "random_", "trunc_normal_"}
)  # fmt: skip
#: Fields of what a module returns, where it is no tensor but an object with several.
_FIELDS = frozenset({"loss", "logits", "sample", "prev_sample", "embeddings", "features", "predictions", "scores"})
_FIELD_ENDS = ("_loss", "_logits", "_state", "_states", "_output", "_outputs", "_embeds", "_preds")


# Making


def is_factory(name: str) -> bool:
    """Whether a function of torch makes a tensor from sizes, numbers or like another."""
    return name in TENSOR_FACTORIES or name in EMPTY_FACTORIES or name in _TAKES_SIZES


def make(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value:
    """A tensor from a factory of torch."""
    short = name.rpartition(".")[2]
    values = arguments.positional
    given = arguments.get(0, "data")
    if short in ("as_tensor", "asarray") and isinstance(given, TensorValue):
        if len(arguments.values()) == 1:
            return given
        run.emit("escaped", given, node)  # that tensor itself, or a copy in another type
        given.escaped = True
        same = run.derived(node, [given], factory=name)
        same.shape = given.shape
        return same
    first = arguments.get(0, "size")
    # Of several arguments each is a size; one alone may be data.
    is_one = len(values) < 2 and "size" not in arguments.keywords
    may_be_data = name in LEGACY_CONSTRUCTORS and is_one and is_data_given(run, first)
    empty = name in EMPTY_FACTORIES and not may_be_data
    shape: Shape | None = None
    if short.endswith("_like"):
        like = arguments.get(0, "input")
        shape = like.shape if isinstance(like, TensorValue) else None
    elif name in _TAKES_SIZES or name in EMPTY_FACTORIES or short in ("ones", "zeros"):
        sizes = values[:1] if short == "full" else values
        shape = shape_of(run, [first] if first is not None and not sizes else sizes, arguments)
    elif short == "arange":
        shape = arange_shape(arguments)
    elif short in ("linspace", "logspace"):
        steps = arguments.get(2, "steps")
        shape = (steps,) if steps is not None else None
    elif short == "eye":
        rows, columns = arguments.get(0, "n"), arguments.get(1, "m")
        shape = (rows, columns if columns is not None else rows) if rows is not None else None
    elif short in ("tensor", "as_tensor", "from_numpy") and isinstance(first := arguments.get(0, "data"), Constant):
        shape = () if isinstance(first.value, (int, float, bool)) else None
    elif isinstance(given := arguments.get(0, "data"), SequenceValue) and short == "tensor":
        plain = given.items.plain
        shape = (Constant(len(plain)),) if plain is not None and all(isinstance(v, Constant) for v in plain) else None
    tensor = run.new_tensor(node, filled=not empty, factory=name, shape=shape)
    tensor.requires_grad = arguments.keywords.get("requires_grad")
    tensor.dtype = arguments.keywords.get("dtype")
    tensor.sources = tuple(tensors_in(arguments.values())) if not empty else ()
    displayed = isinstance(arguments.get(0, "data"), (SequenceValue, Constant))
    event = run.emit("allocated", tensor, node, law=short, arguments=arguments, empty=empty, displayed=displayed)
    tensor.storage.allocated = event
    return tensor


# Reading


#: Functions whose result has its values in `data`, with their history.
_PACKING = frozenset({"pack_padded_sequence", "pack_sequence", "PackedSequence"})


def attribute(run: Interpreter, tensor: TensorValue, name: str, node: Any) -> Value:
    """`tensor.name`."""
    if name == "data" and tensor.factory.rpartition(".")[2] in _PACKING:
        return run.derived(node, [tensor])
    if name == "data":
        run.emit("read", tensor, node, how="data")
        return run.view(tensor, "data", node, tensor.shape)
    if name in _VIEW_ATTRIBUTES:
        return run.view(tensor, "transposed", node)
    if name == "grad":
        if tensor.grad is None:
            tensor.grad = run.new_tensor(node, filled=True, role="gradient")
            tensor.grad.base, tensor.grad.text = tensor, f"{tensor!r}.grad"
        return tensor.grad
    if name == "requires_grad":
        return tensor.requires_grad or Unknown(f"{tensor!r}.requires_grad")
    if name == "shape" and tensor.shape is not None:
        return SequenceValue("tuple", Items([Item(ALWAYS, (), size) for size in tensor.shape]), **run.made(node))
    if name == "ndim" and tensor.shape is not None:
        return Constant(len(tensor.shape))
    if name in _PLAIN:
        return Unknown(f"{tensor!r}.{name}")
    if tensor.factory == "call" and (name in _FIELDS or name.endswith(_FIELD_ENDS)):
        view = run.view(tensor, "index", node)
        view.part = Constant(name)
        return view
    if name in ("weight", "bias") and tensor.role == "parameter":
        tensor.escaped = True  # this raises, and says that the tensor is meant to be written here
    return Native(tensor, name)


def indexed(run: Interpreter, tensor: TensorValue, index: Value, node: Any) -> TensorValue:
    """`tensor[index]`: a view of some of it."""
    view = run.view(tensor, "index", node)
    view.sources = (tensor, *([index] if isinstance(index, TensorValue) else []))
    view.part = index if isinstance(index, Constant) or _none(run, index) else None
    view.is_gathered = _gathers(index)
    if isinstance(index, Constant) and isinstance(index.value, int) and not isinstance(index.value, bool):
        view.shape = tensor.item_shape
    return view


def _gathers(index: Value) -> bool:
    """Whether indexing with a value copies: with a list, a mask or a tensor of indices, alone or among others."""
    if isinstance(index, TensorValue):
        return bool(index.shape) or index.factory in _OF_INDICES
    rows = index.items.rows if isinstance(index, SequenceValue) else []
    if isinstance(index, SequenceValue) and index.kind == "list":
        return bool(rows) and not any(_is_slice(row.value) for row in rows)  # else torch takes it for a tuple
    return any(_gathers(row.value) for row in rows if isinstance(row.value, (SequenceValue, TensorValue)))


def _is_slice(index: Value) -> bool:
    is_number = isinstance(index, Constant) and isinstance(index.value, int)
    return not is_number and (isinstance(index, Constant) or text_of(index).startswith("slice("))


def arithmetic(run: Interpreter, sign: str, left: Value, right: Value, node: Any) -> TensorValue:
    """The result of an operation on tensors, not in place."""
    made = run.derived(node, [left, right], factory=sign)
    shapes = [v.shape for v in (left, right) if isinstance(v, TensorValue)]
    if sign != "@" and shapes and all(s is not None for s in shapes):
        known = max((s for s in shapes if s is not None), key=len)
        made.shape = known if len(shapes) == 1 or shapes[0] == shapes[1] else None
    for value in (left, right):
        if isinstance(value, TensorValue):
            run.emit("read", value, node, how="operation")
            other = right if value is left else left
            if isinstance(other, Constant) and _is_empty(value) and not value.view:
                made.storage.filled, made.storage.allocated = False, value.storage.allocated
    return made


def _is_empty(tensor: TensorValue) -> bool:
    """Whether nothing was written to its memory until now: what is computed from it is garbage too."""
    return not (tensor.storage.filled or tensor.storage.writes or tensor.storage.rebound or tensor.escaped)


# Writing


def written(
    run: Interpreter, tensor: TensorValue, law: str, arguments: Arguments | None, node: Any, **data: Any
) -> None:
    """Note that values are written to a tensor's memory."""
    part = None
    base: TensorValue | None = tensor
    through = ""
    while base is not None and base.view:
        if base.view in ("data", "detach"):
            through = base.view
        elif base.view == "index":
            part = part if _is_whole(base.part) else "part"
            data["none"] = data.get("none") or (base.part is not None and _none(run, base.part))
            if not isinstance(base.part, Constant):
                data["picked"] = True  # an index that may be a tensor, a list or a mask gives a copy
            if base.is_gathered:
                data["gathered"] = base.made
        base = base.base
    event = run.emit(
        "written", base or tensor, node, law=law, arguments=arguments, part=data.pop("part", None) or part,
        through=through, tensor=tensor, initializer_frame=_initializer_frame(run, tensor), **data,
    )  # fmt: skip
    tensor.storage.writes.append(event)


def _is_whole(index: Value | None) -> bool:
    """Whether an index gives all of a tensor: `...`, `:`, and None, which only adds a dimension."""
    return isinstance(index, Constant) and (index.value is ... or index.value is None or repr(index.value) == ":")


def _initializer_frame(run: Interpreter, tensor: TensorValue) -> Frame | None:
    """The outermost of the initialisers of the project, `def trunc_normal_(tensor, ...)`, that hand a tensor on.

    Like `verify`, it looks outwards from where the tensor is written, through initialisers and helpers of theirs,
    `def _trunc_normal_(tensor, ...)`, up to the first other function: that one is who calls an initialiser.
    """
    found: Frame | None = None
    for frame in reversed(run.frames):
        if frame.place.file.is_stub:
            continue
        is_function = frame.arguments is not None and frame.node.__class__.__name__ == "FunctionDef"
        name = frame.node.name.value if is_function else ""
        if not name.endswith("_") or name.startswith("__"):
            break
        assert frame.arguments is not None
        first = frame.arguments.get(0) or next(iter(frame.arguments.keywords.values()), None)
        if not isinstance(first, TensorValue) or first.storage is not tensor.storage:
            break
        if not name.startswith("_"):
            found = frame
    return found


def changed_in_place(run: Interpreter, tensor: TensorValue, how: str, given: Sequence[Value], node: Any) -> None:
    """`tensor += x`, `tensor.mul_(x)`: its old values are read, new ones written."""
    for value in given:
        if isinstance(value, TensorValue):
            run.emit("read", value, node, how="operation", function=how)
    written(run, tensor, how, Arguments(list(given)), node, reads=True)


def set_item(run: Interpreter, tensor: TensorValue, index: Value, value: Value, node: Any) -> None:
    """`tensor[index] = value`."""
    law = "constant" if isinstance(value, Constant) else "computed"
    part = None if _is_whole(index) else text_of(index)
    written(run, tensor, law, Arguments([value]), node, part=part, none=_none(run, index))


def _none(run: Interpreter, index: Value) -> str:
    """Whether an index is None: `given`, or `possible`, for an argument whose default it is; empty where it is not."""
    if index == NONE:
        return "given"
    if not isinstance(index, Unknown) or index.default != NONE:
        return ""
    return "possible" if run.equality(index, [None], same=True)[0] is not None else ""


def set_tensor_attribute(run: Interpreter, tensor: TensorValue, name: str, value: Value, node: Any) -> None:
    """`tensor.data = x`, `tensor.requires_grad = x`, `tensor.grad = x`."""
    if name == "data":
        event = run.emit("rebound", tensor, node, value=value)
        tensor.storage.rebound.append(event)
        for _, one in value.options if isinstance(value, Choice) else ((ALWAYS, value),):
            if isinstance(one, TensorValue) and not run.guard.minus(tensor.guard):
                tensor.storage, tensor.shape = one.storage, one.shape
                tensor.base, tensor.sources = one, (one,)
            else:
                tensor.storage.filled = True
                tensor.shape = None
    elif name == "requires_grad":
        run.emit("flagged", tensor, node, value=value)
        tensor.requires_grad = flag_after(run, tensor, value)
    elif name == "grad":
        if value != NONE:
            run.emit("bound", tensor, node, name=name, value=value)
        if clears_gradient(value):
            run.emit("cleared", tensor, node, name=name, value=value)
    else:
        run.emit("bound", tensor, node, name=name, value=value)


def flag_after(run: Interpreter, tensor: TensorValue, value: Value) -> Value:
    """The flag that a tensor has after it was set under the guard of now."""
    guard = run.guard.minus(tensor.guard)
    if not guard or tensor.requires_grad == value:
        return value
    return run.choice([(guard, value), (guard.negated() or ALWAYS, tensor.requires_grad or TRUE)]) or value


def initialize(run: Interpreter, name: str, arguments: Arguments, node: Any) -> Value:
    """`nn.init.name(tensor, ...)`."""
    target = arguments.get(0, "tensor")
    if target is None:
        return NONE
    rest = Arguments(arguments.positional[1:], {k: v for k, v in arguments.keywords.items() if k != "tensor"})

    from paramlint.symbolic.library.missing_attributes import note_missing

    def write(value: Value) -> Value:
        if isinstance(value, TensorValue):
            written(run, value, name, rest, node, initializer=True)
        elif isinstance(value, Instance):
            run.emit("raised", value, node, cause="init of a module", law=name, initializer=True)
        elif isinstance(value, Unknown):
            if not note_missing(run, value, name, node, initializer=True):
                written(run, as_tensor(run, value, node), name, rest, node, initializer=True)
        else:
            note_missing(run, value, name, node, initializer=True)
        return value

    return run.each(target, write)


def tensor_method(run: Interpreter, tensor: TensorValue, name: str, arguments: Arguments, node: Any) -> Value:
    """A method of a tensor."""
    values = tensors_in(arguments.values())
    if name == "requires_grad_":
        flag = arguments.get(0, "requires_grad") or TRUE
        run.emit("flagged", tensor, node, value=flag)
        tensor.requires_grad = flag_after(run, tensor, flag)
        return tensor
    if name in ("detach_", "retain_grad", "share_memory_", "register_hook", "pin_memory"):
        return tensor
    if name == "backward":
        run.emit("backward", tensor, node)
        return NONE
    if name.endswith("_") and not name.endswith("__"):
        if name in ("zero_", "fill_", "copy_") or name in _INPLACE_LAWS or name in INIT_FUNCTIONS:
            law = "copied" if name == "copy_" else name
            if tensor.role == "gradient":
                run.emit("cleared", tensor.base, node, how=name)
            written(run, tensor, law, arguments, node, sources=values)
        else:
            changed_in_place(run, tensor, name, arguments.values(), node)
        return tensor
    if name in _VIEWS:
        is_expanded = name.startswith("expand") and not _keeps_sizes(arguments)
        return run.view(tensor, "expand" if is_expanded else "view", node, _viewed(run, tensor, name, arguments))
    if name == "detach":
        run.emit("read", tensor, node, how="detach")
        return run.view(tensor, "detach", node, tensor.shape)
    if name in ("size", "dim", "numel", "stride", "item", "tolist", "element_size", "data_ptr", "is_floating_point"):
        return _number(run, tensor, name, arguments, node)
    if name.startswith("new_"):
        return make(run, f"torch.{name.removeprefix('new_')}", arguments, node)
    how = "moved" if name in _MOVES else name
    for value in (tensor, *values):
        run.emit("read", value, node, how=how if value is tensor else "argument", function=name)
    more = inputs_of(arguments, name) if name in BINARY else values
    made = run.derived(node, [tensor, *more], factory=name)
    if name in _MOVES or name in ("clone", "abs", "exp", "log", "clamp", "neg", "sqrt", "tanh", "sigmoid"):
        made.shape = tensor.shape
    if name == "numpy":
        made.view, made.base = "detach", tensor
    return made


def _viewed(run: Interpreter, tensor: TensorValue, name: str, arguments: Arguments) -> Shape | None:
    if name in ("view", "reshape"):
        shape = shape_of(run, arguments.positional, arguments)
        return shape if shape is not None and Constant(-1) not in shape else None
    if name == "unsqueeze" and tensor.shape is not None:
        at = arguments.get(0, "dim")
        if isinstance(at, Constant) and isinstance(at.value, int):
            place = at.value if at.value >= 0 else len(tensor.shape) + 1 + at.value
            return (*tensor.shape[:place], Constant(1), *tensor.shape[place:])
    if name == "expand":
        return _expanded(tensor.shape, shape_of(run, arguments.positional, arguments))
    if name in ("transpose", "swapaxes", "t") and tensor.shape is not None:
        if len(tensor.shape) == 2:
            return (tensor.shape[1], tensor.shape[0])
    return None


def _expanded(before: Shape | None, asked: Shape | None) -> Shape | None:
    """The sizes that are asked for; `-1` keeps the one that stands there, counted from the end."""
    if asked is None or Constant(-1) not in asked:
        return asked
    if before is None or len(before) > len(asked):
        return None
    kept = (*([None] * (len(asked) - len(before))), *before)
    sizes = tuple(old if new == Constant(-1) else new for old, new in zip(kept, asked, strict=True))
    return tuple(size for size in sizes if size is not None) if None not in sizes else None


def _keeps_sizes(arguments: Arguments) -> bool:
    """Whether `expand(-1, 1)` is asked for no size but those that are there, or for one more of a single element."""
    sizes = arguments.values()
    return bool(sizes) and all(size in (Constant(-1), Constant(1)) for size in sizes)


def _number(run: Interpreter, tensor: TensorValue, name: str, arguments: Arguments, node: Any) -> Value:
    if name == "dim" and tensor.shape is not None:
        return Constant(len(tensor.shape))
    if name == "size" and tensor.shape is not None:
        at = arguments.get(0, "dim")
        if at is None:
            return attribute(run, tensor, "shape", node)
        if (
            isinstance(at, Constant)
            and isinstance(at.value, int)
            and -len(tensor.shape) <= at.value < len(tensor.shape)
        ):
            return tensor.shape[at.value]
    if name in ("item", "tolist"):
        run.emit("read", tensor, node, how="number")
    return Unknown(f"{tensor!r}.{name}()#{tensor.number}")


def is_random(factory: str) -> bool:
    """Whether a factory draws its values."""
    return factory.rpartition(".")[2] in _RANDOM


def as_tensor(run: Interpreter, value: Unknown, node: Any, *, is_parameter: bool = False) -> TensorValue:
    """The tensor that something unknown must be: one for each text, and for each class that its owner may be by the
    conditions of now; a parameter by its name, or where that is known."""
    from paramlint.symbolic.external.instance_tests import classes_asked

    inner = as_tensor(run, value.owner, node) if value.owner is not None and value.name == "data" else None
    of_classes = classes_asked(run, value.owner) if value.name not in ("data", "grad") else ()
    key = ("tensor", value, inner or of_classes)
    known = run.memo.get(key)
    if known is None:
        if inner is not None:
            known = run.view(inner, "data", node, inner.shape)
            known.of_classes = inner.of_classes
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
