"""Why a checkpoint does not fit a model, in words: one line for each cause, with its cure where there is one."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.source.checkpoints.header import Checkpoint, StateDict
from paramlint.symbolic.showing.matching.comparison import Comparison
from paramlint.symbolic.showing.matching.expected import Expected
from paramlint.symbolic.showing.matching.match_document import OtherShape, Prefix, Renamed
from paramlint.symbolic.showing.matching.prefixes import ADAPTER, WRAPPERS
from paramlint.symbolic.showing.repeated_blocks import fold

_SHOWN = 4


def causes(
    checkpoint: Checkpoint,
    expected: Expected,
    state: StateDict,
    raw: Comparison,
    cured: Comparison,
    prefix: Prefix | None,
    renamed: tuple[Renamed, ...],
) -> Iterator[str]:
    """The causes, the largest first.

    Args:
        checkpoint, expected: what is compared.
        state: of the checkpoint, as it is.
        raw, cured: what loading says of it as it is, and without the prefix.
        prefix, renamed: as they were found.
    """
    if checkpoint.is_optimizer:
        yield "the file is what an optimizer saves, not a model: save `model.state_dict()` beside it"
        return
    if state.tensors and all(ADAPTER in name for name in state.tensors):
        yield "the file has adapters only: `PeftModel.from_pretrained(model, folder)` puts them onto a model"
    if prefix is not None:
        yield _of_prefix(prefix, state)
    for one in renamed:
        what = "is called" if one.old.rpartition(".")[2] else "is"
        yield f"`{one.old}` of the file {what} `{one.new}` in the model, with the same shapes in the same order"
    yield from _of_norms(renamed)
    yield from _of_shapes(cured.shape)
    yield from _of_counts(expected, cured, renamed)
    yield from _of_ties(cured)
    yield from _of_buffers(expected, cured)


def _of_prefix(prefix: Prefix, state: StateDict) -> str:
    if not any(prefix.found.split(".")[0] in name.split(".") for name in state.tensors):
        return f"the names of the model begin with `{prefix.found}`, and those of the file do not"
    who = [said for wrapper, said in WRAPPERS.items() if f".{wrapper}" in f".{prefix.found}"]
    exact = WRAPPERS.get(prefix.found)
    return f"the names of the file have `{prefix.found}` in them" + (f", from {exact or who[0]}" if who else "")


def _of_norms(renamed: tuple[Renamed, ...]) -> Iterator[str]:
    is_new = any(".original" in f".{one.old}" and "parametrizations." in one.old for one in renamed)
    is_old = any(".original" in f".{one.new}" and "parametrizations." in one.new for one in renamed)
    if is_new or is_old:
        which = "`torch.nn.utils.parametrizations`" if is_new else "the older `torch.nn.utils.weight_norm` and its like"
        yield f"the file was written with {which}, the model has the other: they name the same tensors differently"


def _of_shapes(shapes: list[OtherShape]) -> Iterator[str]:
    if not shapes:
        return
    first_only = [one for one in shapes if one.checkpoint[1:] == one.model[1:] and one.checkpoint and one.model]
    modules = list(dict.fromkeys(one.name.rpartition(".")[0] for one in shapes))
    if len(first_only) == len(shapes) and len(modules) == 1:
        one = shapes[0]
        what = "classes" if len(one.checkpoint) in (1, 2) and len({s.name for s in shapes}) > 1 else "rows"
        yield f"`{modules[0] or one.name}` has {one.checkpoint[0]} {what} in the file, and {one.model[0]} in the model"
        return
    changes: dict[tuple[int, int | str], int] = {}
    for one in shapes:
        for ours, theirs in zip(one.checkpoint, one.model, strict=False):
            if ours != theirs:
                changes[ours, theirs] = changes.get((ours, theirs), 0) + 1
    if changes:
        (ours, theirs), _ = max(changes.items(), key=lambda item: item[1])
        yield f"another width: {ours} in the file, and {theirs} in the model, in {_names([one.name for one in shapes])}"
    else:
        yield f"another number of dimensions: {_names([one.name for one in shapes])}"


def _of_counts(expected: Expected, cured: Comparison, renamed: tuple[Renamed, ...]) -> Iterator[str]:
    """Lists of which the file has more or fewer blocks than the model."""
    ours = _numbers([*cured.filled, *cured.unexpected, *(one.name for one in cured.shape)])
    theirs = _numbers(list(expected.rows))
    for part, numbers in ours.items() if not renamed else ():
        other = theirs.get(part, set())
        if other and max(numbers) != max(other):
            yield f"`{part}` goes up to {max(numbers)} in the file, and to {max(other)} in the model"


def _numbers(names: list[str]) -> dict[str, set[int]]:
    """The numbers that stand behind the beginnings of names."""
    found: dict[str, set[int]] = {}
    for name in names:
        parts = name.split(".")
        for place, part in enumerate(parts):
            if place and part.isdecimal():
                found.setdefault(".".join(parts[:place]), set()).add(int(part))
    return found


def _of_ties(cured: Comparison) -> Iterator[str]:
    for name, other in list(cured.tied.items())[:_SHOWN]:
        yield (
            f"`{name}` is the same tensor as `{other}`, which the file has: it is filled all the same, with "
            "`strict=False` or `safetensors.torch.load_model`; a strict load says that it is missing"
        )


def _of_buffers(expected: Expected, cured: Comparison) -> Iterator[str]:
    if cured.not_saved:
        yield f"{_names(cured.not_saved)}: a buffer that the model does not save (`persistent=False`)"
    buffers = [name for name in cured.missing if all(row.is_buffer for row in expected.rows[name])]
    if buffers and cured.filled:
        yield f"{_names(buffers)}: a buffer that the file does not have, which stays as the constructor makes it"


def _names(names: list[str]) -> str:
    """Some names, folded."""
    patterns = [pattern for pattern, _ in fold(names, [0] * len(names))]
    shown = ", ".join(f"`{name}`" for name in patterns[:_SHOWN])
    return f"{shown} and {len(patterns) - _SHOWN} more" if len(patterns) > _SHOWN else shown
