"""What a child process does for `match --verify`: build the model, and let torch itself load the checkpoint.

Of the checkpoint only names and shapes are used, and tensors of these shapes that share one number stand in for it: the
file's own pickle is not run here either, and none of its values is read.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from paramlint.source.checkpoints.checkpoint_file import read_checkpoint
from paramlint.source.checkpoints.header import StateDict
from paramlint.verify.process.child import bind, one_line
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import Target, TargetError, literal, load


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """What a child process is told.

    Attributes:
        arguments: of the factory, by name, as source of Python literals.
        checkpoint: its absolute path.
        within: the keys that lead to the state dict.
    """

    target: Target
    arguments: dict[str, str]
    checkpoint: str
    within: tuple[str, ...]


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What torch said.

    Attributes:
        loads: whether `load_state_dict(state)` went through.
        said: the first line of its error; empty where there was none.
        missing, unexpected: names, of `load_state_dict(state, strict=False)`.
        shape: the name of each tensor with another shape, with that of the model.
    """

    loads: bool
    said: str = ""
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    shape: dict[str, tuple[int, ...]] = {}


def load_checkpoint(payload: bytes, enter: Callable[[Stage], None]) -> Loaded:
    """Load a checkpoint into the live model. What the user's code raises goes through."""
    job = msgspec.json.decode(payload, type=Loading)
    held = next(one for one in read_checkpoint(job.checkpoint).state_dicts if one.within == job.within)
    folder = os.getcwd()
    enter("import")
    factory: Any = load(job.target)
    if not callable(factory) or (hasattr(factory, "named_parameters") and not isinstance(factory, type)):
        raise TargetError(f"`{job.target.text}` is no class or function that builds a model")
    enter("construct")
    bind(factory, job.arguments)
    model: Any = factory(**{name: literal(value) for name, value in job.arguments.items()})
    if not hasattr(model, "load_state_dict"):
        raise TargetError(f"`{job.target.text}` returns a {type(model).__name__}, not a module")
    enter("analyze")
    os.chdir(folder)
    ours = {name: tuple(value.shape) for name, value in model.state_dict().items() if hasattr(value, "shape")}
    other = {name: ours[name] for name, shape in held.tensors.items() if name in ours and not _fits(shape, ours[name])}
    missing, unexpected = model.load_state_dict(_stand_ins(held, other), strict=False)
    try:
        model.load_state_dict(_stand_ins(held, ()))
    except Exception as error:  # torch's own, or that of the model's code
        said, loads = one_line(error), False
    else:
        said, loads = "", True
    missing = tuple(name for name in missing if name not in other)
    return Loaded(loads=loads, said=said, missing=missing, unexpected=tuple(unexpected), shape=other)


def _fits(shape: tuple[int, ...], model: tuple[int, ...]) -> bool:
    return shape == model or (not model and len(shape) == 1)


def _stand_ins(held: StateDict, without: Any) -> Any:
    import torch

    state: Any = OrderedDict((n, torch.zeros(()).expand(s)) for n, s in held.tensors.items() if n not in without)
    state.update((name, None) for name in held.others)
    if held.versions:
        state._metadata = OrderedDict((name, {"version": version}) for name, version in held.versions.items())
    return state
