"""One class, built twice from the same text: by Python with torch, and symbolically. Every claim must hold of both."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from paramlint.facts.files import File, Project
from paramlint.model.guard import ALWAYS
from paramlint.source.text import Source
from paramlint.symbolic import entry, registry
from paramlint.symbolic.interpreter import Frame, Interpreter
from paramlint.symbolic.program import ClassValue, Program
from paramlint.symbolic.tensors import known_shape
from paramlint.symbolic.values import Constant, TensorValue, text_of


@dataclass(frozen=True)
class Row:
    """What is said of one name.

    Attributes:
        kind: `parameter`, `buffer`, `passing` for a buffer that is not saved; empty where nothing is known.
        shape: the sizes as texts; None where they are not known.
        law: the function of `nn.init` that wrote the values last.
        identity: equal for names of the same tensor.
        line: where it is made.
        condition: under which it is there.
        why: what is not known of it.
        trains: `requires_grad`; None where it is not known.
    """

    name: str
    kind: str
    shape: tuple[str, ...] | None
    trains: bool | None
    law: str | None
    identity: int
    line: int = 0
    condition: str = ""
    why: str = ""

    @property
    def certain(self) -> bool:
        """Whether it claims one name that is there for sure."""
        return bool(self.kind) and not self.condition and "{" not in self.name


def symbolic(
    text: str, name: str, known: Mapping[str, object] | None = None, *, draft: bool = True, budget: int | None = None
) -> tuple[list[Row], Interpreter]:
    """The rows of a class, built from its text; with the defaults of all other arguments where some are given."""
    source = Source("code.py", text.encode())
    project = Project([], is_draft=draft)
    file = Program(project).file(File(source, project, draft=draft))
    run = Interpreter(file.program) if budget is None else Interpreter(file.program, budget)
    cls = file.definition(name)
    assert isinstance(cls, ClassValue), name
    model = entry.build_class(run, cls, known, defaults=known is not None)
    entry.finish(run)
    run.frames.append(Frame(None, file.module_place, None, ALWAYS))
    return [_row(run, below) for below in registry.below(run, model) if _is_row(below)], run


def _is_row(below: registry.Below) -> bool:
    return below.held is None or isinstance(below.held.value, TensorValue)


def _row(run: Interpreter, below: registry.Below) -> Row:
    condition = str(below.guard)
    if below.held is None:
        return Row(below.name, "", None, None, None, 0, 0, condition, below.why)
    tensor = below.held.value
    assert isinstance(tensor, TensorValue)
    shape = known_shape(run, tensor)
    flag = tensor.requires_grad
    kind: str = tensor.role
    if kind == "buffer" and below.held.holder.registered.get(below.held.name) == "buffer:passing":
        kind = "passing"
    write = tensor.storage.writes[-1] if tensor.storage.writes else None
    law = write.law if write is not None and write.get("initializer") else None
    unset = False if flag is None and kind != "parameter" else None
    trains = bool(flag.value) if isinstance(flag, Constant) else unset
    sizes = tuple(map(text_of, shape)) if shape is not None else None
    line = tensor.made.row if tensor.made is not None else 0
    return Row(below.name, kind, sizes, trains, law, tensor.number, line, condition)


# With torch


def live(text: str, name: str, arguments: Mapping[str, object], filename: str = "code.py") -> list[Row]:
    """The rows of a class that Python builds."""
    module = types.ModuleType("code_under_test")
    sys.modules[module.__name__] = module
    with recorded() as laws:
        exec(compile(text, filename, "exec"), module.__dict__)
        model = getattr(module, name)(**arguments)
    return rows_of(model, laws)


def rows_of(model: nn.Module, laws: Laws) -> list[Row]:
    """The parameters and buffers of a live model, each under each of its names."""
    rows: list[Row] = []
    for prefix, module in model.named_modules(remove_duplicate=False):
        before = f"{prefix}." if prefix else ""
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is None:
                continue
            kind = "parameter" if name in module._parameters else "buffer"
            if name in module._non_persistent_buffers_set:
                kind = "passing"
            shape = tuple(map(str, tensor.shape))
            law = laws[tensor.data_ptr()][0] if tensor.data_ptr() in laws else None
            rows.append(Row(before + name, kind, shape, tensor.requires_grad, law, id(tensor)))
    return rows


Laws = dict[int, tuple[str, torch.Tensor]]
"""Which function of `nn.init` was called last for a memory; the tensors are kept, so that no memory is used again."""


@contextmanager
def recorded() -> Iterator[Laws]:
    """Note the calls of `nn.init`, and copies of what they wrote."""
    laws: Laws = {}
    before = {name: f for name, f in vars(nn.init).items() if name.endswith("_") and not name.startswith("_")}
    depth = 0

    def observed(name: str, function: Any) -> Any:
        @functools.wraps(function)
        def call(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            nonlocal depth
            depth += 1
            try:
                return function(tensor, *args, **kwargs)
            finally:
                depth -= 1
                if depth == 0:
                    laws[tensor.data_ptr()] = name, tensor

        return call

    def copied(tensor: torch.Tensor, memo: dict[int, Any]) -> torch.Tensor:
        made = copy(tensor, memo)
        if tensor.data_ptr() in laws:
            laws[made.data_ptr()] = laws[tensor.data_ptr()][0], made
        return made

    copy = nn.Parameter.__deepcopy__
    nn.Parameter.__deepcopy__ = copied
    for name, function in before.items():
        setattr(nn.init, name, observed(name, function))
    try:
        yield laws
    finally:
        nn.Parameter.__deepcopy__ = copy
        for name, function in before.items():
            setattr(nn.init, name, function)


# Comparing


def disagreements(said: list[Row], real: list[Row], *, exact: bool = False) -> list[str]:
    """What is said and is not so; with `exact` also what is not said, or not for sure.

    Args:
        said: the symbolic rows.
        real: the live ones.
        exact: every name must be claimed, in torch's order, and nothing may be unknown.
    """
    found: list[str] = []
    by_name = {row.name: row for row in real}
    certain = [row for row in said if row.certain]
    for row in certain:
        known = by_name.get(row.name)
        if known is None:
            found.append(f"{row.name}: there is no such name")
            continue
        if row.kind != known.kind:
            found.append(f"{row.name}: is a {known.kind}, not a {row.kind}")
        numbers = tuple(size for size in row.shape or () if size.isdigit())
        if row.shape is not None and (len(numbers) < len(row.shape) if exact else False):
            found.append(f"{row.name}: its sizes are not numbers: {row.shape}")
        elif row.shape is not None and len(numbers) == len(row.shape) and row.shape != known.shape:
            found.append(f"{row.name}: has shape {known.shape}, not {row.shape}")
        if row.trains is not None and row.trains != known.trains:
            found.append(f"{row.name}: requires_grad is {known.trains}")
        if row.law != known.law and not (row.law is None and not exact):
            found.append(f"{row.name}: was written by {known.law}, not by {row.law}")
    found += _wrong_identities(certain, by_name)
    if exact:
        found += [f"{row.name}: not claimed for sure ({row.condition or row.why})" for row in said if not row.certain]
        found += [f"{row.name}: no shape" for row in certain if row.shape is None]
        found += [f"{row.name}: requires_grad is not known" for row in certain if row.trains is None]
        if not found and [row.name for row in said] != [row.name for row in real]:
            found.append(f"names: {[row.name for row in said]}, not {[row.name for row in real]}")
    else:
        found += [f"{row.name}: not said" for row in real if not any(covers(one, row.name) for one in said)]
    return found


def _wrong_identities(certain: list[Row], real: Mapping[str, Row]) -> list[str]:
    """Names that are said to be one tensor and are two, or are said to be two and are one."""
    found = []
    rows = [(row, real[row.name]) for row in certain if row.name in real]
    said: dict[int, Row] = {}
    there: dict[int, Row] = {}
    for row, known in rows:
        first, other = said.setdefault(row.identity, known), there.setdefault(known.identity, row)
        if first.identity != known.identity:
            found.append(f"{row.name}: is another tensor than {first.name}")
        if other.identity != row.identity:
            found.append(f"{row.name}: is the tensor of {other.name}")
    return found


def covers(said: Row, name: str) -> bool:
    """Whether a row, or its pattern, stands for a name."""
    if said.name == name:
        return True
    pattern, parts = said.name.split("."), name.split(".")
    if pattern[-1] == "**":
        if len(parts) < len(pattern) - 1:
            return False
        parts, pattern = parts[: len(pattern) - 1], pattern[:-1]
    return len(parts) == len(pattern) and all(_fits(p, q) for p, q in zip(pattern, parts, strict=True))


def _fits(pattern: str, part: str) -> bool:
    before, brace, rest = pattern.partition("{")
    if not brace:
        return pattern == part
    return part.startswith(before) and part.endswith(rest.rpartition("}")[2])
