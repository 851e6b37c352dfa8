"""Who wrote to a tensor: the initialiser that was called, with what, from which line of the user's code.

The call stack is read while the operation runs. Its frames, innermost first, are torch's own; then perhaps an
initialiser (`trunc_normal_`, known by the field's trailing underscore and by its first argument, the tensor
written), perhaps called by further initialisers; then perhaps a torch module (`Linear.reset_parameters`);
then the user's line.
"""

from __future__ import annotations

import itertools
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from msgspec import Struct, field

Kind = Literal["constant", "random", "computed"]
Scalar = int | float | bool | str
#: Keras counts as torch, since its layers are torch's modules.
Author = Literal["user", "torch", "machinery", "paramlint"]

CONSTANT_OPS = frozenset(
    [
        "fill_",
        "zero_",
        "zeros",
        "ones",
        "full",
        "zeros_like",
        "ones_like",
        "full_like",
        "new_zeros",
        "new_ones",
        "new_full",
        "zero",
    ]
)
RANDOM_OPS = frozenset(
    [
        "normal_",
        "uniform_",
        "random_",
        "bernoulli_",
        "exponential_",
        "log_normal_",
        "cauchy_",
        "geometric_",
        "normal",
        "randn",
        "rand",
        "randint",
        "randn_like",
        "rand_like",
        "randint_like",
        "randperm",
        "bernoulli",
        "multinomial",
        "poisson",
        "native_dropout",
    ]
)
#: What gives a tensor the values of another one.
COPYING = frozenset(["clone", "_to_copy", "lift_fresh_copy", "contiguous", "copy", "copy_"])
#: What gives a tensor the values of several others.
JOINING = frozenset(["stack", "cat"])
#: What leaves a constant constant and a random value random.
PRESERVING_OPS = frozenset(
    [
        "mul_",
        "add_",
        "sub_",
        "div_",
        "mul",
        "add",
        "sub",
        "div",
        "neg",
        "neg_",
        "clamp",
        "clamp_",
        "clamp_min_",
        "clamp_max_",
        "erfinv_",
        "clone",
        "_to_copy",
        "copy_",
        "detach",
        "expand",
        "repeat",
        "reshape",
        "contiguous",
        "lift_fresh",
        "masked",
        "joined",
    ]
) | {"log", "log_", "exp", "exp_", "sqrt", "sqrt_", "rsqrt", "pow", "pow_", "reciprocal"}
OF_TORCH = "torch.nn.init"
#: Initialisers of other libraries that have a law of their own, whatever they call.
OF_LIBRARIES = ("timm.", "transformers.", "torchvision.")
WITH_LAWS = frozenset(["trunc_normal_", "trunc_normal_tf_", "variance_scaling_", "lecun_normal_"])
#: Those whose functions stand between the writer and its caller.
PASSING: frozenset[Author] = frozenset(["machinery", "paramlint"])
PLAIN = frozenset([bool, int, float, str])
FARTHEST_FRAME = 80
#: Functions that are remembered.
MOST_KNOWN = 100_000
#: Lines of one write; recursion may have many.
MOST_LINES = 16
TORCH = str(Path(torch.__file__).parent)
PACKAGE = str(Path(__file__).parents[2]) + os.sep  # all of paramlint, and not the rules beside it
STANDARD_LIBRARY = sysconfig.get_path("stdlib")

_serials = itertools.count(1)


class Step(Struct, frozen=True, gc=False):
    """One operation on the elements, with its scalar arguments by name.

    Attributes:
        later: whether it changed in place what an earlier call had written.
    """

    op: str
    arguments: dict[str, Scalar]
    later: bool = False


class Line(NamedTuple):
    """A line of the user's code that was running, in the function that is defined from row `start` of its file."""

    filename: str
    row: int
    function: str
    start: int

    def is_in_function_of(self, other: Line) -> bool:
        """Whether both lines are in one function."""
        return (self.filename, self.start, self.function) == (other.filename, other.start, other.function)


class Write(Struct, frozen=True):
    """One write to a tensor, or the call of an initialiser that made several.

    Attributes:
        call: the outermost initialiser, such as `kaiming_uniform_`; else the operation, such as `randn` or
            `mul`.
        arguments: its scalar arguments by name, defaults included.
        module: where the initialiser is defined, such as `torch.nn.init`; empty where an operation was
            called.
        lines: the user's line, the first one outside torch, and those that led to it, the nearest first; none where all
            of it is torch.
        library_call: the torch module's method between initialiser and line, such as `Linear.reset_parameters`; else
            empty.
        owner: the class of the innermost module whose method was running; else empty.
        steps: the operations that made the values, earliest first.
        origin: the same for a value and its copies, different for any two draws.
        frame: equal for operations inside one call of an initialiser.
        drawn_by: the initialiser with a known law that another one called, and its scalar arguments.
        by_constructor: whether a layer of torch drew it for itself, while it was made.
    """

    call: str
    arguments: dict[str, Scalar]
    module: str
    lines: tuple[Line, ...]
    library_call: str
    owner: str
    steps: tuple[Step, ...]
    origin: tuple[Any, ...] = field(default_factory=lambda: (next(_serials),))
    frame: int = 0
    drawn_by: tuple[str, dict[str, Scalar]] | None = None
    by_constructor: bool = False

    @property
    def filename(self) -> str:
        """The file of the user's line; empty where there is none."""
        return self.lines[0].filename if self.lines else ""

    @property
    def row(self) -> int:
        """The row of the user's line, counting from 1; 0 where there is none."""
        return self.lines[0].row if self.lines else 0

    @property
    def kind(self) -> Kind:
        """Whether the values are one constant, random numbers, or the result of a computation."""
        ops = {step.op for step in self.steps}
        is_plain = ops <= CONSTANT_OPS | RANDOM_OPS | PRESERVING_OPS
        if ops & RANDOM_OPS and (is_plain or self.module):  # an initialiser may sample by rejection
            return "random"
        return "constant" if is_plain and self.steps and self.steps[0].op in CONSTANT_OPS else "computed"

    @property
    def is_copy(self) -> bool:
        """Whether the values were first in another tensor."""
        return any(step.op in COPYING for step in self.steps)

    @property
    def by_user(self) -> bool:
        """Whether the user's code asked for the values, rather than a torch module's own initialisation."""
        return bool(self.filename) and not self.library_call

    def same_call(self, other: Write) -> bool:
        """Whether both come from one call of an initialiser, as far as a stack can tell."""
        if not self.frame or self.frame != other.frame:
            return False
        return (self.call, self.lines) == (other.call, other.lines)

    def describe(self) -> str:
        """The call as one would write it: `normal_(mean=0.0, std=0.02)`."""
        arguments = ", ".join(f"{name}={_short(value)}" for name, value in self.arguments.items())
        return f"{self.call}({arguments})"


def observe(op: str, arguments: dict[str, Scalar], storage: int) -> Write:
    """The write that is happening now, by operation `op`, to the storage whose address is `storage`."""
    initialiser: FrameType | None = None
    torchs: FrameType | None = None
    helper: FrameType | None = None
    library_call = owner = ""
    by_constructor = False
    user: FrameType | None = None
    outer: FrameType | None = sys._getframe(1)
    for _ in range(FARTHEST_FRAME):
        if outer is None:
            break
        frame, outer = outer, outer.f_back
        code = frame.f_code
        known = _KNOWN.get(id(code)) or _know(code)
        who, is_filling = known.author, known.is_filling
        if who in PASSING and not is_filling:
            continue
        first: object = None
        # All locals are brought together for it, so it is asked for once, and only where it may matter.
        if known.first and (
            is_filling or who == "user" or (known.is_method and (known.is_constructor or not library_call))
        ):
            first = frame.f_locals.get(known.first)
            if (is_filling or who == "user") and isinstance(first, torch.Tensor) and _address(first) == storage:
                if known.is_public_filling:
                    initialiser, helper = frame, None
                    if _is_known(frame):
                        torchs = frame
                    continue
                if who == "user":  # an initialiser's own helper, or else the user's line
                    helper = helper or frame
                    continue
        if who in PASSING:
            continue
        if helper is not None:
            break
        is_method = known.is_method and isinstance(first, torch.nn.Module)
        module = type(first).__name__ if is_method else ""
        if module and not owner:
            owner = module
        if who == "user":
            user = frame
            break
        if module and not library_call and code.co_name != "_apply":
            library_call = f"{module}.{code.co_name}"
        by_constructor = by_constructor or (bool(module) and known.is_constructor)
    user = helper or user
    given = _arguments(initialiser) if initialiser else arguments
    return Write(
        call=initialiser.f_code.co_name if initialiser else op,
        arguments=given,
        module=initialiser.f_globals.get("__name__", "") if initialiser else "",
        lines=lines_from(user) if user else (),
        library_call=library_call,
        owner=owner,
        steps=(Step(op, arguments),),
        frame=id(torchs or initialiser) if initialiser else 0,
        drawn_by=(torchs.f_code.co_name, _arguments(torchs)) if torchs and torchs is not initialiser else None,
        by_constructor=by_constructor,
    )


def _is_known(frame: FrameType) -> bool:
    """Whether the law of what an initialiser draws is known from its name and arguments."""
    module = str(frame.f_globals.get("__name__"))
    return module == OF_TORCH or (module.startswith(OF_LIBRARIES) and frame.f_code.co_name in WITH_LAWS)


def lines_from(user: FrameType) -> tuple[Line, ...]:
    """The lines of the user's code from a frame outwards, up to where this package runs it."""
    frame: FrameType | None = user
    found: list[Line] = []
    while frame is not None and len(found) < MOST_LINES:
        code = frame.f_code
        known = _KNOWN.get(id(code)) or _know(code)
        who = known.author
        if who == "user":
            found.append(known.lines.get(frame.f_lasti) or known.line_at(frame))
        elif who == "paramlint":
            break
        frame = frame.f_back
    return tuple(found)


class _Known:
    """What never changes about a function, kept since a large model asks for it a hundred thousand times.

    Attributes:
        first: the name of its first argument; empty where it has none.
        is_method: whether its first argument is named as that of methods is; `is_constructor` that it is `__init__`.
        is_filling: whether it is named as one that fills its first argument, and `is_public_filling` that it is no
            helper of such a one.
        lines: those of its lines that were asked for, by instruction.
    """

    __slots__ = (
        "author",
        "code",
        "first",
        "is_constructor",
        "is_filling",
        "is_method",
        "is_public_filling",
        "lines",
    )

    def __init__(self, code: CodeType) -> None:
        self.code = code  # held, so that no other gets its identity: asking for its hash would read all of it
        self.author = _author(code.co_filename)
        self.first = code.co_varnames[0] if code.co_argcount else ""
        self.is_method = self.first == "self"
        self.is_constructor = self.is_method and code.co_name == "__init__"
        self.is_filling = code.co_name.endswith("_") and not code.co_name.startswith("__")
        self.is_public_filling = self.is_filling and not code.co_name.startswith("_")
        self.lines: dict[int, Line] = {}

    def line_at(self, frame: FrameType) -> Line:
        """The line that a frame of it is at."""
        line = Line(self.code.co_filename, frame.f_lineno, self.code.co_name, self.code.co_firstlineno)
        self.lines[frame.f_lasti] = line
        return line


_KNOWN: dict[int, _Known] = {}


def _know(code: CodeType) -> _Known:
    if len(_KNOWN) >= MOST_KNOWN:  # code that is made anew all the time, in a run that is watched for days
        _KNOWN.clear()
    known = _KNOWN[id(code)] = _Known(code)
    return known


def _address(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError, ValueError):
        return 0


@cache
def _author(filename: str) -> Author:
    """Whose code a file is; `machinery` only passes calls on: Python's library, generated code, torch's dispatch."""
    if filename.startswith(PACKAGE):
        return "paramlint"
    if is_kerass(filename):
        return "torch"
    if is_torchs(filename):
        inside = filename[len(TORCH) + 1 :]
        return "torch" if inside.startswith(("nn/modules/", "nn/utils/", "optim/", "ao/")) else "machinery"
    is_library = filename.startswith(STANDARD_LIBRARY) and "-packages" not in filename
    return "machinery" if is_library or filename.startswith(("<frozen", "<string>")) else "user"


def _arguments(frame: FrameType) -> dict[str, Scalar]:
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    values = frame.f_locals
    return {name: plain for name in names if (plain := scalar(values.get(name))) is not None}


def scalar(value: object) -> Scalar | None:
    """A number or text as Python's own, whatever subclass it is of, such as numpy's; None for anything else."""
    if type(value) in PLAIN:
        return value  # type: ignore[return-value]
    if value is None:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return None


def is_users(filename: str) -> bool:
    """Whether a file is neither torch's nor Python's nor paramlint's own."""
    return _author(filename) == "user"


def is_torchs(filename: str) -> bool:
    """Whether a file is torch's own, and not of a package whose name begins like it."""
    return filename.startswith(TORCH + os.sep)


def is_kerass(filename: str) -> bool:
    """Whether a file is of the Keras that is imported, if one is."""
    places = getattr(sys.modules.get("keras"), "__path__", ())
    return any(filename.startswith(os.path.join(place, "")) for place in places)


def _short(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def apart(first: Write, second: Write) -> tuple[Line, Line] | None:
    """The lines of one function, the later one below, at which the ways to two writes part and go on alike."""
    ways = zip(reversed(first.lines), reversed(second.lines), strict=False)
    depth, lines = next(((i, pair) for i, pair in enumerate(ways) if pair[0] != pair[1]), (0, None))
    if lines is None or not lines[0].is_in_function_of(lines[1]) or lines[0].row >= lines[1].row:
        return None
    inner, other = (write.lines[: len(write.lines) - depth - 1] for write in (first, second))
    return lines if inner == other else None
