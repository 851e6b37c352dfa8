"""From what was proved about a model's parameters to the text of a contract, stable in order and short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paramlint.live.declared.contract import Entry, lines, toml
from paramlint.live.declared.folding import INDEX, folded
from paramlint.verify.document.schema import Buffer, Parameter

HEADER = """\
# What the parameters of {target} are, as built by paramlint verify; `--contract` compares with it.
# What is not said here is not so: there are no other parameters, buffers, ties or frozen parameters.
complete = true
"""


def contract_text(target: str, parameters: Iterable[Parameter], buffers: Iterable[Buffer]) -> str:
    """A complete contract, with one entry for what is alike in repeated blocks, in the order of the model."""
    own = _entries("parameters", ((one.name, entry_of(one)) for one in parameters))
    more = list(_entries("buffers", ((one.name, entry_of_buffer(one)) for one in buffers)))
    return "\n".join([HEADER.format(target=target), *own, *(more or ["[buffers]\n"])])


def _entries(table: str, tensors: Iterable[tuple[str, Entry]]) -> Iterator[str]:
    groups: dict[tuple[str, Entry], list[str]] = {}
    for name, entry in tensors:
        groups.setdefault((INDEX.sub("*", name), entry), []).append(name)
    for (_, entry), names in groups.items():
        for pattern in folded(names):
            yield "\n".join([f"[{table}.{toml(pattern)}]", *lines(entry), ""])


def entry_of_buffer(buffer: Buffer) -> Entry:
    """All that is known of one buffer."""
    return Entry(
        shape=None if buffer.status == "lazy" else buffer.shape,
        dtype=buffer.dtype,
        init=buffer.law,
        persistent=None if buffer.persistent else False,
        tied=tied_patterns(buffer.name, buffer.tied_with) or None,
    )


def entry_of(parameter: Parameter) -> Entry:
    """All that is known of one parameter; a shape that is not known yet, and a law that no call names, are left out."""
    return Entry(
        shape=None if parameter.status == "lazy" else parameter.shape,
        dtype=parameter.dtype,
        init=parameter.exact_law or parameter.law,
        frozen=None if parameter.requires_grad else True,
        tied=tied_patterns(parameter.name, parameter.tied_with) or None,
    )


def tied_patterns(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """The other names of a parameter as patterns, with `*` for the numbers that are those of its own name."""
    own = INDEX.findall(name)
    return tuple(folded(_relative(other, own) for other in others))


def _relative(other: str, own: list[str]) -> str:
    """Another name with `*` for its first numbers, as long as they are the own ones: that is how `*` is filled in."""
    numbers = INDEX.findall(other)
    shared = next(
        (i for i, (a, b) in enumerate(zip(numbers, own, strict=False)) if a != b), min(len(numbers), len(own))
    )
    return INDEX.sub("*", other, count=shared) if shared else other
