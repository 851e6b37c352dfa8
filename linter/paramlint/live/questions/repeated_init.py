"""Parts of a module that one of its functions initialises twice, by the same call on two of its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from paramlint.live.observe.writes import Line
from paramlint.live.questions.sharing.shared_modules import CONTAINERS

if TYPE_CHECKING:
    from paramlint.live.tensor import LiveTensor


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
        writes = (write for parameter in inside for write in parameter.writes if write.by_user)
        if inside and not any(line.is_in_function_of(one) for write in writes for one in write.lines):
            yield f"{prefix}{other}"


def _kind(module: nn.Module | None) -> tuple[type, frozenset[type]]:
    """Its class, and where that is a container, those of its elements."""
    children = module._modules.values() if isinstance(module, CONTAINERS) else ()
    return type(module), frozenset(map(type, children))
