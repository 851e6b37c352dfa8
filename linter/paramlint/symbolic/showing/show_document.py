"""What `paramlint show` says of a model, as JSON and as the source of every other form.

Texts in it are Python expressions of the code that was read, over its arguments: `3 * dim`, `cfg.std`; a text in the
code itself keeps its quotes. What cannot be told is null, or a row of `unknown`, and never left out.
"""

from __future__ import annotations

import msgspec

Scalar = bool | int | float | str


class Init(msgspec.Struct, frozen=True, kw_only=True):
    """The last call that gave a tensor all of its values.

    Attributes:
        call: the outermost initialiser, `trunc_normal_`, or the factory, `torch.zeros`.
        arguments: those that the call is given, sizes aside, by name: numbers, or texts.
        filename, row: where the code says it; for what a layer of torch does by itself, where the layer is made.
    """

    call: str
    arguments: dict[str, Scalar]
    filename: str
    row: int


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, or several that are alike.

    Attributes:
        name: dotted. `{depth}` stands for one component of it, or for a part of one, whose values are not told apart:
            `{8}` for the numbers from 0 to 7, `{2-5}` and `{0,2}` for these.
        certain: whether it exists whatever the arguments are, as long as the code does not raise.
        condition: under which it exists; null where there is none, or only that a loop has a round.
        count: how many it stands for; null where that is not known.
        shape: integers and texts; null where the number of sizes is not known.
        dtype: `float16`; null where the code does not say it.
        init: null where nothing gave it values, they were computed, were changed in part, or cannot be told.
        tied_with: other names of the very same tensor, wherever this one exists; its own name too where it stands for
            several names of one tensor.
        requires_grad: null where it cannot be told.
        filename, row: where it is made.
    """

    name: str
    certain: bool
    condition: str | None
    count: int | None
    shape: tuple[int | str, ...] | None
    dtype: str | None
    init: Init | None
    tied_with: tuple[str, ...]
    requires_grad: bool | None
    filename: str
    row: int


class Buffer(Parameter, frozen=True, kw_only=True):
    """A buffer, or several that are alike.

    Attributes:
        persistent: whether the state dict has it; null where that cannot be told.
    """

    persistent: bool | None


class UnknownPart(msgspec.Struct, frozen=True, kw_only=True):
    """Something of which it is not known what it holds.

    Attributes:
        name: a pattern as above, in which `**` stands for any rest; a bare `**` says that there may be more anywhere.
        why: what it is that is not known.
        filename, row: where it is made.
    """

    name: str
    why: str
    filename: str
    row: int


class ShownClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class, or what a function returns.

    Attributes:
        name: of the class or function.
        filename, row: where it is defined.
        steps: that reading it took; a class that takes too many is cut short, which `unknown` says.
    """

    name: str
    filename: str
    row: int
    parameters: tuple[Parameter, ...]
    buffers: tuple[Buffer, ...]
    unknown: tuple[UnknownPart, ...]
    steps: int


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The document of one target."""

    target: str
    classes: tuple[ShownClass, ...]
