"""Parts of a module that one of its functions initialises twice, and values that one of all layers replaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from torch import nn

from paramlint.live.laws.provenance import law_of_write
from paramlint.live.observe.writes import Line, Write
from paramlint.live.questions.sharing.shared_modules import CONTAINERS

if TYPE_CHECKING:
    from paramlint.live.tensor import LiveTensor

#: How many times wider or narrower values are that were chosen apart from those of an initialisation of all layers.
APART = 10.0


@dataclass(frozen=True)
class Repeat:
    """A part of a module that was initialised twice.

    Attributes:
        name: dotted, of the part.
        holder: the class of the module whose attribute it is.
        attribute: under which attribute.
        first, second: the lines of one function that led to the last two initialisations of a parameter in the part.
        never: names of parts of the same kind in the same module that the function does not initialise.
    """

    name: str
    holder: type
    attribute: str
    first: Line
    second: Line
    never: tuple[str, ...]


def repeated_parts(model: nn.Module, parameters: Iterable[LiveTensor]) -> list[Repeat]:
    """The parts that were initialised twice, each once, where there is one that was not."""
    found: dict[str, Repeat] = {}
    known = list(parameters)
    for parameter in known:
        lines = parameter.twice
        if lines is None or len({write.describe() for write in parameter.drawn[-2:]}) > 1:
            continue
        if parameter.drawn[-2].by_constructor:
            continue  # what a layer of torch draws for itself is drawn again
        for prefix, holder, attribute in _around(model, parameter.name):
            if _runs(holder, lines[0]):
                name = f"{prefix}{attribute}"
                never = tuple(_missed(holder, prefix, attribute, lines[1], known))
                if never and name not in found:
                    found[name] = Repeat(name, type(holder), attribute, *lines, never)
                break
    return list(found.values())


def _around(model: nn.Module, name: str) -> Iterator[tuple[str, nn.Module, str]]:
    """The modules around a parameter, the nearest first: with a dot after its name, and the attribute on the way."""
    parts = name.split(".")
    for length in range(len(parts) - 1, -1, -1):
        yield (
            "".join(f"{part}." for part in parts[:length]),
            model.get_submodule(".".join(parts[:length])),
            parts[length],
        )


def _runs(module: nn.Module, line: Line) -> bool:
    """Whether a line is in a method of the module."""
    code = getattr(getattr(type(module), line.function, None), "__code__", None)
    return code is not None and (code.co_filename, code.co_firstlineno) == (line.filename, line.start)


def _missed(holder: nn.Module, prefix: str, part: str, line: Line, parameters: list[LiveTensor]) -> Iterator[str]:
    """The parts of the same kind of which a function initialises nothing."""
    for other, module in holder._modules.items():
        if module is None or other == part or _kind(module) != _kind(holder._modules[part]):
            continue
        inside = [p for p in parameters if any(name.startswith(f"{prefix}{other}.") for name in p.names)]
        writes = [write for parameter in inside for write in parameter.writes]
        is_done = any(line in write.lines for write in writes)  # by the same line, which goes over both
        is_done = is_done or any(line.is_in_function_of(one) for w in writes if w.by_user for one in w.lines)
        if inside and not is_done:
            yield f"{prefix}{other}"


def _kind(module: nn.Module | None) -> tuple[type, frozenset[type]]:
    """Its class, and where that is a container, those of its elements."""
    children = module._modules.values() if isinstance(module, CONTAINERS) else ()
    return type(module), frozenset(map(type, children))


def special_values(parameters: Iterable[LiveTensor]) -> Iterator[tuple[LiveTensor, Write, Write]]:
    """Parameters whose own values, given at one place, an initialisation of several modules replaces.

    Only where the two differ so much that the first cannot have been meant as a default: a weight of zeros that is
    drawn, a bias with another constant, a std that is another by an order of magnitude.
    """
    known = list(parameters)
    owners: dict[tuple[Line, ...], set[int]] = {}
    names: dict[tuple[Line, ...], set[str]] = {}
    for parameter in known:
        for write in parameter.writes:
            owners.setdefault(write.lines, set()).add(id(parameter.module))
            names.setdefault(write.lines, set()).add(re.sub(r"\d+", "*", parameter.name))
    for parameter in known:
        whole = [mark for mark in parameter.marks if mark.whole and mark.region == parameter.marks[-1].region]
        if len(whole) < 2 or not parameter.is_final:
            continue
        first, last = next(
            ((a, b.write) for a, b in reversed([*pairwise(whole)]) if a.write.by_user), (whole[0], whole[-1].write)
        )
        is_of_user = first.write.by_user and last.lines and not last.by_constructor and last is whole[-1].write
        if not is_of_user or first.read or first.write.filename != last.filename:
            continue
        if len(names[first.write.lines]) > 1 or len(owners[last.lines]) <= len(owners[first.write.lines]):
            continue
        if first.write.lines[0] != last.lines[0] and _are_apart(parameter, first.write, last):
            yield parameter, first.write, last


def _are_apart(parameter: LiveTensor, first: Write, last: Write) -> bool:
    before, after = law_of_write(first, parameter.shape), law_of_write(last, parameter.shape)
    if before is None or after is None or before.std is None or after.std is None:
        return False
    if not after.std:
        usual = 1.0 if parameter.attribute == "weight" else 0.0
        return not before.std and before.mean not in (after.mean, usual) and len(parameter.shape) < 2
    if not before.std:
        return not before.mean and len(parameter.shape) > 1
    return not 1 / APART < after.std / before.std < APART
